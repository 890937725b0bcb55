/*
 * Files that are written where somebody else may be at work, too. One rule for all of them: the
 * folder is found part by part and held by a descriptor, nobody else can change what lies in it (or
 * it is sticky, as /tmp is), and what is opened in it is a regular file of this user with one name.
 * So neither a link nor a pipe nor a file that somebody puts there in time is written to.
 */
#ifndef HBRSYNC_BASE_SAFE_FILE_H
#define HBRSYNC_BASE_SAFE_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/error.h"

#define SAFE_PATH_MAX 8192 /* bytes of a path */

/* A file's folder and its name there; the file need not exist. */
struct safe_place {
    int folder;       /* O_PATH descriptor */
    char *path;       /* absolute, without links */
    const char *name; /* the last part of it */
};

enum safe_kind {
    SAFE_REGULAR,
    SAFE_STREAM /* or a pipe that somebody reads, or a character device */
};

/* Of the whole program: folders and files may belong to others, and others may write to the
 * folders. Links and pipes are refused all the same. */
extern bool safe_file_shared;

/*
 * Finds the folder of `path`, and with `follow` the file that a link at its end leads to. Refuses
 * folders that others can write to, for root also those of ordinary users, and links that somebody
 * put into a sticky folder. ERROR_USAGE. Free with safe_place_close, also after a failure.
 */
bool safe_place_find(const char *path, bool follow, struct safe_place *ret_place,
                     struct error *err) MUST_CHECK;
/* The same, following, for a file that is only read: whoever owns folders and links. */
bool safe_place_hold(const char *path, struct safe_place *ret_place, struct error *err) MUST_CHECK;
void safe_place_close(struct safe_place *place);

/* Opens the name and `suffix` in the folder (new files: 0600), -1 with ERROR_USAGE when it cannot
 * be opened or is not what the rule asks for. */
int safe_open(const struct safe_place *place, const char *suffix, int flags, enum safe_kind kind,
              struct error *err) MUST_CHECK;

/* The rule for the name and `suffix` without opening it; what is not there is fine. */
bool safe_check(const struct safe_place *place, const char *suffix, struct error *err) MUST_CHECK;

/* What is wrong with such a file, NULL when nothing is. */
const char *safe_objection(const struct stat *status);

#endif
