/*
 * A failure at a chosen point: what can fail calls fault_now(). Of our own code's memory that is
 * every allocation (the test is linked with --wrap), of json-c's every object that is made.
 */
#ifndef HBRSYNC_TESTS_FAULTS_H
#define HBRSYNC_TESTS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static struct {
    unsigned long calls; /* since fault_arm */
    unsigned long at;    /* the number of the call that fails; 0: none */
    bool on;             /* ... and all after it */
} faults;

static inline void fault_arm(unsigned long at, bool on)
{
    faults.calls = 0;
    faults.at = at;
    faults.on = on;
}

static inline bool fault_now(void)
{
    faults.calls++;
    return faults.at != 0 && (faults.calls == faults.at || (faults.on && faults.calls > faults.at));
}

static inline bool fault_happened(void)
{
    return faults.at != 0 && faults.calls >= faults.at;
}

#ifdef FAULTS_IN_MEMORY
#include <json-c/json.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
struct json_object *__real_json_object_new_object(void);
struct json_object *__real_json_object_new_array(void);
struct json_object *__real_json_object_new_string_len(const char *text, int length);
struct json_object *__real_json_object_new_int64(int64_t value);
struct json_object *__real_json_object_new_double_s(double value, const char *text);
struct json_object *__real_json_object_new_boolean(json_bool value);
int __real_json_object_object_add(struct json_object *object, const char *key,
                                  struct json_object *value);
int __real_json_object_array_add(struct json_object *array, struct json_object *value);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
struct json_object *__wrap_json_object_new_object(void);
struct json_object *__wrap_json_object_new_array(void);
struct json_object *__wrap_json_object_new_string_len(const char *text, int length);
struct json_object *__wrap_json_object_new_int64(int64_t value);
struct json_object *__wrap_json_object_new_double_s(double value, const char *text);
struct json_object *__wrap_json_object_new_boolean(json_bool value);
int __wrap_json_object_object_add(struct json_object *object, const char *key,
                                  struct json_object *value);
int __wrap_json_object_array_add(struct json_object *array, struct json_object *value);

void *__wrap_malloc(size_t size)
{
    return fault_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fault_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fault_now() ? NULL : __real_realloc(old, size);
}

struct json_object *__wrap_json_object_new_object(void)
{
    return fault_now() ? NULL : __real_json_object_new_object();
}

struct json_object *__wrap_json_object_new_array(void)
{
    return fault_now() ? NULL : __real_json_object_new_array();
}

struct json_object *__wrap_json_object_new_string_len(const char *text, int length)
{
    return fault_now() ? NULL : __real_json_object_new_string_len(text, length);
}

struct json_object *__wrap_json_object_new_int64(int64_t value)
{
    return fault_now() ? NULL : __real_json_object_new_int64(value);
}

struct json_object *__wrap_json_object_new_double_s(double value, const char *text)
{
    return fault_now() ? NULL : __real_json_object_new_double_s(value, text);
}

struct json_object *__wrap_json_object_new_boolean(json_bool value)
{
    return fault_now() ? NULL : __real_json_object_new_boolean(value);
}

int __wrap_json_object_object_add(struct json_object *object, const char *key,
                                  struct json_object *value)
{
    return fault_now() ? -1 : __real_json_object_object_add(object, key, value);
}

int __wrap_json_object_array_add(struct json_object *array, struct json_object *value)
{
    return fault_now() ? -1 : __real_json_object_array_add(array, value);
}
#endif

#endif
