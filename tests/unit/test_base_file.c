/* Whole files: the bound holds, a missing file is told apart, and a reader never sees half a file.
 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

static char directory[64];
static char path[96];

static int make_directory(void **state)
{
    (void)state;
    (void)strcpy(directory, "/tmp/hbrsync-file-XXXXXX");
    if (mkdtemp(directory) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof(path), "%s/file", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(directory); /* fails when a temporary file was left behind */
}

static void write_file(const char *bytes, size_t length)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void assert_content(const char *bytes, size_t length)
{
    struct buffer buffer;
    struct error err;
    buffer_init(&buffer, 1000000);
    assert_true(file_read(path, &buffer, NULL, &err));
    assert_int_equal(buffer.length, length);
    assert_memory_equal(buffer.data, bytes, length);
    buffer_free(&buffer);
}

static void test_read(void **state)
{
    (void)state;
    static char large[200000];
    for (size_t i = 0; i < sizeof(large); i++) {
        large[i] = (char)(i * 7 % 251);
    }
    write_file(large, sizeof(large));
    assert_content(large, sizeof(large));
    write_file("a\0b\n", 4);
    assert_content("a\0b\n", 4);
    write_file("", 0);
    assert_content("", 0);
}

static void test_read_appends(void **state)
{
    (void)state;
    struct buffer buffer;
    struct error err;
    bool missing = true;
    write_file("cd", 2);
    buffer_init(&buffer, 4);
    buffer_puts(&buffer, "ab");
    assert_true(file_read(path, &buffer, &missing, &err));
    assert_false(missing);
    assert_string_equal(buffer.data, "abcd");
    buffer_free(&buffer);
}

static void test_read_bound(void **state)
{
    (void)state;
    struct buffer buffer;
    struct error err;
    bool missing = true;
    write_file("12345", 5);
    buffer_init(&buffer, 4);
    assert_false(file_read(path, &buffer, &missing, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_non_null(strstr(err.message, path));
    assert_non_null(strstr(err.message, "longer than 4 bytes"));
    assert_false(missing);
    buffer_free(&buffer);
    buffer_init(&buffer, 5);
    assert_true(file_read(path, &buffer, &missing, &err));
    buffer_free(&buffer);
}

static void test_read_failures(void **state)
{
    (void)state;
    struct buffer buffer;
    struct error err;
    bool missing = false;
    buffer_init(&buffer, 100);
    assert_false(file_read("/nonexistent/file", &buffer, &missing, &err));
    assert_true(missing);
    assert_int_equal(err.code, ERROR_USAGE);
    assert_string_equal(err.message, "cannot open /nonexistent/file: No such file or directory");
    assert_false(file_read(directory, &buffer, &missing, &err));
    assert_false(missing);
    assert_int_equal(err.code, ERROR_USAGE);
    assert_non_null(strstr(err.message, directory));
    assert_non_null(strstr(err.message, "Is a directory"));
    assert_false(file_read("/nonexistent/file", &buffer, NULL, &err));
    buffer_free(&buffer);
}

static void test_read_standard_input(void **state)
{
    (void)state;
    struct buffer buffer;
    struct error err;
    write_file("from stdin", 10);
    int saved = dup(STDIN_FILENO);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(dup2(file, STDIN_FILENO), STDIN_FILENO);
    buffer_init(&buffer, 100);
    bool ok = file_read("-", &buffer, NULL, &err);
    (void)dup2(saved, STDIN_FILENO);
    (void)close(saved);
    (void)close(file);
    assert_true(ok);
    assert_string_equal(buffer.data, "from stdin");
    buffer_free(&buffer);
}

static size_t count_files(void)
{
    size_t count = 0;
    DIR *listing = opendir(directory);
    assert_non_null(listing);
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        count += entry->d_name[0] != '.' ? 1 : 0;
    }
    (void)closedir(listing);
    return count;
}

static void test_replace(void **state)
{
    (void)state;
    struct error err;
    struct stat status;
    static char large[300000];
    memset(large, 'L', sizeof(large));
    assert_true(file_replace(path, 0600, "new\0file", 8, &err));
    assert_content("new\0file", 8);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_true(file_replace(path, 0600, large, sizeof(large), &err));
    assert_content(large, sizeof(large));
    assert_true(file_replace(path, 0600, "", 0, &err));
    assert_content("", 0);
    assert_int_equal(count_files(), 1);
}

/* Who has the old file open keeps reading the old text. */
static void test_replace_is_by_rename(void **state)
{
    (void)state;
    struct error err;
    char text[16] = "";
    write_file("old text", 8);
    int reader = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(reader >= 0);
    assert_true(file_replace(path, 0600, "NEW", 3, &err));
    assert_int_equal(read(reader, text, sizeof(text) - 1), 8);
    assert_string_equal(text, "old text");
    (void)close(reader);
    assert_content("NEW", 3);
}

static void test_replace_failures(void **state)
{
    (void)state;
    struct error err;
    char below[128];
    assert_false(file_replace("/nonexistent/file", 0600, "x", 1, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_non_null(strstr(err.message, "/nonexistent/file"));
    assert_non_null(strstr(err.message, "No such file or directory"));
    /* A directory is not replaced by a file, and nothing is left beside it. */
    (void)snprintf(below, sizeof(below), "%s/sub", directory);
    assert_int_equal(mkdir(below, 0700), 0);
    size_t before = count_files();
    assert_false(file_replace(below, 0600, "x", 1, &err));
    assert_non_null(strstr(err.message, below));
    assert_int_equal(count_files(), before);
    assert_int_equal(rmdir(below), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_read_appends),
        cmocka_unit_test(test_read_bound),
        cmocka_unit_test(test_read_failures),
        cmocka_unit_test(test_read_standard_input),
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_replace_is_by_rename),
        cmocka_unit_test(test_replace_failures),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
