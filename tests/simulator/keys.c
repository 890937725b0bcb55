#include "keys.h"

#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "memory.h"

static void key_release(struct key *key)
{
    free(key->id);
    free(key->secret);
    free(key->token);
    free(key->account_id);
}

void key_ring_put(struct key_ring *ring, const struct key_order *order)
{
    struct key key = {.id = must_copy(order->id),
                      .secret = must_copy(order->secret),
                      .token = must_copy(order->token),
                      .account_id = must_copy(order->account_id),
                      .expires_at = order->expires_at,
                      .inactive = order->inactive};
    key_ring_remove(ring, key.id);
    ring->keys = must_resize(ring->keys, ring->count + 1, sizeof *ring->keys);
    ring->keys[ring->count++] = key;
}

bool key_ring_remove(struct key_ring *ring, const char *id)
{
    for (size_t i = 0; i < ring->count; i++) {
        if (strcmp(ring->keys[i].id, id) == 0) {
            key_release(&ring->keys[i]);
            ring->keys[i] = ring->keys[--ring->count];
            return true;
        }
    }
    return false;
}

const struct key *key_ring_find(const struct key_ring *ring, const char *id)
{
    for (size_t i = 0; i < ring->count; i++) {
        if (strcmp(ring->keys[i].id, id) == 0) {
            return &ring->keys[i];
        }
    }
    return NULL;
}

bool key_ring_knows_token(const struct key_ring *ring, const char *token)
{
    for (size_t i = 0; i < ring->count; i++) {
        if (ring->keys[i].token != NULL && strcmp(ring->keys[i].token, token) == 0) {
            return true;
        }
    }
    return false;
}

void key_ring_release(struct key_ring *ring)
{
    for (size_t i = 0; i < ring->count; i++) {
        key_release(&ring->keys[i]);
    }
    free(ring->keys);
    *ring = (struct key_ring){0};
}

enum { NONCE_SLOTS = 1 << 20, NONCES_A_TABLE = NONCE_SLOTS / 2 };

/* The slot that holds `hash`, or the free one where it would go. */
static uint64_t *nonce_slot(uint64_t *table, uint64_t hash)
{
    size_t at = (size_t)(hash % NONCE_SLOTS);
    while (table[at] != 0 && table[at] != hash) {
        at = (at + 1) % NONCE_SLOTS;
    }
    return &table[at];
}

bool nonce_set_add(struct nonce_set *set, const char *nonce)
{
    uint64_t hash = hash_text(nonce) | 1; /* 0 marks a free slot */
    if (set->recent == NULL || set->recent_count == NONCES_A_TABLE) {
        free(set->older);
        set->older = set->recent;
        set->recent = must_alloc(NONCE_SLOTS * sizeof *set->recent);
        set->recent_count = 0;
    }
    uint64_t *slot = nonce_slot(set->recent, hash);
    if (*slot == hash || (set->older != NULL && *nonce_slot(set->older, hash) == hash)) {
        return false;
    }
    *slot = hash;
    set->recent_count++;
    return true;
}

void nonce_set_release(struct nonce_set *set)
{
    free(set->recent);
    free(set->older);
    *set = (struct nonce_set){0};
}
