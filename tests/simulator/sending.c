#include "sending.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "memory.h"
#include "truth.h"

enum { PAUSE_STEP_MS = 50, BLOCK = 64 * 1024 };

/* A body that is handed out bit by bit. */
struct stream {
    struct simulator *simulator;
    enum delivery delivery;
    struct buffer body;
    int64_t pause_ms;
    bool has_paused;
    struct truth_walk *truth;
};

/* Sleeps, unless the simulator is being stopped. */
static void pause_for(const struct simulator *simulator, int64_t milliseconds)
{
    while (milliseconds > 0 && !atomic_load(&simulator->is_stopping)) {
        int64_t step = milliseconds < PAUSE_STEP_MS ? milliseconds : PAUSE_STEP_MS;
        struct timespec wait = {.tv_nsec = step * 1000000};
        nanosleep(&wait, NULL);
        milliseconds -= step;
    }
}

static ssize_t copy_out(const struct stream *stream, size_t from, size_t end, char *out,
                        size_t most)
{
    size_t size = end - from < most ? end - from : most;
    memcpy(out, stream->body.data + from, size);
    return (ssize_t)size;
}

static ssize_t read_stream(void *cls, uint64_t position, char *out, size_t most)
{
    struct stream *stream = cls;
    size_t length = stream->body.length;
    size_t at = (size_t)position;
    if (stream->truth != NULL) {
        size_t size = truth_read(stream->truth, out, most);
        return size > 0 ? (ssize_t)size : (ssize_t)MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (stream->delivery == DELIVER_ENDLESS) {
        return copy_out(stream, at % length, length, out, most);
    }
    if (stream->delivery == DELIVER_SLOW) {
        pause_for(stream->simulator, stream->pause_ms);
        return copy_out(stream, at, at + 1, out, most);
    }
    if (at < length / 2) {
        return copy_out(stream, at, length / 2, out, most);
    }
    if (stream->delivery == DELIVER_CUT) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (!stream->has_paused) {
        stream->has_paused = true;
        pause_for(stream->simulator, stream->pause_ms);
    }
    return copy_out(stream, at, length, out, most);
}

static void free_stream(void *cls)
{
    struct stream *stream = cls;
    truth_end(stream->truth);
    buffer_release(&stream->body);
    free(stream);
}

static struct MHD_Response *make_stream(struct simulator *simulator, struct reply *reply)
{
    struct stream *stream = must_alloc(sizeof *stream);
    *stream = (struct stream){.simulator = simulator,
                              .delivery = reply->delivery,
                              .body = reply->body,
                              .pause_ms = reply->pause_ms,
                              .truth = reply->truth};
    reply->body = (struct buffer){0};
    uint64_t size = stream->body.length;
    if (stream->truth != NULL) {
        size = MHD_SIZE_UNKNOWN;
    } else if (stream->delivery == DELIVER_ENDLESS) {
        size = (uint64_t)reply->bytes;
    }
    return MHD_create_response_from_callback(size, BLOCK, read_stream, stream, free_stream);
}

static struct MHD_Response *make_response(struct simulator *simulator, struct reply *reply)
{
    if (reply->truth != NULL || (reply->delivery != DELIVER_WHOLE && reply->body.length > 0)) {
        return make_stream(simulator, reply);
    }
    size_t length = reply->body.length;
    return MHD_create_response_from_buffer(length, buffer_detach(&reply->body),
                                           MHD_RESPMEM_MUST_FREE);
}

/* Disconnecting a connected socket makes the kernel send a reset at once. */
static void reset_connection(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    if (info != NULL) {
        setsockopt(info->connect_fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        connect(info->connect_fd, &nowhere, sizeof nowhere);
    }
}

enum MHD_Result send_reply(struct simulator *simulator, struct MHD_Connection *connection,
                           struct reply *reply)
{
    enum MHD_Result result = MHD_NO;
    pause_for(simulator, reply->latency_ms);
    if (reply->delivery == DELIVER_RESET) {
        reset_connection(connection);
    } else if (reply->delivery != DELIVER_CLOSE) {
        struct MHD_Response *response = make_response(simulator, reply);
        if (response == NULL) {
            give_up("out of memory");
        }
        for (size_t i = 0; i < reply->headers.count; i++) {
            MHD_add_response_header(response, reply->headers.items[i].name,
                                    reply->headers.items[i].value);
        }
        result = MHD_queue_response(connection, reply->status, response);
        MHD_destroy_response(response);
    }
    reply_release(reply);
    return result;
}
