#include "sync/scope.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void task_warn(struct task *task, const char *format, ...)
{
    char sentence[512];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    /* What no longer fits is left out: a warning must never stop a sync. */
    if (length > 0 && strlen(sentence) + 2 <= task->warning.maximum - task->warning.length) {
        buffer_printf(&task->warning, "%s%s", task->warning.length > 0 ? "; " : "", sentence);
    }
}

static bool needs_full(const struct scope *scope)
{
    const struct sync_settings *settings = scope->task->settings;
    const struct store_watermark *watermark = &scope->watermark;
    int64_t age = settings->now - watermark->full_walk_at;
    return settings->full || !watermark->known || !watermark->proved || age < 0 ||
           age >= settings->full_every || scope->capabilities->filters == CAPABILITY_NO;
}

/* In the transaction of the first change: the scope is unproved from here on. */
static bool on_change(void *context, struct error *err)
{
    struct scope *scope = context;
    struct store_source *source = &scope->task->source;
    if (scope->stored.restore_type[0] != '\0') {
        store_source_doubt_untyped(source); /* the type may be new to the source */
        if (!store_source_save(scope->task->store, source, err)) {
            return false;
        }
    }
    /* No watermark is about what filters select. */
    return scope->task->spec->filter_count > 0 ||
           store_watermark_unproved(scope->scanner.store, scope->stored.source_id,
                                    scope->stored.restore_type, err);
}

static void on_page(void *context)
{
    const struct scope *scope = context;
    const struct task *task = scope->task;
    if (task->progress->update != NULL) {
        task->progress->update(task->progress->context, task->spec, task->run.seen,
                               scope->evidence.total);
    }
}

bool scope_open(struct scope *scope, struct task *task, const char *restore_type, struct error *err)
{
    const struct sync_settings *settings = task->settings;
    const struct sync_task_spec *spec = task->spec;
    memset(scope, 0, sizeof(*scope));
    scope->task = task;
    scope->overlap = settings->overlap;
    scope->capabilities = &task->source.capabilities;
    enum store_children children = scope->capabilities->children;
    bool apart =
        children == CHILDREN_APART || children == CHILDREN_BY_PARENT || children == CHILDREN_LOST;
    scope->stored = (struct store_scope){task->source.source_id, restore_type,
                                         apart ? STORE_TOP_LEVEL : STORE_EVERY_JOB};
    scope->scanner = (struct scanner){
        .store = task->store,
        .service = task->service,
        .writer = {.source_id = task->source.source_id,
                   .run_id = task->run.run_id,
                   .now = settings->now},
        .run = &task->run,
        .query = {.region = spec->region_id,
                  .edition = spec->edition,
                  .restore_type = restore_type,
                  .filter_count = spec->filter_count,
                  .page_size = settings->page_size},
        .pages_at_once = settings->pages_at_once,
        .counted = &task->listed,
        .on_change = on_change,
        .on_page = on_page,
        .context = scope,
    };
    for (size_t i = 0; i < spec->filter_count; i++) {
        scope->scanner.query.filters[i] = spec->filters[i];
    }
    proof_begin(&scope->evidence, restore_type, spec->filter_count > 0 ? "filter" : "");
    if (!store_watermark_get(task->store, task->source.source_id, restore_type, &scope->watermark,
                             err)) {
        return false;
    }
    scope->full = needs_full(scope);
    return true;
}

void scope_close(struct scope *scope)
{
    scanner_free(&scope->scanner);
    row_set_free(&scope->held);
    row_set_free(&scope->gone);
}

bool scope_is_proved(const struct scope *scope)
{
    return proof_judge(&scope->evidence) && (!scope->has_children || proof_judge(&scope->children));
}
