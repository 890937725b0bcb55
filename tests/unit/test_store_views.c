/* The views, on what the service may send in its texts and times. */
#include "base/buffer.h"
#include "store_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define UDM                                                                                        \
    "{\\\"doCopy\\\":true,\\\"osName\\\":\\\"Windows Server 2019\\\",\\\"diskIdList\\\":[],"       \
    "\\\"destinationRetention\\\":35,\\\"ecsDeleted\\\":false}" /* escaped twice, as in the API    \
                                                                   page */

static void put_text(struct fixture *f, const char *id, const char *column, const char *text)
{
    struct record job = job_new(id, "COMPLETE", 1554347313, 1554347313);
    job_text(&job, column, text);
    assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
}

static void test_udm(void **state)
{
    struct fixture *f = *state;
    put_text(f, "twice", "udm_detail", UDM);
    put_text(f, "once", "udm_detail", "{\"doCopy\":true,\"osName\":\"Windows Server 2019\"}");
    put_text(f, "quoted", "udm_detail", "\"{\\\"doCopy\\\":false}\"");
    put_text(f, "number", "udm_detail", "42");
    put_text(f, "array", "udm_detail", "[1]");
    put_text(f, "broken", "udm_detail", "{\"doCopy\":");
    put_text(f, "backslash", "udm_detail", "C:\\q\\");
    put_text(f, "empty", "udm_detail", "");
    put_text(f, "none", "include", "[]");
    assert_query(
        f,
        "SELECT group_concat(restore_id || is_readable || coalesce(do_copy, '-'), ' ') FROM"
        " (SELECT * FROM v_restore_job_udm ORDER BY restore_id)",
        "array0- backslash0- broken0- number0- once11 quoted10 twice11");
    assert_query(f,
                 "SELECT os_name || disk_id_list || destination_retention || ecs_deleted"
                 " FROM v_restore_job_udm WHERE restore_id = 'twice'",
                 "Windows Server 2019[]350");
}

static void test_failback(void **state)
{
    struct fixture *f = *state;
    put_text(f, "sample", "failback_detail",
             "{\"cpu\":4,\"extra\":\"{\\\"dataStoreId\\\":\\\"datastore-50\\\",\\\"useHotAdd\\\":"
             "false}\","
             "\"instanceId\":\"i-1\",\"memoryInMB\":8192,\"uefiBoot\":false}");
    put_text(f, "extra", "failback_detail", "{\"cpu\":2,\"extra\":\"none\"}");
    put_text(f, "object", "failback_detail", "{\"cpu\":1,\"extra\":{\"dataStoreId\":\"d\"}}");
    put_text(f, "broken", "failback_detail", "}{");
    assert_query(
        f,
        "SELECT cpu || memory_in_mb || instance_id || uefi_boot || data_store_id || use_hot_add"
        " FROM v_restore_job_failback WHERE restore_id = 'sample'",
        "48192i-10datastore-500");
    assert_query(
        f,
        "SELECT group_concat(restore_id || coalesce(cpu, '-') || coalesce(data_store_id, '-'), ' ')"
        " FROM (SELECT * FROM v_restore_job_failback ORDER BY restore_id)",
        "broken-- extra2- object1d sample4datastore-50");
}

static void test_path(void **state)
{
    struct fixture *f = *state;
    put_text(f, "a", "include", "[\"/home/alice/*.pdf\", \"/home/bob/*.txt\"]");
    put_text(f, "b", "exclude", "[\\\"/var\\\",\\\"/proc\\\"]");
    put_text(f, "c", "include", "C:\\new");
    put_text(f, "d", "include", "\"/quoted\"");
    put_text(f, "e", "include", "[]");
    put_text(f, "f", "include", "null");
    put_text(f, "g", "exclude", "");
    put_text(f, "h", "exclude", "[\"broken");
    assert_query(
        f,
        "SELECT group_concat(restore_id || substr(list, 1, 2) || position || path, ' ')"
        " FROM (SELECT * FROM v_restore_job_path ORDER BY restore_id, position)",
        "ain0/home/alice/*.pdf ain1/home/bob/*.txt bex0/var bex1/proc cin0C:\\new din0/quoted"
        " hex0[\"broken");
}

