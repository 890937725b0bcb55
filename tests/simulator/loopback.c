#include "loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 128, ATTEMPTS = 20 };

static int listen_on(const struct sockaddr *address, socklen_t size)
{
    int on = 1;
    int listener = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0) {
        return -1;
    }
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->sa_family == AF_INET6) {
        setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (bind(listener, address, size) != 0 || listen(listener, BACKLOG) != 0) {
        int problem = errno;
        close(listener);
        errno = problem;
        return -1;
    }
    return listener;
}

static int listen_on_ipv4(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = listen_on((const struct sockaddr *)&address, sizeof address);
    socklen_t size = sizeof address;
    if (listener >= 0 && getsockname(listener, (struct sockaddr *)&address, &size) == 0) {
        *port = ntohs(address.sin_port);
    }
    return listener;
}

static int listen_on_ipv6(uint16_t port)
{
    struct sockaddr_in6 address = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    return listen_on((const struct sockaddr *)&address, sizeof address);
}

bool loopback_listen(uint16_t *port, int sockets[2])
{
    uint16_t wanted = *port;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        *port = wanted;
        sockets[0] = listen_on_ipv4(port);
        if (sockets[0] < 0) {
            return false;
        }
        sockets[1] = listen_on_ipv6(*port);
        if (sockets[1] >= 0 || errno != EADDRINUSE) {
            return true;
        }
        close(sockets[0]);
        if (wanted != 0) {
            return false;
        }
    }
    return false;
}
