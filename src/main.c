/* hbrsync: restore jobs of Alibaba Cloud Backup in a local SQLite database. */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
