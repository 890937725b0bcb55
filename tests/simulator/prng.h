/* Deterministic random numbers: splitmix64 to spread a seed, xoshiro256** for streams. */
#ifndef SIMULATOR_PRNG_H
#define SIMULATOR_PRNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prng {
    uint64_t state[4];
};

/* Spreads `value` over 64 bits (the splitmix64 finaliser): equal values give equal results. */
uint64_t prng_mix(uint64_t value);

void prng_seed(struct prng *prng, uint64_t seed);
uint64_t prng_next(struct prng *prng);

/* A number from 0 to bound - 1; 0 when bound is 0. */
uint64_t prng_below(struct prng *prng, uint64_t bound);

/* True in `percent` of 100 calls. */
bool prng_chance(struct prng *prng, unsigned percent);

/* Writes `length` characters 0-9a-z that depend on `seed` alone, and a NUL: `out` has room for
 * length + 1. */
void prng_token(uint64_t seed, char *out, size_t length);

#endif
