/*
 * A record: named, typed values as described by a table (the model), whatever the service.
 *
 * The model is data (`hbr/restore_job.c` holds the only one), so that decoding, storing, export and
 * the check of the database schema all read the same description. A model has parts: part 0 is the
 * record itself, the others are objects nested in it, each stored in a table of its own.
 */
#ifndef HBRSYNC_BASE_RECORD_H
#define HBRSYNC_BASE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_FIELDS_MAX 64
#define RECORD_PARTS_MAX 3

enum field_type {
    FIELD_TEXT,
    FIELD_INTEGER, /* the whole int64 range */
    FIELD_BOOLEAN  /* stored as 0 or 1 */
};

struct field {
    const char *name;   /* the API's name, e.g. "RestoreId" */
    const char *column; /* the column's, e.g. "restore_id" */
    enum field_type type;
};

struct record_part {
    const char *name;  /* the API's name of the nested object, "" for part 0 */
    const char *table; /* the table that stores it */
    const struct field *fields;
    size_t field_count;
};

struct record_model {
    const struct record_part *parts;
    size_t part_count;
    size_t key;     /* in part 0: the field that identifies a record (text) */
    size_t version; /* in part 0: the integer field that grows when a record changes */
    size_t status;  /* in part 0: the text field that says how far a record is */
    const char *const *final_statuses; /* its values that are an end, ended by NULL */
};

enum value_kind { VALUE_NULL = 0, VALUE_TEXT, VALUE_INTEGER };

struct value {
    enum value_kind kind;
    uint32_t length; /* of text, bytes; it may hold NULs */
    union {
        int64_t integer;
        const char *text; /* borrowed */
    };
};

struct record {
    bool present[RECORD_PARTS_MAX]; /* [0] is always true */
    struct value values[RECORD_PARTS_MAX][RECORD_FIELDS_MAX];
    /* A JSON object with what the model does not know or could not take, VALUE_NULL when nothing.
     */
    struct value extra[RECORD_PARTS_MAX];
};

bool value_equal(const struct value *left, const struct value *right);

/* The index of the field with this API name or column in a part, or -1. */
int record_field_by_name(const struct record_part *part, const char *name);
int record_field_by_column(const struct record_part *part, const char *column);

#endif
