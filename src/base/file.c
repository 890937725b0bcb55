#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/interrupt.h"
#include "base/safe_file.h"

#define READ_SIZE 65536
#define PIPE_WAIT_MS 10000 /* for what a small file that is a pipe may take */
#define NAMES_MAX 100      /* of temporary files */

/* read() of which a signal ends the wait, whenever it came; what is there is read all the same. -1
 * with errno: EINTR for a signal, ETIMEDOUT. A pipe without a writer is waited for. */
static ssize_t read_some(int descriptor, char *bytes, size_t size, int timeout_ms)
{
    for (;;) {
        struct pollfd wait[] = {{.fd = descriptor, .events = POLLIN},
                                {.fd = interrupt_descriptor(), .events = POLLIN}};
        int ready = poll(wait, 2, timeout_ms);
        bool is_there = ready > 0 && wait[0].revents != 0;
        if (!is_there && (interrupt_signal() != 0 || ready == 0)) {
            errno = ready == 0 ? ETIMEDOUT : EINTR;
            return -1;
        }
        ssize_t got = is_there ? read(descriptor, bytes, size) : -1;
        if (got >= 0 || (errno != EINTR && errno != EAGAIN)) {
            return got;
        }
    }
}

static bool read_all(int descriptor, const char *path, struct buffer *buffer, struct error *err)
{
    char *chunk = malloc(READ_SIZE);
    if (chunk == NULL) {
        return error_no_memory(err);
    }
    bool ok = true;
    for (;;) {
        ssize_t got = read_some(descriptor, chunk, READ_SIZE, PIPE_WAIT_MS);
        if (got < 0) {
            int why = errno;
            ok = interrupt_check(err) &&
                 error_set_errno(err, ERROR_USAGE, why, "cannot read %s", path);
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

static int open_to_read(const char *path, struct error *err)
{
    int descriptor = strcmp(path, "-") == 0
                         ? STDIN_FILENO
                         : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor < 0) {
        int why = errno;
        error_set_errno(err, ERROR_USAGE, why, "cannot open %s", path);
        errno = why;
    }
    return descriptor;
}

bool file_read(const char *path, struct buffer *buffer, bool *ret_missing, struct error *err)
{
    bool is_input = strcmp(path, "-") == 0;
    int descriptor = open_to_read(path, err);
    if (ret_missing != NULL) {
        *ret_missing = descriptor < 0 && errno == ENOENT;
    }
    bool ok =
        descriptor >= 0 && read_all(descriptor, is_input ? "standard input" : path, buffer, err);
    if (descriptor >= 0 && !is_input) {
        (void)close(descriptor); /* nothing was written */
    }
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

/* A new file beside the place, under a name of its own. */
static int create_beside(const struct safe_place *place, char name[NAME_MAX + 1])
{
    int descriptor = -1;
    for (unsigned i = 0; i < NAMES_MAX; i++) {
        (void)snprintf(name, NAME_MAX + 1, ".%.200s.%ld-%u", place->name, (long)getpid(), i);
        descriptor =
            openat(place->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (descriptor >= 0 || errno != EEXIST) {
            break;
        }
    }
    return descriptor;
}

bool file_replace(const char *path, unsigned mode, const char *bytes, size_t length,
                  struct error *err)
{
    struct safe_place place;
    char name[NAME_MAX + 1];
    struct stat there;
    bool ok = safe_place_find(path, false, &place, err);
    if (ok && fstatat(place.folder, place.name, &there, 0) == 0 && !S_ISREG(there.st_mode)) {
        ok = error_set(err, ERROR_USAGE, "%s is no regular file", path); /* such as /dev/null */
    }
    if (!ok) {
        safe_place_close(&place);
        return false;
    }
    int descriptor = create_beside(&place, name);
    if (descriptor < 0) {
        error_set_errno(err, ERROR_USAGE, errno, "cannot create a file beside %s", path);
        safe_place_close(&place);
        return false;
    }
    ok = write_all(descriptor, bytes, length) && fchmod(descriptor, (mode_t)mode) == 0 &&
         fsync(descriptor) == 0;
    int why = errno;
    ok = close(descriptor) == 0 && ok;
    if (ok && renameat(place.folder, name, place.folder, place.name) != 0) {
        why = errno;
        ok = false;
    }
    if (!ok) {
        error_set_errno(err, ERROR_USAGE, why, "cannot write %s", path);
        (void)unlinkat(place.folder, name, 0); /* best effort: the error is reported already */
    }
    safe_place_close(&place);
    return ok;
}

/* --- streams ------------------------------------------------------------------------------- */

/* The cookie is the descriptor itself. */
static ssize_t read_stream(void *cookie, char *bytes, size_t size)
{
    return read_some((int)(intptr_t)cookie, bytes, size, -1);
}

static int close_stream(void *cookie)
{
    int descriptor = (int)(intptr_t)cookie;
    return descriptor == STDIN_FILENO ? 0 : close(descriptor);
}

FILE *file_open_stream(const char *path, struct error *err)
{
    static const cookie_io_functions_t functions = {.read = read_stream, .close = close_stream};
    int descriptor = open_to_read(path, err);
    if (descriptor < 0) {
        return NULL;
    }
    void *cookie = (void *)(intptr_t)descriptor;
    FILE *file = fopencookie(cookie, "r", functions);
    if (file == NULL) {
        (void)close_stream(cookie);
        error_no_memory(err);
        return NULL;
    }
    (void)setvbuf(file, NULL, _IOFBF, READ_SIZE); /* only faster */
    return file;
}