static void test_option(void **state)
{
    struct fixture *f = *state;
    put_text(f, "a", "options", "{\"UseVSS\":false}");
    put_text(f, "b", "options", "{\\\"UseVSS\\\":true,\\\"includes\\\":[\\\"/a\\\"]}");
    put_text(f, "c", "options", "\"{\\\"UI_TargetTime\\\":1554347313000}\"");
    put_text(f, "d", "options", "{\"UseVSS\":");
    put_text(f, "e", "options", "[1]");
    put_text(f, "f", "options", "{}");
    put_text(f, "g", "options", "null");
    put_text(f, "h", "options", "");
    put_text(f, "i", "options", "C:\\new");
    put_text(f, "j", "options", "{\"policy\":null}");
    assert_query(f,
                 "SELECT group_concat(restore_id || coalesce(name, '-') || coalesce(value, '-') ||"
                 " ':' || type, ' ')"
                 " FROM (SELECT * FROM v_restore_job_option ORDER BY restore_id, name)",
                 "aUseVSS0:false bUseVSS1:true bincludes[\"/a\"]:array"
                 " cUI_TargetTime1554347313000:integer d-{\"UseVSS\"::text e-[1]:text"
                 " i-C:\\new:text jpolicy-:null");
}

static void test_job(void **state)
{
    struct fixture *f = *state;
    struct record job = job_new("r-1", "COMPLETE", 1554347323, 1554347313);
    job_integer(&job, "created_time", 1554347313);
    job_integer(&job, "start_time", 1554347313);
    job_integer(&job, "bytes_done", 800);
    job_integer(&job, "progress", 10000);
    job_integer(&job, "expire_time", 0);
    job_integer(&job, "target_time", INT64_MAX);
    job_set(&job, HBR_REPORT, "total_files", text_of("t"));
    job_set(&job, HBR_REPORT, "report_task_status", text_of("COMPLETE"));
    job_set(&job, HBR_OTS_DETAIL, "batch_channel_count", integer_of(2));
    assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    assert_query(f, "SELECT created_time_utc || ' ' || complete_time_utc FROM v_restore_job",
                 "2019-04-04 03:08:33 2019-04-04 03:08:43");
    assert_query(f,
                 "SELECT typeof(expire_time_utc) || typeof(target_time_utc) || "
                 "typeof(target_create_time_utc)"
                 " || typeof(missing_since_utc) FROM v_restore_job",
                 "nullnullnullnull");
    assert_query(f,
                 "SELECT duration_seconds || ' ' || progress_percent || ' ' || bytes_per_second ||"
                 " is_finished || is_success FROM v_restore_job",
                 "10 100.0 80.011");
    assert_query(
        f,
        "SELECT account_id || region_id || edition || report_total_files || report_task_status ||"
        " ots_batch_channel_count FROM v_restore_job",
        "1000000000000001cn-hangzhouSTANDARDtCOMPLETE2");
    assert_query(
        f, "SELECT count(*) = count(DISTINCT name) FROM pragma_table_info('v_restore_job')", "1");
}

static void test_zero_and_open(void **state)
{
    struct fixture *f = *state;
    struct record job = job_new("r-1", "RUNNING", 0, 0);
    job_integer(&job, "created_time", 0);
    job_integer(&job, "start_time", 50);
    assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    job = job_new("r-2", "EXPIRED", 0, 0);
    assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    job = (struct record){.present = {true}};
    job_text(&job, "restore_id", "r-3");
    assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    job = job_new("r-4", "FAILED", 40, 0);
    job_integer(&job, "start_time", 50); /* a clock that went back */
    assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    assert_query(
        f,
        "SELECT group_concat(restore_id || is_finished || is_success || typeof(duration_seconds) ||"
        " typeof(created_time_utc) || typeof(complete_time_utc), ' ') FROM v_restore_job",
        "r-100nullnullnull r-210nullnullnull r-300nullnullnull r-410nullnulltext");
    assert_query(f,
                 "SELECT group_concat(restore_id) FROM (SELECT * FROM v_restore_open ORDER BY 1)",
                 "r-1,r-3");
    assert_query(
        f, "SELECT group_concat(restore_id) FROM (SELECT * FROM v_restore_failure ORDER BY 1)",
        "r-2,r-4");
    assert_query(f, "SELECT typeof(day) || jobs || failed || open FROM v_restore_daily", "null422");
}

