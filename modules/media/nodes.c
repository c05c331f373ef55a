#include "media/nodes.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define NODES_FOLDER "run/sekisho/nodes"
#define NODE_NAME    16 /* "002-005" and a NUL, with room for large numbers */
#define PRUNE_MAX    1024

static void name_node(const struct facts *facts, char name[static NODE_NAME])
{
    snprintf(name, NODE_NAME, "%03lu-%03u", strtoul(facts->name, NULL, 10) % 1000, facts->devnum % 1000);
}

static void path_node(const struct facts *facts, char path[static sizeof(NODES_FOLDER) + NODE_NAME])
{
    char name[NODE_NAME];
    name_node(facts, name);
    snprintf(path, sizeof(NODES_FOLDER) + NODE_NAME, NODES_FOLDER "/%s", name);
}

int nodes_give(int root, int device, const struct facts *facts, const char *group)
{
    char path[sizeof(NODES_FOLDER) + NODE_NAME], line[sizeof("SEKISHO_GROUP=\n") + ALLOW_GROUP_MAX];
    path_node(facts, path);
    int length = snprintf(line, sizeof(line), "SEKISHO_GROUP=%s\n", group);
    int r = file_write_atomic(root, path, line, (size_t)length, 0644);
    return r < 0 ? r : file_poke(device, "uevent", "change");
}

void nodes_take(int root, int device, const struct facts *facts)
{
    char path[sizeof(NODES_FOLDER) + NODE_NAME];
    path_node(facts, path);
    if (unlinkat(root, path, 0) == 0 && device >= 0)
        (void)file_poke(device, "uevent", "change");
}

static bool is_wanted(const struct inventory *inventory, const char *name)
{
    for (unsigned i = 0; i < inventory->count; i++) {
        char node[NODE_NAME];
        name_node(inventory->entries[i]->facts, node);
        if (inventory->entries[i]->group[0] && strcmp(node, name) == 0)
            return true;
    }
    return false;
}

void nodes_prune(int root, const struct inventory *inventory)
{
    cleanup_(directory_close) DIR *directory = NULL;
    int fd = openat(root, NODES_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    directory = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    for (unsigned seen = 0; directory && seen < PRUNE_MAX && (entry = readdir(directory)); seen++) {
        if (entry->d_name[0] != '.' && !is_wanted(inventory, entry->d_name))
            (void)unlinkat(dirfd(directory), entry->d_name, 0);
    }
}
