/* The access keys the service knows, and the nonces it has seen. */
#ifndef SIMULATOR_KEYS_H
#define SIMULATOR_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct key {
    char *id;
    char *secret;
    char *token; /* NULL for a long-lived key */
    char *account_id;
    int64_t expires_at; /* on the world clock; 0: never */
    bool inactive;
};

/* What to make a key of. */
struct key_order {
    const char *id;
    const char *secret;
    const char *token; /* NULL: none */
    const char *account_id;
    int64_t expires_at;
    bool inactive;
};

struct key_ring {
    struct key *keys;
    size_t count;
};

/* Adds a key, replacing the one of the same id. */
void key_ring_put(struct key_ring *ring, const struct key_order *order);

/* Forgets a key; false when it was not there. */
bool key_ring_remove(struct key_ring *ring, const char *id);

/* The key of that id, or NULL. Valid until the ring changes. */
const struct key *key_ring_find(const struct key_ring *ring, const char *id);

/* Whether any key carries that STS token. */
bool key_ring_knows_token(const struct key_ring *ring, const char *token);

void key_ring_release(struct key_ring *ring);

/* Remembers the last million or so nonces: two tables, the older one dropped when the newer one is
 * full. */
struct nonce_set {
    uint64_t *recent;
    uint64_t *older;
    size_t recent_count;
};

/* Records a nonce; false when it was seen before. */
bool nonce_set_add(struct nonce_set *set, const char *nonce);

void nonce_set_release(struct nonce_set *set);

#endif