static void test_aggregates(void **state)
{
    struct fixture *f = *state;
    static const char *const status[] = {"COMPLETE", "COMPLETE", "FAILED", "PARTIAL_COMPLETE",
                                         "CANCELED"};
    for (int i = 0; i < 5; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "r-%d", i);
        struct record job = job_new(id, status[i], 86400 + 20, 1);
        job_integer(&job, "created_time", 86400 + i);
        job_integer(&job, "start_time", 86400 + 10);
        job_integer(&job, "bytes_done", INT64_MAX); /* a sum that would overflow */
        job_integer(&job, "items_done", i < 2 ? -3 : 9007199254740993); /* no double is that */
        job_text(&job, "vault_id", i < 2 ? "v-1" : "v-2");
        job_text(&job, "restore_type", "ECS_FILE");
        job_text(&job, "parent_id", i == 1 ? "r-0" : "");
        assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    }
    assert_query(f,
                 "SELECT day || ' ' || jobs || succeeded || partial || failed || canceled || "
                 "open || ' ' ||"
                 " average_duration_seconds || ' ' || bytes_done FROM v_restore_daily",
                 "1970-01-02 411110 10.0 9223372036854775807");
    assert_query(f,
                 "SELECT group_concat(vault_id || jobs || succeeded || "
                 "coalesce(last_success_time_utc, '-'), ' ')"
                 " FROM (SELECT * FROM v_restore_by_vault ORDER BY vault_id)",
                 "v-111"
                 "1970-01-02 00:00:20 v-230-");
    assert_query(f,
                 "SELECT group_concat(items_done, ' ')"
                 " FROM (SELECT * FROM v_restore_by_vault ORDER BY vault_id)",
                 "-3 27021597764222979");
    assert_query(f, "SELECT items_done FROM v_restore_daily", "27021597764222976");
    assert_query(
        f, "SELECT restore_type || jobs || failed || ' ' || items_done FROM v_restore_by_type",
        "ECS_FILE41 27021597764222976");
    assert_query(
        f, "SELECT group_concat(restore_id) FROM (SELECT * FROM v_restore_failure ORDER BY 1)",
        "r-2,r-3");
}

/* One time that has no text, such as one in milliseconds, does not hide the others of its group. */
static void test_times_beyond_the_calendar(void **state)
{
    struct fixture *f = *state;
    static const int64_t times[] = {86400, 1700000000000, INT64_MAX, INT64_MIN, -1, 0};
    static const char *const views[] = {"v_restore_by_vault", "v_restore_by_type"};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "r-%zu", i);
        struct record job = job_new(id, "COMPLETE", times[i], 1);
        job_integer(&job, "created_time", times[i]);
        assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    }
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        char sql[128];
        (void)snprintf(sql, sizeof sql,
                       "SELECT last_created_time_utc || ' ' ||"
                       " last_success_time_utc FROM %s",
                       views[i]);
        assert_query(f, sql, "1970-01-02 00:00:00 1970-01-02 00:00:00");
    }
}

/* --- every column has the value of its own name -------------------------------------------- */

struct member {
    const char *column, *name;
};

