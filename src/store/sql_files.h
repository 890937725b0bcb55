/* The files of sql/, embedded at build; each array ends with a row of NULLs. */
#ifndef HBRSYNC_STORE_SQL_FILES_H
#define HBRSYNC_STORE_SQL_FILES_H

#include <stddef.h>

struct sql_file {
    const char *name; /* "0001_schema.sql" */
    const char *text; /* NUL-terminated */
    size_t length;
};

extern const struct sql_file sql_migrations[]; /* sql/NNNN_name.sql, in order */
extern const struct sql_file sql_views[];      /* sql/views.sql */
extern const struct sql_file sql_tables[];     /* sql/tables.sql */
extern const struct sql_file sql_checks[];     /* sql/checks/NAME.sql, a problem a row */
extern const struct sql_file sql_reports[];    /* sql/reports/NAME.sql */
extern const struct sql_file sql_queries[];    /* sql/queries/NAME.sql */

#endif
