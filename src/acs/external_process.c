/* A program that prints keys (mode External of the official command line tool). */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "acs/provider.h"
#include "acs/redact.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"

#define ARGUMENTS_MAX 64
#define OUTPUT_MAX ((size_t)64 * 1024)
#define CHUNK 16384
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

/*
 * The environment without our keys, and without URIs that give keys out, in any of the tools'
 * spellings: the program has keys of its own to find. (OIDC_TOKEN_FILE is a path.) Borrowed texts
 * in an array to free; NULL: no memory.
 */
static char **copy_environment(void)
{
    static const char keys[] = "^(ALIBABA_?CLOUD|ALICLOUD|ALIYUN)_[^=]*"
                               "(SECRET|ACCESS_KEY|TOKEN=|CREDENTIALS_URI=)";
    regex_t pattern;
    size_t count = 0;
    if (regcomp(&pattern, keys, REG_EXTENDED | REG_NOSUB) != 0) {
        return NULL;
    }
    while (environ[count] != NULL) {
        count++;
    }
    char **copy = calloc(count + 1, sizeof(*copy));
    for (size_t i = 0, used = 0; copy != NULL && i < count; i++) {
        if (regexec(&pattern, environ[i], 0, NULL, 0) != 0) {
            copy[used++] = environ[i];
        }
    }
    regfree(&pattern);
    return copy;
}

/* In a group of its own, so that its children die with it; signals as in a new program. Returns an
 * errno, 0 when it runs. */
static int spawn(char *const arguments[], int output, int errors, pid_t *ret_child)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    sigset_t defaults;
    char **environment = copy_environment();
    (void)sigemptyset(&defaults);
    (void)sigaddset(&defaults, SIGPIPE);
    (void)sigaddset(&defaults, SIGXFSZ);
    (void)sigaddset(&defaults, SIGINT);
    (void)sigaddset(&defaults, SIGTERM);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawn_file_actions_init(&actions);
    bool ready =
        environment != NULL && posix_spawnattr_setsigdefault(&attributes, &defaults) == 0 &&
        posix_spawnattr_setpgroup(&attributes, 0) == 0 &&
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF) == 0 &&
        posix_spawn_file_actions_addopen(&actions, PROGRAM_INPUT, "/dev/null", O_RDONLY, 0) == 0 &&
        posix_spawn_file_actions_adddup2(&actions, output, PROGRAM_OUTPUT) == 0 &&
        posix_spawn_file_actions_adddup2(&actions, errors, PROGRAM_ERRORS) == 0;
#ifdef HBRSYNC_HAVE_ADDCLOSEFROM /* what libraries opened without O_CLOEXEC */
    ready = ready && posix_spawn_file_actions_addclosefrom_np(&actions, PROGRAM_ERRORS + 1) == 0;
#endif
    int result =
        ready ? posix_spawnp(ret_child, arguments[0], &actions, &attributes, arguments, environment)
              : ENOMEM;
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    free(environment);
    return result;
}

/* Reads what is there; the descriptor becomes -1 at the end. */
static void take(struct pollfd *wait, struct buffer *text)
{
    char chunk[CHUNK];
    if (wait->revents == 0) {
        return;
    }
    ssize_t got = read(wait->fd, chunk, sizeof(chunk));
    if (got > 0) {
        buffer_append(text, chunk, (size_t)got);
    } else if (got == 0 || errno != EINTR) {
        wait->fd = -1;
    }
    OPENSSL_cleanse(chunk, sizeof(chunk));
}

/* Reads until the end of the output and of the program, which may take its time between the two. */
static bool follow(pid_t child, int output_end, int said_end, int64_t timeout_ms,
                   struct buffer *output, struct buffer *said, int *ret_status, struct error *err)
{
    struct pollfd waits[] = {{.fd = output_end, .events = POLLIN},
                             {.fd = said_end, .events = POLLIN},
                             {.fd = interrupt_descriptor(), .events = POLLIN}};
    int64_t deadline = clock_monotonic_ms() + timeout_ms;
    bool ended = false;
    for (;;) {
        int64_t left = deadline - clock_monotonic_ms();
        if (!interrupt_check(err)) {
            return false;
        }
        if (left <= 0) {
            return error_set(err, ERROR_CREDENTIALS, "the external program did not end in time");
        }
        bool silent = waits[0].fd < 0;
        ended = ended || (silent && waitpid(child, ret_status, WNOHANG) != 0);
        if (poll(waits, 3, ended ? 0 : silent ? REAP_STEP_MS : (int)left) < 0) {
            continue; /* a signal */
        }
        if (ended && waits[1].revents == 0) {
            return true;
        }
        take(&waits[0], output);
        if (output->failed) {
            return error_set(err, ERROR_CREDENTIALS,
                             "the external program prints more than %zu bytes", output->maximum);
        }
        if (said->length >= CHUNK) {
            buffer_reset(said); /* its end is what is shown */
        }
        take(&waits[1], said);
    }
}

