/* Who is at the other end of a local socket. */
#ifndef SEKISHO_CORE_PEER_H
#define SEKISHO_CORE_PEER_H

#include "contract/module.h"

#include <sys/types.h>

struct peer {
    uid_t uid;
    pid_t pid;
    enum module_role role;
};

#define PEER_OPERATOR_GROUP "sekisho-operator"

/* From SO_PEERCRED and SO_PEERGROUPS: uid 0 is the administrator, members of sekisho-operator are operators. 0 or negative errno. */
int peer_identify(int socket, struct peer *ret_peer);

#endif