static const struct member udm_members[] = {
    {"do_copy", "doCopy"},
    {"do_backup", "doBackup"},
    {"instance_name", "instanceName"},
    {"app_consistent", "appConsistent"},
    {"destination_region_id", "destinationRegionId"},
    {"destination_retention", "destinationRetention"},
    {"enable_fs_freeze", "enableFsFreeze"},
    {"enable_writers", "enableWriters"},
    {"os_name", "osName"},
    {"os_name_en", "osNameEn"},
    {"os_type", "osType"},
    {"platform", "platform"},
    {"disk_id_list", "diskIdList"},
    {"backup_vault_id", "backupVaultId"},
    {"backup_retention", "backupRetention"},
    {"snapshot_group", "snapshotGroup"},
    {"timeout_in_seconds", "timeoutInSeconds"},
    {"pre_script_path", "preScriptPath"},
    {"post_script_path", "postScriptPath"},
    {"ecs_deleted", "ecsDeleted"},
    {"source_instance_id", "sourceInstanceId"},
    {"target_instance_id", "targetInstanceId"},
    {"restored_name", "restoredName"},
    {"restored_host_name", "restoredHostName"},
    {"restored_network", "restoredNetwork"},
    {"security_group", "securityGroup"},
    {"private_ip_address", "privateIpAddress"},
    {"allocate_public_ip", "allocatePublicIp"},
    {"instance_type", "instanceType"},
    {"disk_category", "diskCategory"},
    {"disk_performance_level", "diskPerformanceLevel"},
    {"boot_after_restore", "bootAfterRestore"},
    {"force_restore", "forceRestore"},
};

static const struct member failback_members[] = {
    {"cpu", "cpu"},
    {"memory_in_mb", "memoryInMB"},
    {"instance_id", "instanceId"},
    {"server_id", "serverId"},
    {"uefi_boot", "uefiBoot"},
};

static const struct member failback_extra_members[] = {
    {"restore_vm_name_prefix", "restoreVMNamePrefix"},
    {"location_name", "locationName"},
    {"data_center_name", "dataCenterName"},
    {"compute_resource_name", "computeResourceName"},
    {"data_store_id", "dataStoreId"},
    {"data_store_name", "dataStoreName"},
    {"folder_id", "folderId"},
    {"resource_pool_id", "resourcePoolId"},
    {"network_mo_reference", "networkMoReference"},
    {"use_hot_add", "useHotAdd"},
};

/* Begins an object: "{" and members, each of which has its own name as value. */
static void append_members(struct buffer *json, const struct member *members, size_t count)
{
    buffer_putc(json, '{');
    for (size_t i = 0; i < count; i++) {
        buffer_printf(json, "%s\"%s\":\"%s\"", i > 0 ? "," : "", members[i].name, members[i].name);
    }
}

static void assert_members(struct fixture *f, const char *view, const struct member *members,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char sql[128];
        (void)snprintf(sql, sizeof sql, "SELECT %s FROM %s", members[i].column, view);
        assert_query(f, sql, members[i].name);
    }
}

static void test_every_member_of_udm(void **state)
{
    struct fixture *f = *state;
    struct buffer json;
    buffer_init(&json, 4096);
    append_members(&json, udm_members, COUNT(udm_members));
    buffer_putc(&json, '}');
    put_text(f, "r-1", "udm_detail", json.data);
    assert_members(f, "v_restore_job_udm", udm_members, COUNT(udm_members));
    assert_query(f, "SELECT detail FROM v_restore_job_udm", json.data);
    /* With restore_id, is_readable and detail these are all. */
    assert_query(f, "SELECT count(*) - 3 FROM pragma_table_info('v_restore_job_udm')", "33");
    buffer_free(&json);
    put_text(f, "r-2", "udm_detail",
             "{\"foreceRestore\":true,\"diskCategory\":\"\",\"bootAfterRestore\":false}");
    assert_query(f,
                 "SELECT quote(force_restore) || quote(disk_category) || quote(boot_after_restore)"
                 " FROM v_restore_job_udm WHERE restore_id = 'r-2'",
                 "1NULL0");
}

static void test_every_member_of_failback(void **state)
{
    struct fixture *f = *state;
    struct buffer json;
    buffer_init(&json, 4096);
    append_members(&json, failback_members, COUNT(failback_members));
    buffer_puts(&json, ",\"extra\":");
    append_members(&json, failback_extra_members, COUNT(failback_extra_members));
    buffer_puts(&json, "}}");
    put_text(f, "r-1", "failback_detail", json.data);
    assert_members(f, "v_restore_job_failback", failback_members, COUNT(failback_members));
    assert_members(f, "v_restore_job_failback", failback_extra_members,
                   COUNT(failback_extra_members));
    assert_query(f, "SELECT detail FROM v_restore_job_failback", json.data);
    assert_query(f, "SELECT count(*) - 3 FROM pragma_table_info('v_restore_job_failback')", "15");
    buffer_free(&json);
}

