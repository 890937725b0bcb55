/* Renders a job as the API shows it. */
#ifndef SIMULATOR_JOB_JSON_H
#define SIMULATOR_JOB_JSON_H

#include "json_writer.h"
#include "world.h"

/* How the RestoreId of a row is written. */
enum id_style { ID_RIGHT, ID_ABSENT, ID_EMPTY, ID_NUMBER, ID_NULL };

struct job_view {
    const struct world *world;
    unsigned wrong_types_every; /* every n-th job has a field of a wrong type; 0: none */
    bool extra_fields;          /* jobs carry fields no document names */
    bool known_parents_only;    /* see job_parent_id */
};

/* Writes the job in the given state (its own or an earlier one) as an object, a value of an array.
 */
void job_render(struct json_writer *writer, const struct job_view *view, const struct job *job,
                const struct job_state *state, enum id_style id_style);

#endif
