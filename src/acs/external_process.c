#include "acs/external_process.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "acs/keys.h"
#include "acs/provider.h"
#include "acs/redact.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/text.h"

#define ARGUMENTS_MAX 64
#define OUTPUT_MAX ((size_t)64 * 1024)
#define CHUNK 4096
#define COMPLAINTS_MAX ACS_EXTERNAL_SAID_MAX
#define COMPLAINT_SHOWN_MAX 300
#define PROGRAM_SHOWN_MAX 200
#define LIKE_KEY_MIN 20
#define REAP_STEP_MS 10

/* The program's streams by their numbers; this layer uses none of its own. */
enum { PROGRAM_INPUT = 0, PROGRAM_OUTPUT = 1, PROGRAM_ERRORS = 2 };

extern char **environ;

static bool is_blank(char byte)
{
    return byte != '\0' && strchr(" \t\r\n\v\f", byte) != NULL;
}

/*
 * Takes one word as a shell does, in place: quotes group, a backslash takes the next character as
 * it is (in double quotes before " \ $ ` alone), and with a line end it is nothing. NULL: a quote
 * or backslash without an end.
 */
static char *take_word(char *text, char **ret_word)
{
    char quote = '\0';
    char *out = *ret_word = text;
    for (; *text != '\0' && (quote != '\0' || !is_blank(*text)); text++) {
        if (*text == quote) {
            quote = '\0';
        } else if (quote == '\0' && (*text == '"' || *text == '\'')) {
            quote = *text;
        } else if (*text == '\\' && quote != '\'' &&
                   (quote == '\0' || (text[1] != '\0' && strchr("\"\\$`\n", text[1]) != NULL))) {
            if (*++text == '\0') {
                return NULL;
            }
            if (*text != '\n') {
                *out++ = *text;
            }
        } else {
            *out++ = *text;
        }
    }
    char *rest = *text != '\0' ? text + 1 : text;
    *out = '\0';
    return quote == '\0' ? rest : NULL;
}

static bool split(char *text, char *arguments[ARGUMENTS_MAX + 1], struct error *err)
{
    size_t count = 0;
    for (;;) {
        while (is_blank(*text) || text_starts_with(text, "\\\n")) {
            text += *text == '\\' ? 2 : 1;
        }
        if (*text == '\0' || count == ARGUMENTS_MAX) {
            break;
        }
        text = take_word(text, &arguments[count++]);
        if (text == NULL) {
            return error_set(err, ERROR_CREDENTIALS,
                             "the command of the external program has a quote or backslash "
                             "without an end");
        }
    }
    arguments[count] = NULL;
    return (*text == '\0' && count > 0 && arguments[0][0] != '\0') ||
           error_set(err, ERROR_CREDENTIALS,
                     "the command of the external program is empty or has more than %d words",
                     ARGUMENTS_MAX);
}

/* A group of its own, so that its children die with it; signals as in a new program. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t defaults;
    (void)sigemptyset(&defaults);
    (void)sigaddset(&defaults, SIGPIPE);
    (void)sigaddset(&defaults, SIGXFSZ);
    (void)sigaddset(&defaults, SIGINT);
    (void)sigaddset(&defaults, SIGTERM);
    int result = posix_spawnattr_setsigdefault(attributes, &defaults);
    result = result != 0 ? result : posix_spawnattr_setpgroup(attributes, 0);
    return result != 0 ? result
                       : posix_spawnattr_setflags(attributes,
                                                  POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
}

static int set_actions(posix_spawn_file_actions_t *actions, int output, int errors)
{
    int result = posix_spawn_file_actions_addopen(actions, PROGRAM_INPUT, "/dev/null", O_RDONLY, 0);
    result =
        result != 0 ? result : posix_spawn_file_actions_adddup2(actions, output, PROGRAM_OUTPUT);
    result =
        result != 0 ? result : posix_spawn_file_actions_adddup2(actions, errors, PROGRAM_ERRORS);
#ifdef HBRSYNC_HAVE_ADDCLOSEFROM /* what libraries opened without O_CLOEXEC */
    result = result != 0 ? result
                         : posix_spawn_file_actions_addclosefrom_np(actions, PROGRAM_ERRORS + 1);
#endif
    return result;
}

/* Whether a variable, "NAME=VALUE", is a key of ours, or a URI that gives keys out, in any of the
 * tools' spellings. The program has keys of its own to find; OIDC_TOKEN_FILE is a path. */
static bool is_key(const char *variable)
{
    static const char *const prefixes[] = {"ALIBABA_CLOUD_", "ALIBABACLOUD_", "ALICLOUD_",
                                           "ALIYUN_"};
    static const char *const parts[] = {"SECRET", "TOKEN=", "ACCESS_KEY", "CREDENTIALS_URI="};
    const char *end = strchr(variable, '=');
    for (size_t i = 0; end != NULL && i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (!text_starts_with(variable, prefixes[i])) {
            continue;
        }
        for (size_t j = 0; j < sizeof(parts) / sizeof(parts[0]); j++) {
            if (memmem(variable, (size_t)(end - variable) + 1, parts[j], strlen(parts[j])) !=
                NULL) {
                return true;
            }
        }
    }
    return false;
}

