#include "base/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define MACHINE_FILE "/etc/localtime"
#define WEST_MOST (-12 * 3600)
#define EAST_MOST (14 * 3600)
#define DAY 86400
#define PATH_SIZE 512

static char zone[ZONE_NAME_SIZE]; /* "" until one was chosen */

/* --- names --------------------------------------------------------------------------------- */

/* "+08:00" as the rule of libc: POSIX counts west of Greenwich. */
static bool make_rule(const char *name, char rule[16])
{
    char moment[32];
    int64_t utc = 0;
    (void)snprintf(moment, sizeof(moment), "1970-01-02T00:00:00%s", name);
    (void)snprintf(rule, 16, "LOC%c%.5s", name[0] == '+' ? '-' : '+', name + (name[0] != '\0'));
    return strspn(name, "+-") == 1 && clock_from_rfc3339(moment, &utc) && DAY - utc >= WEST_MOST &&
           DAY - utc <= EAST_MOST;
}

/* A file at a path, or in the zones' folder; NULL when there is none. */
static FILE *open_file(const char *name)
{
    char path[PATH_SIZE];
    const char *folder = getenv("TZDIR");
    bool given = folder != NULL && folder[0] != '\0';
    int length =
        snprintf(path, sizeof(path), "%s/%s", given ? folder : "/usr/share/zoneinfo", name);
    return name[0] == '/'                                ? fopen(name, "re")
           : length > 0 && (size_t)length < sizeof(path) ? fopen(path, "re")
                                                         : NULL;
}

static bool is_zone(const char *name)
{
    char magic[4] = "";
    bool is_name = name[0] == '/' || name[strspn(name, TEXT_ALPHANUMERIC "/_+-")] == '\0';
    FILE *file = is_name ? open_file(name) : NULL;
    bool is = file != NULL && fread(magic, 1, sizeof(magic), file) == sizeof(magic) &&
              memcmp(magic, "TZif", sizeof(magic)) == 0;
    if (file != NULL) {
        (void)fclose(file);
    }
    return is;
}

/* With the name that it is most like, or whose city it is. */
static bool refuse(const char *what, const char *name, struct error *err)
{
    char line[PATH_SIZE], candidate[ZONE_NAME_SIZE];
    bool is_city = false;
    struct text_nearest nearest = {.word = name};
    FILE *table = open_file("zone.tab");
    while (table != NULL && !is_city && fgets(line, sizeof(line), table) != NULL) {
        if (sscanf(line, "%*[A-Z] %*[-+0-9] %63s", candidate) == 1) {
            const char *city = strrchr(candidate, '/');
            is_city = city != NULL && text_equal_nocase(city + 1, name);
            nearest.word = is_city ? candidate : name;
            text_nearest_try(&nearest, candidate);
        }
    }
    if (table != NULL) {
        (void)fclose(table);
    }
    error_set(err, ERROR_USAGE, "%s: there is no time zone '%.80s'", what, name);
    (void)text_did_you_mean(&nearest, "", err);
    return error_hint(err, "A zone is a name such as Asia/Shanghai, an offset such as +08:00, or "
                           "UTC; the names are the files in /usr/share/zoneinfo, or in $TZDIR.");
}

/* --- the zone in use ----------------------------------------------------------------------- */

/* A NULL rule leaves TZ as it is. */
static bool use(const char *name, const char *rule, struct error *err)
{
    if (rule != NULL && setenv("TZ", rule, 1) != 0) {
        return error_no_memory(err);
    }
    tzset();
    (void)text_fit(zone, sizeof(zone), name);
    return true;
}

/* Its name is where the machine's file leads to. */
static bool use_machine(struct error *err)
{
    char target[PATH_SIZE] = "";
    ssize_t length = readlink(MACHINE_FILE, target, sizeof(target) - 1);
    const char *name = length > 0 ? strstr(target, "zoneinfo/") : NULL;
    return use(name != NULL ? name + strlen("zoneinfo/") : "local time", NULL, err);
}

/* As libc reads TZ: a name, a path, or a rule of POSIX, which has a digit before any slash. */
static bool use_environment(const char *rule, struct error *err)
{
    const char *name = rule + (rule[0] == ':');
    bool is_utc = name[0] == '\0' || strcmp(name, "UTC") == 0;
    bool is_rule = strcspn(name, "0123456789") < strcspn(name, "/");
    if (strcmp(name, MACHINE_FILE) == 0) {
        return use_machine(err);
    }
    if (is_utc || is_rule || is_zone(name)) {
        return use(is_utc ? "UTC" : name, is_utc ? "UTC0" : NULL, err);
    }
    return refuse("TZ", name, err);
}

bool zone_use(const char *name, struct error *err)
{
    char rule[16];
    const char *environment = getenv("TZ");
    if (name == NULL) {
        return environment != NULL ? use_environment(environment, err) : use_machine(err);
    }
    if (strcmp(name, "UTC") == 0 || make_rule(name, rule)) { /* also where there are no files */
        return use(name, name[0] == 'U' ? "UTC0" : rule, err);
    }
    return name[0] != '/' && is_zone(name) ? use(name, name, err)
                                           : refuse("--time-zone", name, err);
}

const char *zone_name(void)
{
    return zone[0] != '\0' ? zone : "UTC";
}

/* --- times --------------------------------------------------------------------------------- */

int64_t zone_to_local(int64_t seconds)
{
    time_t when = (time_t)seconds;
    struct tm local;
    return zone[0] == '\0' || localtime_r(&when, &local) == NULL ? seconds
                                                                 : seconds + local.tm_gmtoff;
}

/* The offsets a day before and after are those on both sides of a change of the clocks. */
int64_t zone_to_utc(int64_t local)
{
    int64_t early = local - (zone_to_local(local - DAY) - (local - DAY));
    int64_t late = local - (zone_to_local(local + DAY) - (local + DAY));
    return zone_to_local(early) != local && zone_to_local(late) == local ? late : early;
}

void zone_text(int64_t seconds, char text[ZONE_TEXT_SIZE])
{
    char iso[CLOCK_ISO8601_SIZE];
    int64_t local = zone_to_local(seconds);
    int64_t minutes = (local - seconds) / 60;
    unsigned distance = (unsigned)(minutes < 0 ? -minutes : minutes) % (24 * 60);
    if (!clock_to_iso8601(local, iso)) {
        (void)snprintf(text, ZONE_TEXT_SIZE, "-");
        return;
    }
    (void)snprintf(text, ZONE_TEXT_SIZE, "%.10s %.8s %c%02u:%02u", iso, iso + 11,
                   minutes < 0 ? '-' : '+', distance / 60, distance % 60);
}
