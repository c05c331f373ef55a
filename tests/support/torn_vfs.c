#include "torn_vfs.h"

#include "random_source.h"

#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILES_MAX 64
#define SECTOR    512

/* One unflushed write, in the order they came. */
struct torn_write {
    struct torn_write *next;
    int64_t offset, size;
    bool at_device;
    uint8_t bytes[];
};

/* What the disk holds of one file for certain, and what came since. */
struct torn_disk {
    char path[PATH_MAX];
    ino_t inode;
    uint8_t *durable;
    int64_t size, capacity;
    struct torn_write *first, *last;
    int64_t length; /* of the file as everybody sees it */
};

struct torn_file {
    sqlite3_file base;
    struct torn_disk *disk; /* NULL: of no interest (temporary) */
    sqlite3_file *real;
};

static struct {
    sqlite3_vfs vfs, *real;
    struct torn_disk disks[FILES_MAX];
    unsigned count;
    int64_t operations, cut_at;
    bool cut, full;
    const char *lie;
} torn;

/* --- the disk ---------------------------------------------------------------------------------------------------------- */

static void disk_grow(struct torn_disk *disk, int64_t size)
{
    if (size > disk->capacity) {
        int64_t capacity = size * 2;
        disk->durable = realloc(disk->durable, (size_t)capacity);
        if (!disk->durable)
            abort();
        memset(disk->durable + disk->capacity, 0, (size_t)(capacity - disk->capacity));
        disk->capacity = capacity;
    }
    if (size > disk->size)
        disk->size = size;
}

static void write_drop_first(struct torn_disk *disk)
{
    struct torn_write *write = disk->first;
    disk->first = write->next;
    if (!disk->first)
        disk->last = NULL;
    free(write);
}

/* What is at the device becomes durable; it is always the front of the list. */
static void disk_flush(struct torn_disk *disk)
{
    while (disk->first && disk->first->at_device) {
        struct torn_write *write = disk->first;
        disk_grow(disk, write->offset + write->size);
        memcpy(disk->durable + write->offset, write->bytes, (size_t)write->size);
        write_drop_first(disk);
    }
}

static void disk_push(struct torn_disk *disk)
{
    for (struct torn_write *write = disk->first; write; write = write->next)
        write->at_device = true;
}

static void disk_sync(struct torn_disk *disk)
{
    if (torn.lie && strstr(disk->path, torn.lie))
        return;
    disk_push(disk);
    for (unsigned i = 0; i < torn.count; i++)
        disk_flush(&torn.disks[i]);
}

static void disk_forget(struct torn_disk *disk)
{
    while (disk->first)
        write_drop_first(disk);
    free(disk->durable);
    *disk = (struct torn_disk){0};
}

static void disk_load(struct torn_disk *disk, const char *path, const struct stat *status)
{
    disk_forget(disk);
    snprintf(disk->path, sizeof(disk->path), "%s", path);
    disk->inode = status->st_ino;
    disk->length = status->st_size;
    disk_grow(disk, status->st_size);
    FILE *stream = fopen(path, "re");
    if (!stream || (status->st_size > 0 &&
                       fread(disk->durable, 1, (size_t)status->st_size, stream) != (size_t)status->st_size))
        abort();
    fclose(stream);
}

static struct torn_disk *disk_find(const char *path)
{
    struct stat status;
    struct torn_disk *disk = NULL;
    if (stat(path, &status) < 0)
        return NULL;
    for (unsigned i = 0; i < torn.count; i++)
        if (strcmp(torn.disks[i].path, path) == 0)
            disk = &torn.disks[i];
    if (disk && disk->inode == status.st_ino)
        return disk;
    if (!disk) {
        if (torn.count == FILES_MAX)
            abort();
        disk = &torn.disks[torn.count++];
    }
    disk_load(disk, path, &status);
    return disk;
}

static void disk_write(struct torn_disk *disk, const void *bytes, int64_t size, int64_t offset)
{
    struct torn_write *write = malloc(sizeof(*write) + (size_t)size);
    if (!write)
        abort();
    *write = (struct torn_write){.offset = offset, .size = size};
    memcpy(write->bytes, bytes, (size_t)size);
    if (disk->last)
        disk->last->next = write;
    else
        disk->first = write;
    disk->last = write;
    if (offset + size > disk->length)
        disk->length = offset + size;
}

/* --- what survives ----------------------------------------------------------------------------------------------------- */

enum survival { SURVIVES_NOTHING, SURVIVES_ALL, SURVIVES_BY_CHANCE, SURVIVES_IN_ORDER, SURVIVAL_COUNT };