/* The environment without them: borrowed texts in an array to free; NULL: no memory. */
static char **copy_environment(void)
{
    size_t count = 0;
    while (environ[count] != NULL) {
        count++;
    }
    char **copy = calloc(count + 1, sizeof(*copy));
    for (size_t i = 0, used = 0; copy != NULL && i < count; i++) {
        if (!is_key(environ[i])) {
            copy[used++] = environ[i];
        }
    }
    return copy;
}

/* Returns an errno, 0 when the program runs. */
static int spawn(char *const arguments[], int output, int errors, pid_t *ret_child)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    int result = posix_spawnattr_init(&attributes);
    if (result != 0) {
        return result;
    }
    result = posix_spawn_file_actions_init(&actions);
    if (result == 0) {
        result = set_attributes(&attributes);
        result = result == 0 ? set_actions(&actions, output, errors) : result;
        if (result == 0) {
            char **environment = copy_environment();
            result = environment == NULL ? ENOMEM
                                         : posix_spawnp(ret_child, arguments[0], &actions,
                                                        &attributes, arguments, environment);
            free(environment);
        }
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    (void)posix_spawnattr_destroy(&attributes);
    return result;
}

static bool out_of_time(struct error *err)
{
    return error_set(err, ERROR_CREDENTIALS, "the external program did not end in time");
}

/* Reads until the end of the output. */
static bool collect(int descriptor, int64_t deadline_ms, struct buffer *output, struct error *err)
{
    char chunk[CHUNK];
    for (;;) {
        struct pollfd waits[] = {{.fd = descriptor, .events = POLLIN},
                                 {.fd = interrupt_descriptor(), .events = POLLIN}};
        int64_t left = deadline_ms - clock_monotonic_ms();
        if (!interrupt_check(err)) {
            return false;
        }
        if (left <= 0) {
            return out_of_time(err);
        }
        if (poll(waits, 2, (int)left) < 0 && errno != EINTR) {
            return error_set_errno(err, ERROR_INTERNAL, errno, "cannot wait for a program");
        }
        if (waits[0].revents == 0) {
            continue;
        }
        ssize_t got = read(descriptor, chunk, sizeof(chunk));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            OPENSSL_cleanse(chunk, sizeof(chunk));
            return true;
        }
        buffer_append(output, chunk, (size_t)got);
        if (output->failed) {
            OPENSSL_cleanse(chunk, sizeof(chunk));
            return error_set(err, ERROR_CREDENTIALS,
                             "the external program prints more than %zu bytes", output->maximum);
        }
    }
}

/* Waits for the program that has closed its output; it may still take its time to end. *child
 * becomes 0 when there is no such child any more. */
static bool reap(pid_t *child, int64_t deadline_ms, int *ret_status, struct error *err)
{
    for (;;) {
        pid_t got = waitpid(*child, ret_status, WNOHANG);
        if (got == *child) {
            return true;
        }
        if (got < 0 && errno != EINTR) {
            *child = 0;
            return error_set_errno(err, ERROR_INTERNAL, errno, "cannot wait for a program");
        }
        if (!interrupt_check(err)) {
            return false;
        }
        if (clock_monotonic_ms() >= deadline_ms) {
            return out_of_time(err);
        }
        (void)poll(NULL, 0, REAP_STEP_MS);
    }
}

static bool judge_status(int status, struct error *err)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return true;
    }
    if (WIFEXITED(status)) {
        error_set(err, ERROR_CREDENTIALS, "the external program ended with status %d",
                  WEXITSTATUS(status));
    } else {
        error_set(err, ERROR_CREDENTIALS, "the external program ended by signal %d",
                  WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    }
    return error_hint(err, "Run the profile's process_command by hand to see what it says.");
}

static bool follow(pid_t child, int descriptor, int64_t timeout_ms, struct buffer *output,
                   struct error *err)
{
    int status = 0;
    int64_t deadline = clock_monotonic_ms() + timeout_ms;
    if (collect(descriptor, deadline, output, err) && reap(&child, deadline, &status, err)) {
        return judge_status(status, err);
    }
    if (child > 0) { /* else its number may be another's by now */
        (void)kill(-child, SIGKILL);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
    }
    return false;
}

/* What the program writes to its standard error: a file in memory that holds so much and no more.
 * -1: none could be made. */
