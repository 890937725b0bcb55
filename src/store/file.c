/* The database as a file: what it is before anything touches it, how it is created, where it lies.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "store/internal.h"

/* Of the database header: https://www.sqlite.org/fileformat.html section 1.3. */
#define HEADER_SIZE 100
#define WRITE_VERSION_OFFSET 18
#define WRITE_VERSION_WAL 2
#define CHANGE_COUNTER_OFFSET 24
#define USER_VERSION_OFFSET 60
#define APPLICATION_ID_OFFSET 68

struct identity {
    int64_t application_id;
    int64_t version;
    int64_t objects; /* tables and so on; 0, too, where the rest tells enough */
};

static bool judge(const char *path, const struct identity *identity, int newest, bool *ret_ours,
                  struct error *err)
{
    *ret_ours = identity->application_id == STORE_APPLICATION_ID;
    if (*ret_ours && identity->version > newest) {
        error_set(err, ERROR_DATABASE,
                  "%s was written by a newer hbrsync (schema %lld, this one knows %d); it was not "
                  "changed",
                  path, (long long)identity->version, newest);
        return error_hint(err, "Use that newer version, or name another file with --db.");
    }
    if (!*ret_ours &&
        (identity->application_id != 0 || identity->version != 0 || identity->objects > 0)) {
        error_set(err, ERROR_DATABASE, "%s is a database of another program; it was not changed",
                  path);
        return error_hint(err, "Name another file with --db.");
    }
    return true;
}

static bool read_identity(sqlite3 *db, struct identity *ret_identity)
{
    return store_query_integer_on(db, "PRAGMA application_id", &ret_identity->application_id) &&
           store_query_integer_on(db, "PRAGMA user_version", &ret_identity->version) &&
           (ret_identity->application_id != 0 ||
            store_query_integer_on(db, "SELECT count(*) FROM sqlite_master",
                                   &ret_identity->objects));
}

static int64_t big_endian(const unsigned char bytes[4])
{
    uint32_t value = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
                     (uint32_t)bytes[3];
    return (int32_t)value;
}

int64_t store_file_size(const char *path, const char *suffix)
{
    char name[PATH_MAX + 16]; /* SQLite opens no longer ones */
    struct stat status;
    int length = snprintf(name, sizeof(name), "%s%s", path, suffix);
    bool there = length < (int)sizeof(name) && stat(name, &status) == 0;
    return there ? (int64_t)status.st_size : 0;
}

/*
 * "immutable" makes SQLite read the file alone: no locks, no journal, no WAL, nothing created.
 * Reading it with our own open and close would drop the POSIX locks of any other connection of this
 * process.
 */
static void append_immutable_uri(struct buffer *uri, const char *path)
{
    buffer_puts(uri, "file:");
    for (const char *byte = path; *byte != '\0'; byte++) {
        if (*byte == '?' || *byte == '#' || *byte == '%') {
            buffer_printf(uri, "%%%02X", (unsigned)(unsigned char)*byte);
        } else {
            buffer_putc(uri, *byte);
        }
    }
    buffer_puts(uri, "?immutable=1");
}

/* *ret_whole: there is a whole header, and it is that of a database. */
static bool read_header(const char *path, unsigned char header[HEADER_SIZE], bool *ret_whole,
                        struct error *err)
{
    *ret_whole = false;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) {
        return error_set_errno(err, ERROR_DATABASE, errno, "cannot open the database %s", path);
    }
    ssize_t got = pread(descriptor, header, HEADER_SIZE, 0);
    (void)close(descriptor); /* it was only read */
    *ret_whole = got == HEADER_SIZE && memcmp(header, "SQLite format 3", 16) == 0;
    return true;
}

/*
 * The identity in the header of a file whose content is partly in its WAL or journal: SQLite,
 * reading the file alone, may rightly find it malformed. No connection of this process has the file
 * open yet, so no lock is dropped by the close.
 */
static bool read_unsettled(const char *path, struct identity *ret_identity, struct error *err)
{
    unsigned char header[HEADER_SIZE];
    bool whole = false;
    if (!read_header(path, header, &whole, err)) {
        return false;
    }
    if (!whole) {
        error_set(err, ERROR_DATABASE, "%s is not a database", path);
        return error_hint(err, "Name another file with --db.");
    }
    ret_identity->version = big_endian(header + USER_VERSION_OFFSET);
    ret_identity->application_id = big_endian(header + APPLICATION_ID_OFFSET);
    return true;
}

static bool read_settled(const char *path, struct identity *ret_identity, struct error *err)
{
    struct buffer uri;
    sqlite3 *db = NULL;
    buffer_init(&uri, 16384);
    append_immutable_uri(&uri, path);
    bool done = buffer_ok(&uri, "the path of the database", err);
    if (done) {
        done = (store_connect(uri.data, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, &db) == SQLITE_OK &&
                read_identity(db, ret_identity)) ||
               store_error_on(db, path, err, "open the database");
        (void)sqlite3_close(db);
    }
    buffer_free(&uri);
    return done;
}

