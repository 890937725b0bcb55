/* Which files are the database's own, so that no output goes to one of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "store/internal.h"

#define PATH_MAX_BYTES 8192

/* Appends the absolute name, links resolved, also of a file that is not there yet in a folder that
 * is. What cannot be found cannot be opened either, and stays as it is. */
static bool append_full_path(struct buffer *full, const char *path, struct error *err)
{
    const char *name = "";
    char *real = realpath(path, NULL);
    if (real == NULL && errno == ENOENT) {
        const char *slash = strrchr(path, '/');
        name = slash != NULL ? slash + 1 : path;
        char *folder =
            slash == NULL ? text_copy(".") : text_copy_length(path, (size_t)(slash - path) + 1);
        if (folder == NULL) {
            return error_no_memory(err);
        }
        real = realpath(folder, NULL);
        free(folder);
    }
    if (real == NULL && errno == ENOMEM) {
        return error_no_memory(err);
    }
    if (real == NULL) {
        buffer_puts(full, path);
    } else {
        buffer_printf(full, "%s%s%s", real, name[0] == '\0' || real[1] == '\0' ? "" : "/", name);
    }
    free(real);
    return buffer_ok(full, "the name of a file", err);
}

static bool is_same_file(const char *left, const char *right)
{
    struct stat one, other;
    return strcmp(left, right) == 0 || (stat(left, &one) == 0 && stat(right, &other) == 0 &&
                                        one.st_dev == other.st_dev && one.st_ino == other.st_ino);
}

static bool compare(struct buffer *own, const char *path, bool *ret_owns, struct error *err)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", ".lock"};
    size_t length = own->length;
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]) && !*ret_owns; i++) {
        own->length = length;
        buffer_puts(own, suffixes[i]);
        if (!buffer_ok(own, "the name of a file", err)) {
            return false;
        }
        *ret_owns = is_same_file(own->data, path);
    }
    return true;
}

bool store_owns_file(const char *database, const char *path, bool *ret_owns, struct error *err)
{
    struct buffer own, full;
    buffer_init(&own, PATH_MAX_BYTES);
    buffer_init(&full, PATH_MAX_BYTES);
    *ret_owns = false;
    bool ok = append_full_path(&own, database, err) && append_full_path(&full, path, err) &&
              compare(&own, full.data, ret_owns, err);
    buffer_free(&own);
    buffer_free(&full);
    return ok;
}