static int open_complaints(void)
{
    int file = memfd_create("stderr", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file >= 0 && (ftruncate(file, COMPLAINTS_MAX) != 0 ||
                      fcntl(file, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0)) {
        (void)close(file);
        file = -1;
    }
    return file;
}

bool acs_external_run(const char *command, int64_t timeout_ms, struct buffer *output,
                      char said[ACS_EXTERNAL_SAID_MAX], struct error *err)
{
    char *arguments[ARGUMENTS_MAX + 1];
    char program[PROGRAM_SHOWN_MAX + 4];
    int ends[2] = {-1, -1};
    pid_t child = 0;
    char *words = text_copy(command);
    if (words == NULL) {
        return error_no_memory(err);
    }
    int complaints = open_complaints();
    bool ok = split(words, arguments, err) &&
              ((complaints >= 0 && pipe2(ends, O_CLOEXEC) == 0) ||
               error_set_errno(err, ERROR_INTERNAL, errno, "cannot make a pipe"));
    said[0] = '\0';
    if (ok) {
        int result = spawn(arguments, ends[1], complaints, &child);
        (void)close(ends[1]);
        text_show(program, sizeof(program), arguments[0], strlen(arguments[0]), PROGRAM_SHOWN_MAX);
        ok = result == 0 ? follow(child, ends[0], timeout_ms, output, err)
                         : error_set_errno(err, ERROR_CREDENTIALS, result,
                                           "cannot run the external program %s", program);
        ssize_t got = pread(complaints, said, ACS_EXTERNAL_SAID_MAX - 1, 0);
        said[got > 0 ? got : 0] = '\0';
        (void)close(ends[0]);
    }
    if (complaints >= 0) {
        (void)close(complaints);
    }
    free(words);
    return ok;
}

bool acs_external_read(const char *text, size_t length, struct acs_credentials *ret_credentials,
                       struct error *err)
{
    static const char what[] = "the external program's output";
    char mode[32];
    struct json_node *root = NULL;
    if (!acs_keys_parse(text, length, what, &root, err)) {
        return false;
    }
    /* As in the SDKs, the mode may be left out. */
    const struct json_node *value = json_find(root, "mode");
    bool fits = json_is_blank(value) || json_find_text(root, "mode", mode, sizeof(mode));
    bool token = json_is_blank(value) ? !json_is_blank(json_find(root, "sts_token"))
                                      : fits && text_equal_nocase(mode, "StsToken");
    bool ok = token || json_is_blank(value) || (fits && text_equal_nocase(mode, "AK")) ||
              error_set(err, ERROR_CREDENTIALS, "%s has no mode AK or StsToken", what);
    ok = ok && acs_keys_read(root, &ACS_KEY_NAMES_PROFILE, token, what, ret_credentials, err);
    if (ok && !token) {
        OPENSSL_cleanse(ret_credentials->security_token, sizeof(ret_credentials->security_token));
    }
    ok = ok && acs_provider_check_token(ret_credentials,
                                        "The program has to print \"mode\": \"StsToken\" and the "
                                        "\"sts_token\" of such a key.",
                                        err);
    json_free(root);
    return ok;
}

/* Whether it is what a key looks like: long, of digits, small and capital letters. */
static bool is_like_key(const char *word, size_t length)
{
    bool kinds[3] = {false};
    for (size_t i = 0; i < length; i++) {
        kinds[isdigit((unsigned char)word[i]) ? 0 : isupper((unsigned char)word[i]) ? 1 : 2] = true;
    }
    return length >= LIKE_KEY_MIN && kinds[0] && kinds[1] && kinds[2];
}

/* Adds the last line of what the program complained of, without what is or looks like a key. */
static void add_complaint(char *said, const struct buffer *output, struct error *err)
{
    struct error plain = *err;
    struct json_node *root = NULL;
    struct buffer shown;
    bool parsed = acs_keys_parse(output->data, output->length, "", &root, NULL);
    const struct json_node *secret = json_find(parsed ? root : NULL, "access_key_secret");
    const struct json_node *token = json_find(root, "sts_token");
    const struct acs_secrets secrets = {
        .key_secret = secret->kind == JSON_TEXT ? secret->text : NULL,
        .token = token->kind == JSON_TEXT ? token->text : NULL,
    };
    for (size_t length = strlen(said); length > 0 && isspace((unsigned char)said[length - 1]);
         length--) {
        said[length - 1] = '\0';
    }
    char *line = strrchr(said, '\n');
    line = line != NULL ? line + 1 : said;
    for (char *word = line; *word != '\0';) {
        size_t length = strspn(word, TEXT_ALPHANUMERIC);
        memset(word, '*', is_like_key(word, length) ? length : 0);
        word += length > 0 ? length : 1;
    }
    buffer_init(&shown, COMPLAINT_SHOWN_MAX * 8);
    acs_redact(&shown, line, strlen(line), COMPLAINT_SHOWN_MAX, &secrets);
    if (line[0] != '\0' && err->code == ERROR_CREDENTIALS) {
        (void)error_set(err, plain.code, "%s; it says: %s", plain.message, shown.data);
        (void)error_hint(err, "%s", plain.hint);
    }
    buffer_free(&shown);
    json_free(root);
}

bool acs_external_find(const char *command, struct acs_credentials *ret_credentials,
                       struct error *err)
{
    char said[ACS_EXTERNAL_SAID_MAX];
    struct buffer output;
    buffer_init(&output, OUTPUT_MAX);
    bool ok = acs_external_run(command, ACS_EXTERNAL_TIMEOUT_MS, &output, said, err) &&
              acs_external_read(output.data, output.length, ret_credentials, err);
    if (!ok) {
        add_complaint(said, &output, err);
    }
    ret_credentials->renewable = true;
    OPENSSL_cleanse(said, sizeof(said));
    buffer_free_secret(&output);
    return ok;
}