/* A value that no other field has. */
static struct value value_of(const struct field *field, size_t number)
{
    switch (field->type) {
    case FIELD_TEXT:
        return text_of(field->name);
    case FIELD_INTEGER:
        return integer_of(1000000 + (int64_t)number);
    default:
        return integer_of(1);
    }
}

/* A job whose every field has a value of its own. */
static void put_every_field(struct fixture *f)
{
    struct record job = {.present = {true, true, true}};
    for (size_t part = 0; part < hbr_restore_job_model.part_count; part++) {
        const struct record_part *description = &hbr_restore_job_model.parts[part];
        for (size_t i = 0; i < description->field_count; i++) {
            job.values[part][i] = value_of(&description->fields[i], i);
        }
    }
    job.extra[HBR_JOB] = text_of("{\"a\":0}");
    job.extra[HBR_REPORT] = text_of("{\"a\":1}");
    job.extra[HBR_OTS_DETAIL] = text_of("{\"a\":2}");
    assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
}

/* `prefix` is what the view puts before the names of the part's columns that do not begin so. */
static void assert_column(struct fixture *f, const char *prefix, const char *table,
                          const char *column)
{
    char sql[256];
    bool prefixed = strncmp(column, prefix, strlen(prefix)) == 0;
    (void)snprintf(sql, sizeof sql,
                   "SELECT v.%s%s IS t.%s AND t.%s IS NOT NULL FROM v_restore_job AS v, %s AS t",
                   prefixed ? "" : prefix, column, column, column, table);
    assert_query(f, sql, "1");
}

static void test_every_field(void **state)
{
    static const char *const prefixes[] = {"", "report_", "ots_"};
    struct fixture *f = *state;
    put_every_field(f);
    for (size_t part = 0; part < hbr_restore_job_model.part_count; part++) {
        const struct record_part *description = &hbr_restore_job_model.parts[part];
        for (size_t i = 0; i < description->field_count; i++) {
            assert_column(f, prefixes[part], description->table, description->fields[i].column);
        }
        assert_column(f, prefixes[part], description->table, "extra");
    }
}

static void test_every_time(void **state)
{
    static const char *const times[] = {"created_time", "start_time",   "complete_time",
                                        "updated_time", "expire_time",  "target_create_time",
                                        "target_time",  "missing_since"};
    struct fixture *f = *state;
    put_every_field(f);
    assert_query(f, "UPDATE restore_job SET missing_since = 2000000, changed_run_id = 7", "none");
    for (size_t i = 0; i < COUNT(times); i++) {
        char sql[128];
        (void)snprintf(sql, sizeof sql,
                       "SELECT %s_utc IS datetime(%s, 'unixepoch') FROM v_restore_job", times[i],
                       times[i]);
        assert_query(f, sql, "1");
    }
    assert_query(
        f,
        "SELECT first_run_id || ' ' || changed_run_id || ' ' || missing_since FROM v_restore_job",
        "1 7 2000000");
}

/* --- statuses ------------------------------------------------------------------------------ */

/* A job of each status, without a complete_time: the status alone tells. */
static void test_every_status(void **state)
{
    static const char *const statuses[] = {"CANCELED", "CLIENT_DELETED",   "COMPLETE", "EXPIRED",
                                           "FAILED",   "PARTIAL_COMPLETE", "QUEUED",   "RUNNING"};
    static const char *const views[] = {"v_restore_daily", "v_restore_by_vault",
                                        "v_restore_by_type"};
    struct fixture *f = *state;
    for (size_t i = 0; i < COUNT(statuses); i++) {
        struct record job = job_new(statuses[i], statuses[i], 0, 1);
        assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    }
    assert_query(f,
                 "SELECT group_concat(restore_id || is_finished || is_success, ' ')"
                 " FROM (SELECT * FROM v_restore_job ORDER BY restore_id)",
                 "CANCELED10 CLIENT_DELETED10 COMPLETE11 EXPIRED10 FAILED10 PARTIAL_COMPLETE10"
                 " QUEUED00 RUNNING00");
    assert_query(f,
                 "SELECT group_concat(restore_id, ' ')"
                 " FROM (SELECT * FROM v_restore_failure ORDER BY restore_id)",
                 "CLIENT_DELETED EXPIRED FAILED PARTIAL_COMPLETE");
    assert_query(f,
                 "SELECT group_concat(restore_id, ' ')"
                 " FROM (SELECT * FROM v_restore_open ORDER BY restore_id)",
                 "QUEUED RUNNING");
    for (size_t i = 0; i < COUNT(views); i++) {
        char sql[128];
        (void)snprintf(sql, sizeof sql,
                       "SELECT jobs || ' ' || succeeded || partial || failed || canceled || "
                       "open FROM %s",
                       views[i]);
        assert_query(f, sql, "8 11312");
    }
}

