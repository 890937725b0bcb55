/* How the service behaves: everything POST /control/set can change. The table in settings.c has
 * names and limits. */
#ifndef SIMULATOR_SETTINGS_H
#define SIMULATOR_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

struct name_list {
    char **names;
    size_t count;
};

enum drift { DRIFT_NONE, DRIFT_INSERTS, DRIFT_DELETES, DRIFT_BOTH };
enum drift_place { PLACE_FRONT, PLACE_MIDDLE, PLACE_OLD };
enum drift_kind { KIND_OPEN, KIND_CLOSED, KIND_MIXED };
/* DEEP_COUNT: TotalCount ends there, too. DEEP_SUCCESS_FALSE: an error with HTTP 200. */
enum deep_page_mode { DEEP_ERROR, DEEP_EMPTY, DEEP_REPEAT_LAST, DEEP_COUNT, DEEP_SUCCESS_FALSE };
/* CHILDREN_BY_PARENT: a filter on ParentId lists children alone, and nothing else lists them. */
enum children { CHILDREN_IN_LISTING, CHILDREN_BY_PARENT };
enum untyped { UNTYPED_ALL, UNTYPED_REFUSED, UNTYPED_PARTIAL };
enum edition_mode { EDITION_HONOURED, EDITION_IGNORED, EDITION_REFUSED, EDITION_REFUSED_ALWAYS };
enum between { BETWEEN_INCLUSIVE, BETWEEN_EXCLUSIVE, BETWEEN_LOWER_ONLY, BETWEEN_UPPER_ONLY };
enum total_mode {
    TOTAL_RIGHT,
    TOTAL_ABSENT,
    TOTAL_NEGATIVE,
    TOTAL_HUGE,
    TOTAL_STRING,
    TOTAL_WRONG_BY_ONE
};
enum null_envelope {
    ENVELOPE_WHOLE,
    ENVELOPE_NULL,
    ENVELOPE_NULL_WHEN_EMPTY,
    ENVELOPE_ABSENT_WHEN_EMPTY,
    ENVELOPE_OBJECT_WHEN_EMPTY /* RestoreJob is {} */
};

enum sts_mode { STS_RIGHT, STS_REFUSED, STS_UNAVAILABLE, STS_GARBLED, STS_KEYLESS };
enum imds_mode {
    IMDS_BOTH,
    IMDS_V2_ONLY,
    IMDS_V1_ONLY,
    IMDS_NO_ROLE,
    IMDS_FAILING,
    IMDS_GARBLED,
    IMDS_OFF
};
enum uri_mode { URI_RIGHT, URI_REFUSED, URI_GARBLED, URI_FAILED };

struct settings {
    int order;             /* of the listing */
    int drift;             /* what happens between two answers, to the source that was asked */
    int drift_place;       /* where in the order of creation, the newest in front */
    int drift_kind;        /* what is made: open jobs, or finished ones */
    int64_t drift_limit;   /* most events; 0: no limit */
    int64_t drift_every;   /* one event in so many answers */
    int64_t deep_page_cap; /* rows that can be paged to; 0: all */
    int deep_page_mode;    /* what pages behind the cap are */
    int children;          /* where the jobs with a parent are listed */
    struct name_list ignore_filters;  /* keys, or "all": such filters let every job pass */
    struct name_list empty_filters;   /* keys: such filters let no job pass */
    struct name_list untyped_without; /* RestoreTypes that are listed by type only */
    struct name_list region_hidden;   /* what DescribeRegions leaves out ... */
    struct name_list region_nameless; /* ... and lists without RegionId */
    bool region_capitals;             /* DescribeRegions writes ids in capitals */
    struct name_list refuse_filters;  /* keys, or "all" */
    struct name_list refuse_operators;
    struct name_list undocumented_filters; /* the ones that are understood */
    struct name_list
        id_filters;            /* restoreId, JobId: the ones that find restore ids; else nothing */
    bool job_id_is_restore_id; /* the same as JobId in id_filters */
    bool zero_complete_time_matches; /* compare the CompleteTime of unfinished jobs as 0 */
    int between;                     /* which ends BETWEEN includes */
    int untyped; /* what a listing without RestoreType is; partial: ECS_FILE only */
    int edition; /* refused: BASIC is; refused_always: the parameter is */
    int total_count;
    bool gzip;
    int64_t clock_skew_seconds;          /* of the signature's clock and of Date */
    struct name_list permission;         /* "allow", "deny_all", or the actions to deny */
    struct name_list region_down;        /* regions that answer ServiceNotActivated */
    struct name_list region_unavailable; /* regions that answer ServiceUnavailable */
    struct name_list region_empty;       /* regions that list no jobs */
    bool accounts_share_world;           /* keys of other accounts see the jobs, too */
    int64_t stale_answers;  /* every n-th answer shows the world before the last move; 0: none */
    bool extra_fields;      /* jobs carry fields no document names */
    int64_t wrong_types;    /* every n-th job has a field of a wrong type; 0: none */
    int null_envelope;      /* when RestoreJobs is null, absent, or holds {} */
    bool single_object;     /* a row that is alone stands in no array */
    bool flat_restore_jobs; /* RestoreJobs is the array itself */
    bool success_as_string;
    bool code_as_number;
    bool page_size_echo_wrong;
    bool log_ids; /* the log names the rows of each answer */
    int64_t latency_ms;
    int64_t quota_per_minute;     /* of DescribeRestoreJobs2, a region; 0: no limit */
    int sts;                      /* how AssumeRole and AssumeRoleWithOIDC answer */
    int64_t sts_lifetime_seconds; /* of temporary keys; 0: what was asked for */
    int64_t sts_grace_seconds;    /* temporary keys are good for so much longer than they say */
    struct name_list oidc_tokens; /* the ones that are taken */
    int imds;                     /* how the metadata service answers */
    int credentials_uri;          /* how the credentials URI answers */
};

/* Sets every setting to its default. */
void settings_init(struct settings *settings);
void settings_release(struct settings *settings);

/* Sets what the object names, all of it or, when a name or a value is wrong, nothing. The problem
 * is written to `problem`. */
bool settings_apply(struct settings *settings, struct json_object *changes, char *problem,
                    size_t size);

/* All settings as a JSON object, to be put by the caller. */
struct json_object *settings_show(const struct settings *settings);

/* Whether the list holds the name; the first letter may be of either case. */
bool name_list_has(const struct name_list *list, const char *name);

/* Whether two names are equal but for the case of their first letter. */
bool same_name(const char *a, const char *b);

#endif
