/* A throw-away certificate authority and a server certificate of it. */
#ifndef SIMULATOR_TLS_H
#define SIMULATOR_TLS_H

#include <stdbool.h>
#include <stddef.h>

struct tls_identity {
    char *key_pem;         /* of the server, PKCS #8 */
    char *certificate_pem; /* of the server */
};

/* Makes the authority and a certificate for localhost, the loopback addresses, <region>.localhost
 * and the service's own names, and writes the authority's certificate to `ca_file` by rename. */
bool tls_make_identity(struct tls_identity *identity, char *const *regions, size_t region_count,
                       const char *ca_file);

void tls_identity_release(struct tls_identity *identity);

/* Writes a file by way of a temporary one beside it. */
bool write_by_rename(const char *path, const char *text);

#endif
