#include "job_text.h"

#include <inttypes.h>
#include <string.h>

#include "json_writer.h"
#include "prng.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

void text_error_message(struct buffer *out, const struct job *job, const struct job_state *state)
{
    static const char *const messages[] = {
        "PARTIAL_COMPLETE",
        "TARGET_NOT_EXIST",
        "目标路径不存在,请检查后重试。",
        "磁盘空间不足:需要 120 GB,可用 3 GB 💾",
        "open \"C:\\Users\\陈\\报告.docx\": Access is denied.\r\nsee \"error.log\"",
        "read failed\n\tat /mnt/nas/b.bin\n\tat /mnt/nas/c.bin",
        "client offline ⚠️ (heartbeat lost)",
        "it's 100% broken; DROP TABLE restore_job; --",
        "<b>quota</b> & limit exceeded",
        "\x01\x1b[31mred\x1b[0m\x7f",
        "line one\xe2\x80\xa8line two",
        "恢复已取消 🚫 by 李雷 <lilei@example.com>",
    };
    bool is_success = state->status == STATUS_COMPLETE || !status_is_finished(state->status);
    if (!is_success) {
        buffer_text(out, messages[job_draw(job, DRAW_ERROR_MESSAGE) / 128 % COUNT_OF(messages)]);
    }
}

void text_error_file(struct buffer *out, const struct job *job, const struct job_state *state)
{
    static const char *const files[] = {"\"test.csv\"", "[\"/data/合同.pdf\",\"/data/a b.txt\"]",
                                        "error-0001.csv", "C:\\temp\\坏文件.bin"};
    if (state->status == STATUS_PARTIAL_COMPLETE || state->status == STATUS_FAILED) {
        buffer_text(out, files[job_draw(job, DRAW_ERROR_FILE) / 128 % COUNT_OF(files)]);
    }
}

void text_target_path(struct buffer *out, const struct job *job, const struct job_state *state)
{
    static const char *const paths[] = {
        "\"D:\\\\rebk\"",  "/restore", "/数据/恢复 2024", "C:\\backup\\恢复\\📁", "/mnt/nas/drill/",
        "/home/o'brien/x", "/",        "/tmp/with\ttab"};
    buffer_text(out, paths[job_draw(job, DRAW_TARGET_PATH) / 128 % COUNT_OF(paths)]);
    if (state->content > 0) {
        buffer_format(out, "-%" PRIu32, state->content);
    }
}

void text_target_prefix(struct buffer *out, const struct job *job)
{
    static const char *const prefixes[] = {"\"/target\"", "drill/", "备份/2024/", "a%20b/", ""};
    buffer_text(out, prefixes[job_draw(job, DRAW_PREFIX) / 128 % COUNT_OF(prefixes)]);
}

void text_paths(struct buffer *out, const struct job *job, enum draw which)
{
    static const char *const paths[] = {
        "/home/alice/*.pdf", "/home/bob/*.txt", "/var",       "/proc",
        "D:\\文档\\合同",    "/数据/📷/*.jpg",   "/opt/\"x\"", "/srv/app/logs/2024"};
    uint64_t draw = job_draw(job, which) / 128;
    if (draw % 20 == 0) {
        buffer_text(out, "/home/alice/*.pdf,/data (not JSON)");
        return;
    }
    struct json_writer writer = {.out = out};
    json_open(&writer, NULL, '[');
    for (uint64_t i = 0, count = draw % 20 == 1 ? 0 : 20 + draw / 20 % 26; i < count; i++) {
        json_string(&writer, NULL, paths[(draw / 200 + i * 3) % COUNT_OF(paths)]);
    }
    json_close(&writer, ']');
}

void text_options(struct buffer *out, const struct job *job)
{
    const char *type = restore_type_name(job->type);
    uint64_t draw = job_draw(job, DRAW_OPTIONS) / 128;
    if (draw % 30 == 0) {
        buffer_text(out, "UseVSS=false");
    } else if (strcmp(type, "OSS") == 0 || strcmp(type, "NAS") == 0) {
        buffer_format(out, "{\"includes\":[],\"excludes\":[\"/缓存\"],\"conflictPolicy\":\"%s\"}",
                      draw % 2 == 0 ? "SKIP_THE_FILE" : "OVERWRITE_EXISTING");
    } else if (strcmp(type, "OTS_TABLE") == 0) {
        buffer_format(out, "{\"UI_TargetTime\":%" PRId64 "000}", job->created - 3600);
    } else {
        buffer_format(out, "{\"UseVSS\":%s}", draw % 2 == 0 ? "false" : "true");
    }
}