/* Applies the part of a write that lies in one sector; less of it when torn. Returns whether there was any. */
static bool sector_apply(
    struct torn_disk *disk, const struct torn_write *write, int64_t sector, uint64_t *torn_seed)
{
    int64_t begin = write->offset > sector ? write->offset : sector;
    int64_t end = write->offset + write->size;
    if (end > sector + SECTOR)
        end = sector + SECTOR;
    if (begin >= end)
        return false;
    if (torn_seed)
        end = begin + (int64_t)(random_next(torn_seed) % (uint64_t)(end - begin));
    if (end > begin) {
        disk_grow(disk, end);
        memcpy(disk->durable + begin, write->bytes + (begin - write->offset), (size_t)(end - begin));
    }
    return true;
}

/* How many of the writes to this sector arrived, and whether the next one did in part. */
static void sector_settle(struct torn_disk *disk, int64_t sector, enum survival how, uint64_t *seed)
{
    unsigned count = 0;
    for (const struct torn_write *write = disk->first; write; write = write->next)
        count += write->offset < sector + SECTOR && write->offset + write->size > sector;
    if (count == 0)
        return;
    unsigned arrived = how == SURVIVES_ALL ? count : (unsigned)(random_next(seed) % (count + 1));
    bool in_part = how == SURVIVES_BY_CHANCE && random_next(seed) % 4 == 0;
    for (const struct torn_write *write = disk->first; write; write = write->next) {
        if (arrived > 0)
            arrived -= sector_apply(disk, write, sector, NULL);
        else if (in_part)
            in_part = !sector_apply(disk, write, sector, seed);
    }
}

/* Whole writes from the front on, the last one in part. */
static void order_settle(struct torn_disk *disk, uint64_t *seed)
{
    unsigned count = 0;
    for (const struct torn_write *write = disk->first; write; write = write->next)
        count++;
    unsigned arrived = (unsigned)(random_next(seed) % (count + 1));
    for (struct torn_write *write = disk->first; write && arrived > 0; write = write->next, arrived--) {
        int64_t size =
            arrived == 1 ? (int64_t)(random_next(seed) % (uint64_t)(write->size + 1)) : write->size;
        disk_grow(disk, write->offset + size);
        memcpy(disk->durable + write->offset, write->bytes, (size_t)size);
    }
}

static void disk_settle(struct torn_disk *disk, uint64_t *seed)
{
    enum survival how = (enum survival)(random_next(seed) % SURVIVAL_COUNT);
    if (how == SURVIVES_IN_ORDER)
        order_settle(disk, seed);
    else if (how != SURVIVES_NOTHING)
        for (int64_t sector = 0; sector < disk->length; sector += SECTOR)
            sector_settle(disk, sector, how, seed);
    /* Blocks may be the file's already though nothing was written to them: zeros. */
    if (how == SURVIVES_BY_CHANCE && disk->length > disk->size && random_next(seed) % 2)
        disk_grow(disk, disk->length);
    FILE *stream = fopen(disk->path, "r+e");
    if (!stream) /* deleted since */
        return;
    if ((disk->size > 0 && fwrite(disk->durable, 1, (size_t)disk->size, stream) != (size_t)disk->size) ||
        fflush(stream) != 0 || ftruncate(fileno(stream), disk->size) < 0 || fclose(stream) != 0)
        abort();
}

void torn_vfs_cut(void)
{
    torn.cut = true;
}

/* True: the power is off, or fails at this operation. */
static bool operation(void)
{
    if (!torn.cut && torn.operations++ >= torn.cut_at)
        torn_vfs_cut();
    return torn.cut;
}

/* --- the VFS ------------------------------------------------------------------------------------------------------------- */

static struct torn_file *torn_of(sqlite3_file *file)
{
    return (struct torn_file *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return torn_of(file)->real;
}

static int file_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *buffer, int size, sqlite3_int64 offset)
{
    return torn.cut ? SQLITE_IOERR_READ : real_of(file)->pMethods->xRead(real_of(file), buffer, size, offset);
}

static int file_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    struct torn_disk *disk = torn_of(file)->disk;
    bool was_on = !torn.cut;
    if (torn.full && offset + size > disk->length)
        return SQLITE_FULL;
    if (operation()) {
        if (was_on) /* on its way when the power failed */
            disk_write(disk, bytes, size, offset);
        return SQLITE_IOERR_WRITE;
    }
    disk_write(disk, bytes, size, offset);
    return real_of(file)->pMethods->xWrite(real_of(file), bytes, size, offset);
}

