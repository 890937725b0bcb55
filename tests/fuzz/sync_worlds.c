/*
 * Plays fuzz_sync's adversary without libFuzzer: sync_worlds [--worlds N] [--seed S] [--seconds T]
 * plays random inputs and prints how many a second; --input HEX plays one and tells all about it.
 */
#include <inttypes.h>
#include <time.h>

#include "fuzz.h"

#define INPUT_MAX 400
#define WORLDS 300
#define USAGE "usage: sync_worlds [--worlds N] [--seed S] [--seconds T] [--input HEX]\n"

/* SplitMix64. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t value = *state += UINT64_C(0x9E3779B97F4A7C15);
    value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
    return value ^ (value >> 31);
}

static double seconds_now(void)
{
    struct timespec now;
    FUZZ_REQUIRE(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double processor_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static void play_random(uint64_t seed)
{
    uint8_t input[INPUT_MAX];
    uint64_t state = seed;
    size_t size = 100 + next_random(&state) % (INPUT_MAX - 100);
    for (size_t i = 0; i < size; i++) {
        input[i] = (uint8_t)(next_random(&state) >> 56);
    }
    (void)LLVMFuzzerTestOneInput(input, size);
}

static int play_hex(const char *hex)
{
    static uint8_t input[1 << 16];
    size_t size = 0;
    unsigned byte = 0;
    for (; size < sizeof(input) && sscanf(hex, "%2x", &byte) == 1; hex += 2) {
        input[size++] = (uint8_t)byte;
    }
    FUZZ_REQUIRE(setenv("HBRSYNC_FUZZ_TRACE", "1", 1) == 0);
    return LLVMFuzzerTestOneInput(input, size);
}

int main(int argc, char **argv)
{
    uint64_t seed = 1, worlds = WORLDS, played = 0;
    double limit = 0;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) {
            (void)fprintf(stderr, USAGE);
            return 2;
        }
        if (strcmp(argv[i], "--input") == 0) {
            return play_hex(argv[i + 1]);
        }
        if (strcmp(argv[i], "--worlds") == 0) {
            worlds = strtoull(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--seed") == 0) {
            seed = strtoull(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--seconds") == 0) {
            limit = strtod(argv[i + 1], NULL);
            worlds = UINT64_MAX;
        } else {
            (void)fprintf(stderr, USAGE);
            return 2;
        }
    }
    double start = seconds_now(), passed = 0; /* of processor time, whatever else runs here */
    for (; played < worlds && (limit <= 0 || passed < limit); played++) {
        play_random(seed * UINT64_C(1000003) + played);
        passed = processor_seconds();
    }
    double used = processor_seconds();
    (void)printf("%" PRIu64 " worlds in %.1f s, %.1f s of processor time: %.0f a second of that\n",
                 played, seconds_now() - start, used, used > 0 ? (double)played / used : 0);
    return 0;
}
