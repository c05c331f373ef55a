#include "core/peer.h"

#include "base/cleanup.h"

#include <errno.h>
#include <grp.h>
#include <sys/socket.h>

#define PEER_GROUPS_MAX 1024

static bool is_operator(int socket, gid_t primary)
{
    const struct group *group = getgrnam(PEER_OPERATOR_GROUP);
    if (!group)
        return false;
    if (primary == group->gr_gid)
        return true;
    gid_t groups[PEER_GROUPS_MAX];
    socklen_t size = sizeof(groups);
    if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
        return false; /* more groups than we care to look at: no role */
    for (size_t i = 0; i < size / sizeof(gid_t); i++)
        if (groups[i] == group->gr_gid)
            return true;
    return false;
}

int peer_identify(int socket, struct peer *ret_peer)
{
    struct ucred credentials;
    socklen_t size = sizeof(credentials);
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
        return -errno;
    enum module_role role = ROLE_ANYONE;
    if (credentials.uid == 0)
        role = ROLE_ADMINISTRATOR;
    else if (is_operator(socket, credentials.gid))
        role = ROLE_OPERATOR;
    *ret_peer = (struct peer){.uid = credentials.uid, .pid = credentials.pid, .role = role};
    return 0;
}