bool acs_external_run(const char *command, int64_t timeout_ms, struct buffer *output,
                      struct buffer *said, struct error *err)
{
    char *arguments[ARGUMENTS_MAX + 1];
    char program[PROGRAM_SHOWN_MAX + 4];
    int ends[] = {-1, -1, -1, -1}; /* to read and to write the output, and what it says */
    pid_t child = 0;
    int status = 0;
    buffer_init(said, (size_t)2 * CHUNK);
    char *words = text_copy(command);
    bool ok = words != NULL ? split(words, arguments, err) : error_no_memory(err);
    if (ok && (pipe2(ends, O_CLOEXEC) != 0 || pipe2(ends + 2, O_CLOEXEC) != 0)) {
        ok = error_set_errno(err, ERROR_INTERNAL, errno, "cannot make a pipe");
    } else if (ok) {
        int result = spawn(arguments, ends[1], ends[3], &child);
        (void)close(ends[1]);
        (void)close(ends[3]);
        ends[1] = ends[3] = -1;
        text_show(program, sizeof(program), arguments[0], strlen(arguments[0]), PROGRAM_SHOWN_MAX);
        ok = result == 0 || error_set_errno(err, ERROR_CREDENTIALS, result,
                                            "cannot run the external program %s", program);
    }
    bool done = ok && follow(child, ends[0], ends[2], timeout_ms, output, said, &status, err);
    if (ok && !done) {
        (void)kill(-child, SIGKILL);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
    }
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (ends[i] >= 0) {
            (void)close(ends[i]);
        }
    }
    free(words);
    if (!done || status == 0) {
        return done;
    }
    (void)error_set(err, ERROR_CREDENTIALS, "the external program ended %s %d",
                    WIFEXITED(status) ? "with status" : "by signal",
                    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return error_hint(err, "Run the profile's process_command by hand to see what it says.");
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
    bool named = !json_is_blank(json_find(root, "mode"));
    (void)json_find_text(root, "mode", mode, sizeof(mode)); /* else "" */
    bool token =
        named ? text_equal_nocase(mode, "StsToken") : !json_is_blank(json_find(root, "sts_token"));
    bool ok = (!named || token || text_equal_nocase(mode, "AK") ||
               error_set(err, ERROR_CREDENTIALS, "%s has no mode AK or StsToken", what)) &&
              acs_keys_read(root, ACS_KEY_NAMES_PROFILE, token, what, ret_credentials, err);
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

static const char *member_text(const struct json_node *root, const char *name)
{
    const struct json_node *value = json_find(root, name);
    return value->kind == JSON_TEXT ? value->text : NULL;
}

/* Adds the last line of what the program complained of, without what is or looks like a key. */
static void add_complaint(char *said, const struct buffer *output, struct error *err)
{
    struct error plain = *err;
    struct json_node *root = NULL;
    struct buffer shown;
    bool parsed = acs_keys_parse(output->data, output->length, "", &root, NULL);
    const struct acs_secrets secrets = {
        .key_secret = member_text(parsed ? root : NULL, "access_key_secret"),
        .token = member_text(root, "sts_token"),
    };
    for (size_t length = strlen(said); length > 0 && isspace((unsigned char)said[length - 1]);) {
        said[--length] = '\0';
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
    struct buffer output, said;
    buffer_init(&output, OUTPUT_MAX);
    bool ok = acs_external_run(command, ACS_EXTERNAL_TIMEOUT_MS, &output, &said, err) &&
              acs_external_read(output.data, output.length, ret_credentials, err);
    if (!ok) {
        add_complaint(said.data, &output, err);
    }
    ret_credentials->renewable = true;
    buffer_free_secret(&said);
    buffer_free_secret(&output);
    return ok;
}
