/*
 * A scripted server on loopback for tests: a child process that gives prepared answers, one a
 * request, and records the requests.
 */
#ifndef HBRSYNC_TEST_ACS_SERVER_H
#define HBRSYNC_TEST_ACS_SERVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct server {
    int listener;
    int port;
    pid_t child;
    int requests; /* the reading end of a pipe with the requests' heads */
    char endpoint[64];
    char received[65536];
};

static bool read_head(int connection, char *head, size_t size)
{
    size_t used = 0;
    while (used + 1 < size) {
        ssize_t got = read(connection, head + used, size - used - 1);
        if (got <= 0) {
            return false;
        }
        used += (size_t)got;
        head[used] = '\0';
        if (strstr(head, "\r\n\r\n") != NULL) {
            return true;
        }
    }
    return false;
}

static void write_all(int descriptor, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t done = write(descriptor, text, left);
        if (done <= 0) {
            return;
        }
        text += done;
        left -= (size_t)done;
    }
}

/*
 * Gives the answers in turn. One that begins with '+' keeps the connection for the next; NULL is no
 * answer, ever.
 */
static void serve(int listener, int record, const char *const *script, size_t count)
{
    static char head[65536];
    int connection = -1;
    (void)alarm(60);
    (void)signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < count; i++) {
        if (connection < 0) {
            connection = accept(listener, NULL, NULL);
        }
        if (connection < 0 || !read_head(connection, head, sizeof(head))) {
            _exit(1);
        }
        write_all(record, head);
        if (script[i] == NULL) {
            (void)pause();
        }
        bool keep = script[i][0] == '+';
        write_all(connection, script[i] + (keep ? 1 : 0));
        if (!keep) {
            (void)close(connection);
            connection = -1;
        }
    }
    _exit(0);
}

static void listen_on_loopback(struct server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(server->listener >= 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(listen(server->listener, 16), 0);
    server->port = ntohs(address.sin_port);
    assert_true(snprintf(server->endpoint, sizeof(server->endpoint), "http://127.0.0.1:%d",
                         server->port) > 0);
}

static void server_start(struct server *server, const char *const *script, size_t count)
{
    int ends[2];
    memset(server, 0, sizeof(*server));
    listen_on_loopback(server);
    assert_int_equal(pipe(ends), 0);
    server->child = fork();
    assert_true(server->child >= 0);
    if (server->child == 0) {
        (void)close(ends[0]);
        serve(server->listener, ends[1], script, count);
    }
    (void)close(ends[1]);
    (void)close(server->listener);
    server->requests = ends[0];
}

/* Ends the server and collects what it received; the number of requests is returned. */
static size_t server_stop(struct server *server)
{
    size_t used = 0;
    size_t count = 0;
    ssize_t got;
    (void)kill(server->child, SIGTERM);
    assert_int_equal(waitpid(server->child, NULL, 0), server->child);
    while ((got = read(server->requests, server->received + used,
                       sizeof(server->received) - used - 1)) > 0) {
        used += (size_t)got;
    }
    server->received[used] = '\0';
    (void)close(server->requests);
    for (const char *at = server->received; (at = strstr(at, "\r\n\r\n")) != NULL; at += 4) {
        count++;
    }
    return count;
}

#endif
