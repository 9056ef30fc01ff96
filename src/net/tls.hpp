#pragma once

#include <memory>
#include <string>

#include <openssl/ssl.h>

#include <sluice/net/server.hpp>
#include <sluice/net/transport.hpp>

namespace sluice::net {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using SslContext = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, Freed<SSL_free>>;
using SslSession = std::unique_ptr<SSL_SESSION, Freed<SSL_SESSION_free>>;

// A context for the listener's side: TLS 1.2 or newer, HTTP/1.1 only. One per worker.
SslContext server_context(const Identity& identity);

// A context for calling upstreams: TLS 1.2 or newer, chain and host name verified against `trust`. One per worker
// and trust. Sessions for resumption are handed to the holder set with keep_sessions().
SslContext client_context(const Trust& trust);

// Where a connection leaves the session it got, for the next one to the same origin.
struct SessionHolder {
  SslSession session;
};

// A connection's SSL object, set up for that host (SNI unless it is an address, and the name or address to verify).
// `holder` outlives the object; a session in it is offered.
Ssl client_ssl(SSL_CTX& context, const std::string& host, SessionHolder& holder);

// What the last TLS failure was, for logs and error messages; empties OpenSSL's queue.
std::string last_tls_error();

}  // namespace sluice::net