static void plain_udm_detail(struct buffer *out, const struct job *job)
{
    static const char *const systems[] = {"Windows Server 2019 数据中心版 64位中文版",
                                          "Ubuntu 22.04 64位",
                                          "Alibaba Cloud Linux 3.2104 LTS 64位"};
    uint64_t draw = job_draw(job, DRAW_UDM) / 128;
    const char *system = systems[draw % COUNT_OF(systems)];
    struct json_writer writer = {.out = out};
    char disk[32] = "d-2ze";
    prng_token(draw, disk + 5, 17);
    json_open(&writer, NULL, '{');
    json_boolean(&writer, "doCopy", draw / 4 % 2 == 0);
    json_boolean(&writer, "doBackup", false);
    json_string(&writer, "instanceName",
                draw % 5 == 0 ? "生产 \"主库\" 🖥" : "instance example");
    json_boolean(&writer, "appConsistent", draw / 8 % 2 == 0);
    json_string(&writer, "destinationRegionId", "cn-shanghai");
    json_boolean(&writer, "enableFsFreeze", true);
    json_string(&writer, "osNameEn",
                "Windows Server 2019 Data Center Edition 64bit Chinese Edition");
    json_string(&writer, "osName", system);
    json_open(&writer, "diskIdList", '[');
    if (draw / 16 % 2 == 0) {
        json_string(&writer, NULL, disk);
    }
    json_close(&writer, ']');
    json_string(&writer, "backupVaultId", "");
    json_boolean(&writer, "snapshotGroup", true);
    json_integer(&writer, "destinationRetention", 35);
    json_string(&writer, "platform", system);
    json_integer(&writer, "timeoutInSeconds", 60);
    json_integer(&writer, "backupRetention", 1);
    json_string(&writer, "osType", draw % COUNT_OF(systems) == 0 ? "windows" : "linux");
    json_string(&writer, "preScriptPath", "");
    json_string(&writer, "postScriptPath", "");
    json_boolean(&writer, "enableWriters", true);
    json_boolean(&writer, "ecsDeleted", false);
    json_close(&writer, '}');
}

void text_udm_detail(struct buffer *out, const struct job *job)
{
    if (strcmp(source_type_name(job->type), "UDM_ECS") != 0) {
        return;
    }
    struct buffer plain = {0};
    plain_udm_detail(&plain, job);
    if (job_draw(job, DRAW_UDM) / 128 % 7 < 3) {
        json_escape(out, buffer_string(&plain)); /* the form of the API page, escaped once more */
    } else {
        buffer_append(out, plain.data, plain.length);
    }
    buffer_release(&plain);
}

void text_failback_detail(struct buffer *out, const struct job *job)
{
    uint64_t draw = job_draw(job, DRAW_FAILBACK) / 128;
    if (strcmp(restore_type_name(job->type), "FILE") != 0 && draw % 25 != 0) {
        return;
    }
    struct buffer extra = {0};
    struct json_writer writer = {.out = &extra};
    json_open(&writer, NULL, '{');
    json_string(&writer, "restoreVMNamePrefix", "627-");
    json_string(&writer, "dataCenterName", "SDDC-Datacenter");
    json_string(&writer, "dataStoreId", "datastore-50");
    json_string(&writer, "folderId", "group-v49");
    json_string(&writer, "locationName", "vcenter.example.com/SDDC-Datacenter/工作负载");
    json_string(&writer, "networkMoReference", "DistributedVirtualPortgroup:dvportgroup-1001");
    json_boolean(&writer, "useHotAdd", draw % 2 == 0);
    json_close(&writer, '}');

    writer = (struct json_writer){.out = out};
    json_open(&writer, NULL, '{');
    json_integer(&writer, "cpu", 1 << (draw / 32 % 6));
    json_string(&writer, "extra", buffer_string(&extra));
    json_string(&writer, "instanceId", "i-2vc357i2eannmmotcagz");
    json_integer(&writer, "memoryInMB", INT64_C(1024) << (draw / 256 % 8));
    json_string(&writer, "serverId", "0fdc0c86-eb92-4e05-91ab-eeaf9fb6ad01");
    json_boolean(&writer, "uefiBoot", draw % 3 == 0);
    json_close(&writer, '}');
    buffer_release(&extra);
}
