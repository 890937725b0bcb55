/* Loaded before the program: every file system says that it is NFS, for tests of what is done
 * there. */
#define _GNU_SOURCE
#include <linux/magic.h>
#include <stddef.h>
#include <string.h>
#include <sys/vfs.h>

int statfs(const char *path, struct statfs *status)
{
    (void)path;
    memset(status, 0, sizeof(*status));
    status->f_type = NFS_SUPER_MAGIC;
    return 0;
}
