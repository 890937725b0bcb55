#include "http.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "codec.h"
#include "control.h"
#include "loopback.h"
#include "memory.h"
#include "sending.h"
#include "service.h"
#include "temporary_keys.h"

enum {
    MOST_BODY = 1024 * 1024,
    CONNECTION_MEMORY = 512 * 1024, /* request line and headers; a filter of 500 ids is long */
    MOST_CONNECTIONS = 200,
    IDLE_SECONDS = 600
};

/* A request while it is being read. */
struct exchange {
    struct request request;
    bool headers_are_read;
    bool is_too_long;
};

static void *begin_exchange(void *cls, const char *target, struct MHD_Connection *connection)
{
    (void)cls;
    (void)connection;
    struct exchange *exchange = must_alloc(sizeof *exchange);
    request_set_target(&exchange->request, target);
    return exchange;
}

static void end_exchange(void *cls, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)connection;
    (void)code;
    struct exchange *exchange = *context;
    if (exchange != NULL) {
        request_release(&exchange->request);
        free(exchange);
        *context = NULL;
    }
}

static enum MHD_Result take_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    (void)kind;
    struct request *request = cls;
    char *lower = must_copy(name);
    for (char *at = lower; *at != '\0'; at++) {
        *at = (char)tolower((unsigned char)*at);
    }
    pair_add(&request->headers, lower, value != NULL ? value : "");
    free(lower);
    return MHD_YES;
}

static void take_body(struct exchange *exchange, const char *bytes, size_t size)
{
    if (size > MOST_BODY - exchange->request.body.length) {
        exchange->is_too_long = true;
    } else if (!exchange->is_too_long) {
        buffer_append(&exchange->request.body, bytes, size);
    }
}

/* The Date of an answer, from the world's clock. */
static void add_date(const struct simulator *simulator, struct reply *reply)
{
    time_t now = (time_t)(world_now(&simulator->world) + simulator->settings.clock_skew_seconds);
    struct tm parts;
    char text[64];
    if (gmtime_r(&now, &parts) != NULL &&
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts) > 0) {
        reply_header(reply, "Date", text);
    }
}

static void answer_request(struct simulator *simulator, const struct exchange *exchange,
                           struct reply *reply)
{
    const struct request *request = &exchange->request;
    bool is_known_method =
        strcmp(request->method, "GET") == 0 || strcmp(request->method, "POST") == 0 ||
        (strcmp(request->method, "PUT") == 0 && strncmp(request->path, "/latest/", 8) == 0);
    pthread_mutex_lock(&simulator->lock);
    if (exchange->is_too_long) {
        reply_text(reply, 413, "text/plain", "the body is too long\n");
    } else if (!is_known_method) {
        reply_text(reply, 405, "text/plain", "only GET and POST\n");
    } else if (strncmp(request->path, "/control/", 9) == 0) {
        control_answer(simulator, request, reply);
    } else if (strncmp(request->path, "/latest/", 8) == 0) {
        metadata_answer(simulator, request, reply);
    } else if (strcmp(request->path, "/credentials-uri") == 0) {
        credentials_uri_answer(simulator, request, reply);
    } else if (strcmp(request->path, "/") == 0) {
        service_answer(simulator, request, reply);
    } else {
        reply_text(reply, 404, "text/plain", "nothing here\n");
    }
    add_date(simulator, reply);
    pthread_mutex_unlock(&simulator->lock);
}

static bool accepts_gzip(const struct request *request)
{
    const char *accepted = pair_find(&request->headers, "accept-encoding");
    const char *gzip = accepted != NULL ? strstr(accepted, "gzip") : NULL;
    return gzip != NULL && strncmp(gzip, "gzip;q=0,", 9) != 0 && strcmp(gzip, "gzip;q=0") != 0;
}

static void compress(struct reply *reply)
{
    struct buffer compressed = {0};
    gzip_compress(&compressed, reply->body.data, reply->body.length);
    buffer_release(&reply->body);
    reply->body = compressed;
    reply_header(reply, "Content-Encoding", "gzip");
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload_data,
                              size_t *upload_size, void **context)
{
    (void)url;
    (void)version;
    struct simulator *simulator = cls;
    struct exchange *exchange = *context;
    if (!exchange->headers_are_read) {
        exchange->headers_are_read = true;
        exchange->request.method = must_copy(method);
        MHD_get_connection_values(connection, MHD_HEADER_KIND, take_header, &exchange->request);
        return MHD_YES;
    }
    if (*upload_size > 0) {
        take_body(exchange, upload_data, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    struct reply reply = {0};
    answer_request(simulator, exchange, &reply);
    if (reply.may_gzip && reply.delivery != DELIVER_ENDLESS && reply.body.length > 0 &&
        accepts_gzip(&exchange->request)) {
        compress(&reply);
    }
    return send_reply(simulator, connection, &reply);
}

static struct MHD_Daemon *start_daemon(struct simulator *simulator, int listener,
                                       const struct tls_identity *tls)
{
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                     MHD_USE_POLL | MHD_USE_SUPPRESS_DATE_NO_CLOCK |
                     (tls != NULL ? (unsigned)MHD_USE_TLS : 0U);
    struct MHD_OptionItem tls_options[] = {
        {MHD_OPTION_END, 0, NULL}, {MHD_OPTION_END, 0, NULL}, {MHD_OPTION_END, 0, NULL}};
    if (tls != NULL) {
        tls_options[0] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, tls->key_pem};
        tls_options[1] =
            (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, tls->certificate_pem};
    }
    return MHD_start_daemon(
        flags, 0, NULL, NULL, handle, simulator, MHD_OPTION_LISTEN_SOCKET, listener,
        MHD_OPTION_URI_LOG_CALLBACK, begin_exchange, NULL, MHD_OPTION_NOTIFY_COMPLETED,
        end_exchange, NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)MOST_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_SECONDS, MHD_OPTION_ARRAY, tls_options, MHD_OPTION_END);
}

bool http_start(struct http_server *server, struct simulator *simulator, uint16_t port,
                const struct tls_identity *tls)
{
    int sockets[2];
    server->port = port;
    if (!loopback_listen(&server->port, sockets)) {
        return false;
    }
    for (int i = 0; i < 2; i++) {
        if (sockets[i] < 0) {
            continue;
        }
        server->daemons[i] = start_daemon(simulator, sockets[i], tls);
        if (server->daemons[i] == NULL) {
            return false;
        }
    }
    return true;
}

void http_stop(struct http_server *server)
{
    for (int i = 0; i < 2; i++) {
        if (server->daemons[i] != NULL) {
            MHD_stop_daemon(server->daemons[i]);
        }
    }
}
