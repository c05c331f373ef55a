/* Small files read and written whole, and what stands in their place refused. */
#include "base/cleanup.h"
#include "base/file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

struct place {
    char path[64];
    int directory;
};

static int make_place(void **state)
{
    static struct place place;
    strcpy(place.path, "/tmp/sekisho-file-XXXXXX");
    if (!mkdtemp(place.path))
        return -1;
    place.directory = open(place.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = &place;
    return place.directory < 0 ? -1 : 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;
    char command[128];
    close(place->directory);
    snprintf(command, sizeof(command), "rm -rf %s", place->path);
    return system(command) == 0 ? 0 : -1;
}

static void write_plain(int directory, const char *name, const char *bytes, size_t size)
{
    cleanup_fd_ int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
}

static void test_file_reads_whole_up_to_its_limit(void **state)
{
    const struct place *place = *state;
    char *bytes, large[20000];
    size_t size;
    memset(large, 'x', sizeof(large));
    write_plain(place->directory, "large", large, sizeof(large));
    assert_int_equal(file_read(place->directory, "large", sizeof(large), &bytes, &size), 0);
    assert_int_equal(size, sizeof(large));
    assert_memory_equal(bytes, large, size);
    assert_int_equal(bytes[size], '\0');
    free(bytes);
    bytes = NULL;
    assert_int_equal(file_read(place->directory, "large", sizeof(large) - 1, &bytes, &size), -EFBIG);
    assert_null(bytes);
    write_plain(place->directory, "empty", "", 0);
    assert_int_equal(file_read(place->directory, "empty", 0, &bytes, &size), 0);
    assert_int_equal(size, 0);
    assert_string_equal(bytes, "");
    free(bytes);
}

/* What says it has no size (proc, pipes) is read to its end too. */
static void test_file_reads_what_has_no_size(void **state)
{
    char *bytes, sent[9000];
    size_t size;
    int ends[2];
    assert_int_equal(file_read(AT_FDCWD, "/proc/self/status", 65536, &bytes, &size), 0);
    assert_true(size > 100);
    free(bytes);
    memset(sent, 'p', sizeof(sent));
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(write(ends[1], sent, sizeof(sent)), sizeof(sent));
    close(ends[1]);
    assert_int_equal(file_read_fd(ends[0], 9000, &bytes, &size), 0);
    assert_int_equal(size, 9000);
    free(bytes);
    close(ends[0]);
}

static void test_file_refuses_what_is_no_regular_file(void **state)
{
    const struct place *place = *state;
    char *bytes = NULL;
    size_t size;
    write_plain(place->directory, "real", "x", 1);
    assert_int_equal(symlinkat("real", place->directory, "link"), 0);
    assert_int_equal(mkdirat(place->directory, "folder", 0755), 0);
    assert_int_equal(mkfifoat(place->directory, "fifo", 0644), 0);
    assert_int_equal(file_read(place->directory, "link", 10, &bytes, &size), -ELOOP);
    assert_int_equal(file_read(place->directory, "folder", 10, &bytes, &size), -EISDIR);
    alarm(5); /* a FIFO nobody writes must not hang us */
    assert_int_equal(file_read(place->directory, "fifo", 10, &bytes, &size), -EINVAL);
    alarm(0);
    assert_int_equal(file_read(place->directory, "none", 10, &bytes, &size), -ENOENT);
    assert_null(bytes);
}

static void assert_content(int directory, const char *name, const char *text, mode_t mode)
{
    char *bytes;
    size_t size;
    struct stat status;
    assert_int_equal(file_read(directory, name, 4096, &bytes, &size), 0);
    assert_string_equal(bytes, text);
    assert_int_equal(fstatat(directory, name, &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, mode);
    free(bytes);
}

static void test_file_write_replaces_as_a_whole(void **state)
{
    const struct place *place = *state;
    mode_t before = umask(077);
    char path[128];
    assert_int_equal(file_write_atomic(place->directory, "store", "one", 3, 0644), 0);
    assert_content(place->directory, "store", "one", 0644);
    assert_int_equal(file_write_atomic(place->directory, "store", "", 0, 0600), 0);
    assert_content(place->directory, "store", "", 0600);
    /* What a crash left behind does not stand in the way. */
    write_plain(place->directory, "store.tmp", "half", 4);
    struct iovec parts[] = {{(void *)"tw", 2}, {(void *)"", 0}, {(void *)"o", 1}};
    assert_int_equal(file_write_atomic_parts(place->directory, "store", parts, 3, 0600), 0);
    assert_content(place->directory, "store", "two", 0600);
    snprintf(path, sizeof(path), "%s/by-path", place->path);
    assert_int_equal(file_write_atomic(AT_FDCWD, path, "x", 1, 0600), 0);
    assert_content(place->directory, "by-path", "x", 0600);
    umask(before);
}

/* The name.tmp of somebody else's making (a link out of the folder) is removed, not written through. */
static void test_file_write_does_not_follow_a_planted_link(void **state)
{
    const struct place *place = *state;
    write_plain(place->directory, "victim", "safe", 4);
    assert_int_equal(symlinkat("victim", place->directory, "store.tmp"), 0);
    assert_int_equal(file_write_atomic(place->directory, "store", "new", 3, 0600), 0);
    assert_content(place->directory, "victim", "safe", 0644);
    assert_content(place->directory, "store", "new", 0600);
}

/* A write that fails (here at the file size limit) leaves the old file and no litter. */
static void test_file_write_that_fails_keeps_the_old(void **state)
{
    const struct place *place = *state;
    struct rlimit unlimited, small;
    static char large[65536];
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(file_write_atomic(place->directory, "store", "old", 3, 0600), 0);
    getrlimit(RLIMIT_FSIZE, &unlimited);
    small = (struct rlimit){4096, unlimited.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    int error = file_write_atomic(place->directory, "store", large, sizeof(large), 0600);
    setrlimit(RLIMIT_FSIZE, &unlimited);
    assert_int_equal(error, -EFBIG);
    assert_content(place->directory, "store", "old", 0600);
    assert_int_equal(faccessat(place->directory, "store.tmp", F_OK, AT_SYMLINK_NOFOLLOW), -1);
    assert_int_equal(mkdirat(place->directory, "folder", 0755), 0);
    assert_true(file_write_atomic(place->directory, "folder", "x", 1, 0600) < 0);
    assert_int_equal(faccessat(place->directory, "folder.tmp", F_OK, AT_SYMLINK_NOFOLLOW), -1);
    assert_int_equal(file_write_atomic(place->directory, "missing/store", "x", 1, 0600), -ENOENT);
}

static void test_file_poke_never_creates_or_truncates(void **state)
{
    const struct place *place = *state;
    assert_int_equal(file_poke(place->directory, "none", "1"), -ENOENT);
    assert_int_equal(faccessat(place->directory, "none", F_OK, 0), -1);
    write_plain(place->directory, "attribute", "0123", 4);
    assert_int_equal(file_poke(place->directory, "attribute", "9"), 0);
    assert_content(place->directory, "attribute", "9123", 0644);
    assert_int_equal(symlinkat("attribute", place->directory, "link"), 0);
    assert_int_equal(file_poke(place->directory, "link", "9"), -ELOOP);
}

static void test_file_peek_gives_the_first_line(void **state)
{
    const struct place *place = *state;
    char text[8];
    write_plain(place->directory, "line", "one\ntwo\n", 8);
    write_plain(place->directory, "nul", "ab\0cd", 5);
    write_plain(place->directory, "long", "0123456789", 10);
    write_plain(place->directory, "empty", "", 0);
    assert_int_equal(file_peek(place->directory, "line", text, sizeof(text)), 3);
    assert_string_equal(text, "one");
    assert_int_equal(file_peek(place->directory, "nul", text, sizeof(text)), 2);
    assert_int_equal(file_peek(place->directory, "long", text, sizeof(text)), 7);
    assert_string_equal(text, "0123456");
    assert_int_equal(file_peek(place->directory, "empty", text, sizeof(text)), 0);
    assert_string_equal(text, "");
    assert_int_equal(file_peek(place->directory, "none", text, sizeof(text)), -ENOENT);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        TEST(test_file_reads_whole_up_to_its_limit),
        TEST(test_file_reads_what_has_no_size),
        TEST(test_file_refuses_what_is_no_regular_file),
        TEST(test_file_write_replaces_as_a_whole),
        TEST(test_file_write_does_not_follow_a_planted_link),
        TEST(test_file_write_that_fails_keeps_the_old),
        TEST(test_file_poke_never_creates_or_truncates),
        TEST(test_file_peek_gives_the_first_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