bool store_file_identify(const char *path, int newest, enum store_file_kind *ret_kind,
                         struct error *err)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        if (errno != ENOENT) {
            return error_set_errno(err, ERROR_DATABASE, errno, "cannot open the database %s", path);
        }
        if (lstat(path, &status) == 0) {
            error_set(err, ERROR_DATABASE, "the database %s is a link that leads nowhere", path);
            return error_hint(err, "Name the file itself with --db, or repair the link.");
        }
        *ret_kind = STORE_FILE_ABSENT;
        return true;
    }
    if (!S_ISREG(status.st_mode)) {
        error_set(err, ERROR_DATABASE, "%s is %s, not a database file", path,
                  S_ISDIR(status.st_mode) ? "a folder" : "no ordinary file");
        return error_hint(err, "Name a file with --db.");
    }
    if (status.st_size == 0) {
        *ret_kind = STORE_FILE_EMPTY;
        return true;
    }
    struct identity identity = {0};
    bool ours = false;
    bool settled = store_file_size(path, "-journal") == 0 && store_file_size(path, "-wal") == 0;
    if (!(settled ? read_settled : read_unsettled)(path, &identity, err) ||
        !judge(path, &identity, newest, &ours, err)) {
        return false;
    }
    *ret_kind = ours ? STORE_FILE_OURS : STORE_FILE_EMPTY;
    return true;
}

/* VACUUM INTO makes a file in one transaction and without a WAL. A writer sets the WAL mode, or,
 * where that cannot be, commits more than once. */
bool store_file_was_written(const char *path, bool *ret_written, struct error *err)
{
    unsigned char header[HEADER_SIZE];
    struct stat status;
    bool whole = false;
    *ret_written = false;
    if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode)) {
        return true; /* not there, or no file that SQLite would open */
    }
    if (!read_header(path, header, &whole, err)) {
        return false;
    }
    *ret_written = whole && (header[WRITE_VERSION_OFFSET] == WRITE_VERSION_WAL ||
                             (uint32_t)big_endian(header + CHANGE_COUNTER_OFFSET) > 1);
    return true;
}

bool store_check_identity(struct store *store, struct error *err)
{
    struct identity identity = {0};
    bool ours = false;
    if (!read_identity(store->db, &identity)) {
        return store_error(store, err, "read the database");
    }
    if (!judge(store->path, &identity, store->newest, &ours, err)) {
        return false;
    }
    store->version = ours ? (int)identity.version : 0;
    return true;
}

/* --- creation and place -------------------------------------------------------------------- */

/* Of the database, and of what SQLite and the lock keep beside it. */
static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", ".lock"};
#define SUFFIXES (sizeof(suffixes) / sizeof(suffixes[0]))

bool store_file_place(const char *path, struct safe_place *ret_place, struct error *err)
{
    bool done = safe_place_find(path, true, ret_place, err);
    for (size_t i = 0; done && i < SUFFIXES; i++) {
        done = safe_check(ret_place, suffixes[i], err);
    }
    if (!done && err->code == ERROR_USAGE) {
        err->code = ERROR_DATABASE;
    }
    return done;
}

static bool is_same_file(const char *left, const char *right)
{
    struct stat one, other;
    return strcmp(left, right) == 0 || (stat(left, &one) == 0 && stat(right, &other) == 0 &&
                                        one.st_dev == other.st_dev && one.st_ino == other.st_ino);
}

bool store_owns_file(const char *database, const char *path, bool *ret_owns, struct error *err)
{
    struct safe_place own = {.folder = -1};
    struct safe_place other = {.folder = -1};
    struct error problem;
    *ret_owns = false;
    bool found =
        safe_place_hold(database, &own, &problem) && safe_place_hold(path, &other, &problem);
    for (size_t i = 0; found && !*ret_owns && i < SUFFIXES; i++) {
        char name[SAFE_PATH_MAX + sizeof("-journal")];
        (void)snprintf(name, sizeof(name), "%s%s", own.path, suffixes[i]);
        *ret_owns = is_same_file(name, other.path);
    }
    safe_place_close(&own);
    safe_place_close(&other);
    /* What cannot be found cannot be opened either. */
    if (!found && problem.code != ERROR_USAGE && err != NULL) {
        *err = problem;
    }
    return found || problem.code == ERROR_USAGE;
}

bool store_file_create(const struct safe_place *place, struct error *err)
{
    int descriptor = safe_open(place, "", O_RDWR | O_CREAT | O_EXCL, SAFE_REGULAR, err);
    if (descriptor < 0) {
        err->code = ERROR_DATABASE;
        error_context(err, "cannot create the database");
        return error_hint(err, "The folder must exist and be writable.");
    }
    bool done = true;
    if (fchmod(descriptor, 0600) != 0) { /* whatever the umask; SQLite's side files inherit it */
        done =
            error_set_errno(err, ERROR_DATABASE, errno, "cannot set the mode of %s", place->path);
    }
    (void)close(descriptor);
    return done;
}

/* WAL needs memory shared by all who use the database. A network file system or a folder shared
 * into a virtual machine cannot give it. Numbers: linux/magic.h, and `stat -f` of GNU coreutils. */
bool store_file_is_remote(const char *path)
{
    /* nfs, smb, afs, coda, ncp, 9p; fuse (also virtiofs and vmhgfs-fuse), vmhgfs, vboxsf, prl_fs;
     * cifs, smb2, kafs, ceph, gpfs, lustre; beegfs, panfs, snfs, acfs, ocfs2, gfs2 */
    static const uint32_t remote[] = {
        NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, AFS_SUPER_MAGIC, CODA_SUPER_MAGIC, NCP_SUPER_MAGIC,
        V9FS_MAGIC,      0x65735546,      0xbacbacbc,      0x786f4256,       0x7c7c6673,
        0xff534d42,      0xfe534d42,      0x6b414653,      0x00c36400,       0x47504653,
        0x0bd00bd0,      0x19830326,      0xaad7aaea,      0xbeefdead,       0x61636673,
        0x7461636f,      0x01161970,
    };
    struct statfs status;
    if (statfs(path, &status) != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof remote / sizeof remote[0]; i++) {
        if ((uint32_t)status.f_type == remote[i]) {
            return true;
        }
    }
    return false;
}
