/* The rule for files that are written: which folders pass, and what is never opened. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/safe_file.h"

#define OTHER 65534

static char folder[64];
static char path[128];

static int make_folder(void **state)
{
    (void)state;
    (void)strcpy(folder, "/tmp/hbrsync-safe-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof(path), "%s/file", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    safe_file_shared = false;
    char command[128];
    (void)snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

static const char *in_folder(const char *name)
{
    static char names[4][128];
    static unsigned next;
    char *text = names[next++ % 4];
    (void)snprintf(text, sizeof(names[0]), "%s/%s", folder, name);
    return text;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "we");
    assert_non_null(file);
    (void)fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static bool found(const char *name, bool follow, struct error *err)
{
    struct safe_place place;
    error_clear(err);
    bool ok = safe_place_find(name, follow, &place, err);
    assert_true(ok || err->code == ERROR_USAGE);
    safe_place_close(&place);
    return ok;
}

static bool opened(const char *name, const char *suffix, enum safe_kind kind, struct error *err)
{
    struct safe_place place;
    error_clear(err);
    assert_true(safe_place_find(name, false, &place, err));
    int descriptor = safe_open(&place, suffix, O_WRONLY | O_CREAT, kind, err);
    assert_true(descriptor >= 0 || (err->code == ERROR_USAGE && err->hint[0] != '\0'));
    /* What may not be opened for writing is told apart without opening it, too. */
    struct error other;
    if (kind == SAFE_REGULAR) {
        assert_int_equal(safe_check(&place, suffix, &other), descriptor >= 0);
    }
    safe_place_close(&place);
    return descriptor >= 0 && close(descriptor) == 0;
}

static void assert_says(const struct error *err, const char *text)
{
    if (strstr(err->message, text) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", text, err->message);
    }
}

static void test_places(void **state)
{
    (void)state;
    struct error err;
    struct safe_place place;
    char *real = realpath(folder, NULL);
    char *old = getcwd(NULL, 0);
    char wanted[192];
    assert_non_null(real);
    (void)snprintf(wanted, sizeof(wanted), "%s/file", real);
    assert_int_equal(mkdir(in_folder("below"), 0700), 0);
    assert_int_equal(chdir(folder), 0);
    const char *const names[] = {path, "file", "./file", "below/../file", "below//.././file"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!safe_place_find(names[i], true, &place, &err)) {
            fail_msg("%s: %s", names[i], err.message);
        }
        assert_string_equal(place.path, wanted);
        assert_string_equal(place.name, "file");
        safe_place_close(&place);
    }
    assert_true(safe_place_find("/../../none", true, &place, &err));
    assert_string_equal(place.path, "/none");
    safe_place_close(&place);
    static const char *const bad[] = {"", ".", "..", "below/", "below/..", "/", "no/file"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(found(bad[i], true, &err));
    }
    assert_int_equal(chdir(old), 0);
    free(old);
    free(real);
}