/* The view and the program agree on what is final. */
static void test_every_outcome(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; hbr_final_statuses[i] != NULL; i++) {
        struct record job = job_new(hbr_final_statuses[i], hbr_final_statuses[i], 0, 1);
        assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    }
    assert_query(f,
                 "SELECT count(*) || ' ' || total(is_finished) FROM v_restore_job"
                 " WHERE outcome NOT IN ('open', 'other')",
                 "6 6.0");
    assert_query(f,
                 "SELECT group_concat(restore_id || ' ' || outcome || ' ' || is_failed, ', ')"
                 " FROM (SELECT * FROM v_restore_job ORDER BY restore_id)",
                 "CANCELED canceled 0, CLIENT_DELETED failed 1, COMPLETE succeeded 0,"
                 " EXPIRED failed 1, FAILED failed 1, PARTIAL_COMPLETE partial 0");
    assert_query(f, "DELETE FROM restore_job", "none");
    for (size_t i = 0; hbr_open_statuses[i] != NULL; i++) {
        struct record job = job_new(hbr_open_statuses[i], hbr_open_statuses[i], 0, 1);
        job_text(&job, "parent_id", i == 0 ? "r-0" : "");
        assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    }
    assert_query(f,
                 "SELECT group_concat(DISTINCT outcome) || total(is_finished) ||"
                 " total(is_top_level) FROM v_restore_job",
                 "open0.03.0");
    struct record job = job_new("r-1", "NEVER_HEARD_OF", 5, 1);
    assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    job = job_new("r-2", "NEVER_HEARD_OF", 0, 1);
    assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    assert_query(f,
                 "SELECT group_concat(outcome) FROM (SELECT outcome FROM v_restore_job"
                 " WHERE restore_id LIKE 'r-%' ORDER BY restore_id)",
                 "other,open");
}

/* A success that expires stays one, and one that is open again, too. */
static void test_settled(void **state)
{
    struct fixture *f = *state;
    static const char *const later[] = {"EXPIRED", "RUNNING"};
    for (size_t i = 0; i < COUNT(later); i++) {
        struct record job = job_new(later[i], "COMPLETE", 5, 1);
        assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
        job = job_new(later[i], later[i], i == 0 ? 5 : 0, 2);
        assert_int_equal(job_put(f, &job, NULL), PUT_UPDATED);
    }
    assert_query(f,
                 "SELECT group_concat(status || outcome || is_finished || is_success || is_failed)"
                 " FROM (SELECT * FROM v_restore_job ORDER BY restore_id)",
                 "EXPIREDsucceeded100,RUNNINGsucceeded000");
    assert_query(f, "SELECT succeeded || failed || open FROM v_restore_daily", "200");
    assert_query(f, "SELECT count(*) FROM v_restore_failure", "0");
    assert_query(f, "SELECT count(*) FROM v_restore_open", "0");
}

