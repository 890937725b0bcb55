/* The command line. */
#ifndef SIMULATOR_OPTIONS_H
#define SIMULATOR_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "keys.h"
#include "world.h"

struct options {
    uint16_t port;
    uint16_t https_port;
    const char *tls_dir;
    const char *ready_file;
    bool die_with_parent;
    size_t keep_rendered; /* bytes */
    struct world_options world;
    struct key_ring keys; /* of --key; the account is filled in */
};

/* Reads the command line; ends the program on --help (0) and on mistakes (2). */
void options_parse(struct options *options, int argc, char **argv);

void options_release(struct options *options);

#endif