/* SQLite shortens a file only where its content no longer counts: done at once. */
static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct torn_disk *disk = torn_of(file)->disk;
    if (operation())
        return SQLITE_IOERR_TRUNCATE;
    int code = real_of(file)->pMethods->xTruncate(real_of(file), size);
    if (code == SQLITE_OK) {
        disk_push(disk);
        disk_flush(disk);
        disk_grow(disk, size);
        memset(disk->durable + size, 0, (size_t)(disk->capacity - size));
        disk->size = disk->length = size;
    }
    return code;
}

static int file_sync(sqlite3_file *file, int flags)
{
    if (operation())
        return SQLITE_IOERR_FSYNC;
    disk_sync(torn_of(file)->disk);
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    return torn.cut ? SQLITE_IOERR_FSTAT : real_of(file)->pMethods->xFileSize(real_of(file), ret_size);
}

static int file_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_reserved(sqlite3_file *file, int *ret_held)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret_held);
}

static int file_control(sqlite3_file *file, int operation_code, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), operation_code, argument);
}

static int file_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

/* Version 1: no shared memory, no mapping; the store uses neither. */
static const sqlite3_io_methods METHODS = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
    struct torn_file *own = torn_of(file);
    own->base.pMethods = NULL;
    if (torn.cut)
        return SQLITE_CANTOPEN;
    own->real = (sqlite3_file *)(own + 1);
    int code = torn.real->xOpen(torn.real, name, own->real, flags, ret_flags);
    if (code != SQLITE_OK)
        return code;
    own->disk = name ? disk_find(name) : NULL;
    own->base.pMethods = own->disk ? &METHODS : NULL;
    if (!own->disk)
        abort(); /* a temporary file: the store keeps those in memory */
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    if (operation())
        return SQLITE_IOERR_DELETE;
    for (unsigned i = 0; i < torn.count; i++)
        if (strcmp(torn.disks[i].path, name) == 0)
            disk_forget(&torn.disks[i]); /* its inode may come back as another file's */
    return torn.real->xDelete(torn.real, name, sync_directory);
}

void torn_vfs_install(void)
{
    torn.real = sqlite3_vfs_find(NULL);
    torn.vfs = *torn.real;
    torn.vfs.zName = "torn";
    torn.vfs.szOsFile = (int)sizeof(struct torn_file) + torn.real->szOsFile;
    torn.vfs.pNext = NULL;
    torn.vfs.xOpen = vfs_open;
    torn.vfs.xDelete = vfs_delete;
    torn_vfs_begin(TORN_NEVER);
    sqlite3_vfs_register(&torn.vfs, 1);
}

void torn_vfs_remove(void)
{
    torn_vfs_begin(TORN_NEVER);
    sqlite3_vfs_unregister(&torn.vfs);
    sqlite3_vfs_register(torn.real, 1);
    torn.real = NULL;
}

void torn_vfs_begin(int64_t cut_at)
{
    for (unsigned i = 0; i < torn.count; i++)
        disk_forget(&torn.disks[i]);
    torn.count = 0;
    torn.operations = 0;
    torn.cut_at = cut_at;
    torn.cut = torn.full = false;
}

bool torn_vfs_is_cut(void)
{
    return torn.cut;
}

int64_t torn_vfs_operations(void)
{
    return torn.operations;
}

void torn_vfs_settle(uint64_t seed)
{
    torn_vfs_cut();
    for (unsigned i = 0; i < torn.count; i++)
        disk_settle(&torn.disks[i], &seed);
}

void torn_vfs_fill(bool full)
{
    torn.full = full;
}

void torn_vfs_lie(const char *part)
{
    torn.lie = part;
}

/* --- the store's own system calls on SQLite's files ---------------------------------------------------------------------- */

static struct torn_disk *disk_of(int fd)
{
    struct stat status;
    for (unsigned i = 0; torn.real && i < torn.count && fstat(fd, &status) == 0; i++)
        if (torn.disks[i].inode == status.st_ino)
            return &torn.disks[i];
    return NULL;
}

int sync_file_range(int fd, off_t offset, off_t count, unsigned flags)
{
    struct torn_disk *disk = disk_of(fd);
    if (!disk)
        return (int)syscall(SYS_sync_file_range, fd, offset, count, flags);
    if (!(flags & SYNC_FILE_RANGE_WAIT_AFTER))
        return 0; /* begun; nothing is sure of it yet */
    if (operation())
        return -1;
    disk_push(disk);
    return 0;
}

int fdatasync(int fd)
{
    struct torn_disk *disk = disk_of(fd);
    if (!disk)
        return (int)syscall(SYS_fdatasync, fd);
    if (operation())
        return -1;
    disk_sync(disk);
    return 0;
}