static void test_links(void **state)
{
    (void)state;
    struct error err;
    struct safe_place place;
    assert_int_equal(mkdir(in_folder("real"), 0700), 0);
    assert_int_equal(symlink("real", in_folder("link")), 0);
    assert_int_equal(symlink("link/file", in_folder("to-file")), 0);
    assert_int_equal(symlink("loop", in_folder("loop")), 0);
    assert_true(safe_place_find(in_folder("to-file"), true, &place, &err));
    assert_string_equal(place.path + strlen(place.path) - strlen("/real/file"), "/real/file");
    assert_int_equal(close(openat(place.folder, "file", O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(access(in_folder("real/file"), F_OK), 0);
    safe_place_close(&place);
    assert_true(safe_place_find(in_folder("to-file"), false, &place, &err));
    assert_string_equal(place.name, "to-file");
    safe_place_close(&place);
    assert_false(found(in_folder("loop"), true, &err));
    assert_false(found(in_folder("loop/file"), true, &err));
    assert_false(opened(in_folder("to-file"), "", SAFE_REGULAR, &err));
    assert_says(&err, "is a symbolic link");
}

static void test_folders_of_others(void **state)
{
    (void)state;
    struct error err;
    static const struct {
        mode_t mode;
        bool passes;
    } cases[] = {{0700, true},  {0755, true},  {0777, false},
                 {01777, true}, {0702, false}, {0770, true}, /* the group is its user's own */
                 {01770, true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(chmod(folder, cases[i].mode), 0);
        assert_int_equal(found(path, true, &err), cases[i].passes);
        if (!cases[i].passes) {
            assert_says(&err, "can be written to by others");
            assert_non_null(strstr(err.hint, "--allow-shared-folder"));
        }
    }
    /* Not only the last folder counts. */
    assert_int_equal(mkdir(in_folder("below"), 0700), 0);
    assert_int_equal(chmod(folder, 0777), 0);
    assert_false(found(in_folder("below/file"), true, &err));
    safe_file_shared = true;
    assert_true(found(in_folder("below/file"), true, &err));
    safe_file_shared = false;
    assert_int_equal(chmod(folder, 0700), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(in_folder("below"), OTHER, OTHER), 0);
        assert_false(found(in_folder("below/file"), true, &err));
        assert_says(&err, "belongs to another user");
        assert_int_equal(chown(in_folder("below"), 0, OTHER), 0);
        assert_int_equal(chmod(in_folder("below"), 0770), 0);
        assert_false(found(in_folder("below/file"), true, &err));
        assert_says(&err, "can be written to by others");
    }
}

static void test_what_is_in_the_way(void **state)
{
    (void)state;
    struct error err;
    write_file(in_folder("theirs"), "precious");
    assert_true(opened(path, "-new", SAFE_REGULAR, &err));
    assert_int_equal(link(in_folder("theirs"), in_folder("file-hard")), 0);
    assert_int_equal(symlink("theirs", in_folder("file-soft")), 0);
    assert_int_equal(mkfifo(in_folder("file-pipe"), 0600), 0);
    assert_int_equal(mkdir(in_folder("file-folder"), 0700), 0);
    static const char *const suffixes[] = {"-hard", "-soft", "-pipe", "-folder"};
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        assert_false(opened(path, suffixes[i], SAFE_REGULAR, &err));
        safe_file_shared = true; /* makes no difference to these */
        assert_false(opened(path, suffixes[i], SAFE_REGULAR, &err));
        safe_file_shared = false;
    }
    assert_false(opened(path, "-hard", SAFE_STREAM, &err));
    assert_false(opened(path, "-soft", SAFE_STREAM, &err));
    assert_true(opened("/dev/null", "", SAFE_STREAM, &err));
    assert_false(opened("/dev/null", "", SAFE_REGULAR, &err));
    int reader = open(in_folder("file-pipe"), O_RDONLY | O_NONBLOCK);
    assert_true(opened(path, "-pipe", SAFE_STREAM, &err));
    (void)close(reader);
    if (geteuid() == 0) {
        write_file(in_folder("file-other"), "");
        assert_int_equal(chown(in_folder("file-other"), OTHER, OTHER), 0);
        assert_false(opened(path, "-other", SAFE_REGULAR, &err));
        assert_says(&err, "belongs to another user");
        safe_file_shared = true; /* that is about folders */
        assert_false(opened(path, "-other", SAFE_REGULAR, &err));
        assert_false(opened(path, "-other", SAFE_STREAM, &err));
    }
}

/* Somebody's link in a sticky folder is not followed; he may not choose where root writes. */
static void test_links_in_sticky_folders(void **state)
{
    (void)state;
    struct error err;
    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(chmod(folder, 01777), 0);
    assert_int_equal(mkdir(in_folder("target"), 0700), 0);
    assert_int_equal(symlink("target", in_folder("link")), 0);
    assert_true(found(in_folder("link/file"), true, &err));
    assert_int_equal(lchown(in_folder("link"), OTHER, OTHER), 0);
    assert_false(found(in_folder("link/file"), true, &err));
    assert_says(&err, "link of another user");
    assert_int_equal(chown(folder, OTHER, OTHER), 0);
    safe_file_shared = true;
    assert_false(found(in_folder("link/file"), true, &err));
    assert_says(&err, "link of another user");
    assert_true(found(in_folder("target/file"), true, &err));
}

/* A file that is replaced is never the link's target, and the folder must be safe. */
static void test_replace(void **state)
{
    (void)state;
    struct error err;
    char text[16] = "";
    write_file(in_folder("theirs"), "precious");
    assert_int_equal(symlink("theirs", path), 0);
    assert_true(file_replace(path, 0600, "new", 3, &err));
    int reader = open(in_folder("theirs"), O_RDONLY);
    assert_int_equal(read(reader, text, sizeof(text) - 1), 8);
    (void)close(reader);
    assert_string_equal(text, "precious");
    /* A pipe stays, and so would /dev/null. */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(file_replace(path, 0600, "new", 3, &err));
    assert_says(&err, "is no regular file");
    assert_int_equal(chmod(folder, 0777), 0);
    assert_false(file_replace(path, 0600, "more", 4, &err));
    assert_says(&err, "can be written to by others");
}

/* A pipe without a writer ends neither at once nor never. */
static void test_reading_a_pipe(void **state)
{
    (void)state;
    struct error err;
    char line[32];
    assert_int_equal(mkfifo(path, 0600), 0);
    pid_t child = fork();
    if (child == 0) {
        int writer = open(path, O_WRONLY); /* waits for the reader */
        (void)usleep(50000);
        _exit(writer >= 0 && write(writer, "late\n", 5) == 5 ? 0 : 1);
    }
    FILE *file = file_open_stream(path, &err);
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    assert_string_equal(line, "late\n");
    assert_null(fgets(line, sizeof(line), file));
    assert_int_equal(ferror(file), 0);
    assert_int_equal(fclose(file), 0);
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_null(file_open_stream(in_folder("none"), &err));
    assert_int_equal(err.code, ERROR_USAGE);
}

/* A signal ends a wait, whenever it came; what is there can still be read. Returns what failed. */
static int read_after_a_signal(void)
{
    struct error err;
    struct buffer text;
    buffer_init(&text, 100);
    if (!interrupt_install(&err) || raise(SIGTERM) != 0) {
        return 1;
    }
    if (!file_read(in_folder("plain"), &text, NULL, &err) || strcmp(text.data, "old") != 0) {
        return 2;
    }
    if (file_read(path, &text, NULL, &err) || err.code != ERROR_INTERRUPTED) {
        return 3;
    }
    FILE *file = file_open_stream(path, &err);
    bool waited = file == NULL || getc(file) != EOF || ferror(file) == 0;
    if (file != NULL) {
        (void)fclose(file);
    }
    buffer_free(&text);
    return waited ? 4 : 0;
}

static void test_after_a_signal(void **state)
{
    (void)state;
    write_file(in_folder("plain"), "old");
    assert_int_equal(mkfifo(path, 0600), 0);
    pid_t child = fork();
    if (child == 0) {
        _exit(read_after_a_signal());
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(test_places),
        TEST(test_links),
        TEST(test_folders_of_others),
        TEST(test_what_is_in_the_way),
        TEST(test_links_in_sticky_folders),
        TEST(test_replace),
        TEST(test_reading_a_pipe),
        TEST(test_after_a_signal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
