#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#define READ_SIZE 65536

static bool read_all(int descriptor, const char *path, struct buffer *buffer, struct error *err)
{
    char *chunk = malloc(READ_SIZE);
    if (chunk == NULL) {
        return error_no_memory(err);
    }
    bool ok = true;
    for (;;) {
        ssize_t got = read(descriptor, chunk, READ_SIZE);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            ok = error_set_errno(err, ERROR_USAGE, errno, "cannot read %s", path);
        }
        if (got <= 0) {
            break;
        }
        buffer_append(buffer, chunk, (size_t)got);
        if (buffer->failed) {
            ok = buffer_ok(buffer, path, err);
            if (buffer->too_long && err != NULL) {
                err->code = ERROR_USAGE; /* the file is the user's */
            }
            break;
        }
    }
    OPENSSL_cleanse(chunk, READ_SIZE); /* the file may hold keys */
    free(chunk);
    return ok;
}

bool file_read(const char *path, struct buffer *buffer, bool *ret_missing, struct error *err)
{
    if (ret_missing != NULL) {
        *ret_missing = false;
    }
    if (strcmp(path, "-") == 0) {
        return read_all(STDIN_FILENO, "standard input", buffer, err);
    }
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor < 0) {
        if (ret_missing != NULL) {
            *ret_missing = errno == ENOENT;
        }
        return error_set_errno(err, ERROR_USAGE, errno, "cannot open %s", path);
    }
    bool ok = read_all(descriptor, path, buffer, err);
    (void)close(descriptor); /* nothing was written */
    return ok;
}

static bool write_all(int descriptor, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(descriptor, bytes, length);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

bool file_replace(const char *path, const char *bytes, size_t length, struct error *err)
{
    return file_replace_mode(path, 0600, bytes, length, err);
}

bool file_replace_mode(const char *path, unsigned mode, const char *bytes, size_t length,
                       struct error *err)
{
    struct buffer temporary;
    buffer_init(&temporary, 8192);
    buffer_printf(&temporary, "%s.XXXXXX", path);
    if (!buffer_ok(&temporary, "the file name", err)) {
        buffer_free(&temporary);
        return false;
    }
    int descriptor = mkostemp(temporary.data, O_CLOEXEC);
    bool ok = descriptor >= 0;
    if (!ok) {
        error_set_errno(err, ERROR_USAGE, errno, "cannot create %s", temporary.data);
    } else {
        ok = write_all(descriptor, bytes, length) && fchmod(descriptor, (mode_t)mode) == 0 &&
             fsync(descriptor) == 0;
        int write_errno = errno;
        ok = close(descriptor) == 0 && ok;
        if (ok && rename(temporary.data, path) != 0) {
            write_errno = errno;
            ok = false;
        }
        if (!ok) {
            error_set_errno(err, ERROR_USAGE, write_errno, "cannot write %s", path);
            (void)unlink(temporary.data); /* best effort: the error is already reported */
        }
    }
    buffer_free(&temporary);
    return ok;
}