/* An empty text means none; in the tables the two stay apart. */
static void test_empty_texts(void **state)
{
    struct fixture *f = *state;
    struct record job = {.present = {true, true, true}};
    for (size_t part = 0; part < hbr_restore_job_model.part_count; part++) {
        const struct record_part *description = &hbr_restore_job_model.parts[part];
        for (size_t i = 0; i < description->field_count; i++) {
            bool is_text = description->fields[i].type == FIELD_TEXT;
            job.values[part][i] = is_text ? text_of("") : integer_of(0);
        }
    }
    job.values[0][hbr_restore_job_model.key] = text_of("r-1");
    assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    for (size_t part = 0; part < hbr_restore_job_model.part_count; part++) {
        const struct record_part *description = &hbr_restore_job_model.parts[part];
        for (size_t i = 0; i < description->field_count; i++) {
            const char *column = description->fields[i].column;
            const char *report =
                part == HBR_REPORT && strncmp(column, "report_", 7) != 0 ? "report_" : "";
            char sql[128];
            if (description->fields[i].type == FIELD_TEXT && strcmp(column, "restore_id") != 0) {
                (void)snprintf(sql, sizeof sql, "SELECT quote(%s%s) FROM v_restore_job", report,
                               column);
                assert_query(f, sql, "NULL");
                (void)snprintf(sql, sizeof sql, "SELECT quote(%s) FROM %s", column,
                               description->table);
                assert_query(f, sql, "''");
            }
        }
    }
    assert_query(f, "SELECT is_top_level || outcome FROM v_restore_job", "1open");
    /* By the declared type readers choose how long a text may be. */
    assert_query(f,
                 "SELECT group_concat(DISTINCT type) FROM pragma_table_info('v_restore_job')"
                 " WHERE name IN ('parent_id', 'error_message', 'include', 'report_total_files')",
                 "TEXT");
}

/* A changed column a row, of all tables; read by connections that trust no schema, too. */
static void test_change(void **state)
{
    struct fixture *f = *state;
    struct record job = job_new("r-1", "RUNNING", 0, 1);
    job_text(&job, "vault_id", "v-1");
    job_text(&job, "error_message", "");
    job_integer(&job, "bytes_done", 0);
    assert_int_equal(job_put(f, &job, NULL), PUT_INSERTED);
    assert_query(f, "SELECT count(*) FROM v_restore_change", "0");
    job = job_new("r-1", "COMPLETE", 5, 2);
    job_text(&job, "vault_id", "v-1");
    job_text(&job, "error_message", "\"quoted\" [1,2] \xe4\xb8\xad");
    job_integer(&job, "bytes_done", INT64_MAX);
    job_set(&job, HBR_REPORT, "report_task_status", text_of("RUNNING"));
    assert_int_equal(job_put(f, &job, NULL), PUT_UPDATED);
    assert_int_equal(sqlite3_db_config(f->store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL),
                     SQLITE_OK);
    assert_query(f,
                 "SELECT group_concat(column_name || '=' || quote(old_value) || '>' ||"
                 " quote(new_value), '; ') FROM (SELECT * FROM v_restore_change ORDER BY 12)",
                 "bytes_done=0>9223372036854775807; complete_time=0>5; error_message=''>'\"quoted\""
                 " [1,2] \xe4\xb8\xad'; restore_job_report=0>1;"
                 " restore_job_report.report_task_status=NULL>'RUNNING'; status='RUNNING'>"
                 "'COMPLETE'; updated_time=1>2");
    assert_query(f,
                 "SELECT DISTINCT restore_id || run_id || observed_at || observed_at_utc ||"
                 " account_id || region_id || edition || coalesce(restore_type, '-') || vault_id ||"
                 " old_status || new_status FROM v_restore_change",
                 "r-1117000000002023-11-14 22:13:201000000000000001cn-hangzhouSTANDARD-v-1"
                 "RUNNINGCOMPLETE");
}

/* --- running them -------------------------------------------------------------------------- */

/* As the connections of those who read the views are: they trust the schema. */
static int setup(void **state)
{
    if (fixture_setup(state) != 0) {
        return -1;
    }
    struct fixture *f = *state;
    return sqlite3_db_config(f->store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_udm),
        TEST(test_failback),
        TEST(test_path),
        TEST(test_option),
        TEST(test_job),
        TEST(test_zero_and_open),
        TEST(test_aggregates),
        TEST(test_times_beyond_the_calendar),
        TEST(test_every_member_of_udm),
        TEST(test_every_member_of_failback),
        TEST(test_every_field),
        TEST(test_every_time),
        TEST(test_every_status),
        TEST(test_every_outcome),
        TEST(test_settled),
        TEST(test_empty_texts),
        TEST(test_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
