#include "net/tls.hpp"

#include <array>
#include <ctime>
#include <utility>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sluice/net/pem.hpp>

namespace sluice::net {
namespace {

using X509Pointer = std::unique_ptr<X509, Freed<X509_free>>;
using StorePointer = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;

class PemIdentity final : public Identity {
 public:
  PemIdentity(SslContext context, UtcTime expires, std::array<unsigned char, 80> tickets)
      : context_(std::move(context)), expires_(expires), tickets_(tickets) {}
  UtcTime expires() const override { return expires_; }
  SSL_CTX* context() const { return context_.get(); }
  std::array<unsigned char, 80> tickets() const { return tickets_; }

 private:
  SslContext context_;  // holds the certificate, its chain and the key
  UtcTime expires_;
  std::array<unsigned char, 80> tickets_;  // so that a session can be resumed at another worker
};

class StoreTrust final : public Trust {
 public:
  explicit StoreTrust(StorePointer store) : store_(std::move(store)) {}
  X509_STORE* store() const { return store_.get(); }

 private:
  StorePointer store_;
};

Error wrong(const std::string& message) { return Error(Fault::internal, Blame::gateway, "tls_configuration", message); }

// Keys with a passphrase are refused rather than asked for on a terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

SslContext new_context(const SSL_METHOD* method) {
  SslContext context(SSL_CTX_new(method));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // Small records go out at once, large ones in parts; the caller repeats what was not taken from wherever it is by
  // then.
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  return context;
}

// Offers nothing but HTTP/1.1 (RFC 7301).
int choose_http11(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
                  unsigned in_length, void*) {
  static constexpr unsigned char mine[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, mine, sizeof mine - 1, in, in_length) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

UtcTime expiry_of(const X509& certificate) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* holder = static_cast<SessionHolder*>(SSL_get_app_data(ssl));
  if (holder == nullptr) return 0;
  holder->session.reset(session);
  return 1;  // ours now
}

}  // namespace

Result<std::shared_ptr<const Identity>> Identity::load(const std::string& certificate_file,
                                                       const std::string& key_file) {
  SslContext context = new_context(TLS_server_method());
  SSL_CTX_set_default_passwd_cb(context.get(), no_passphrase);
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1) {
    return wrong("cannot use the certificate " + certificate_file + ": " + last_tls_error());
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return wrong("cannot use the key " + key_file + ": " + last_tls_error());
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    return wrong("the key " + key_file + " does not belong to the certificate " + certificate_file);
  }
  std::array<unsigned char, 80> tickets{};
  SSL_CTX_get_tlsext_ticket_keys(context.get(), tickets.data(), tickets.size());
  const UtcTime expires = expiry_of(*SSL_CTX_get0_certificate(context.get()));
  return std::shared_ptr<const Identity>(std::make_shared<PemIdentity>(std::move(context), expires, tickets));
}

Result<std::shared_ptr<const Trust>> Trust::system() {
  StorePointer store(X509_STORE_new());
  if (X509_STORE_set_default_paths(store.get()) != 1) return wrong("cannot read the system's certificate authorities");
  return std::shared_ptr<const Trust>(std::make_shared<StoreTrust>(std::move(store)));
}

Result<std::shared_ptr<const Trust>> Trust::file(const std::string& path) {
  StorePointer store(X509_STORE_new());
  if (X509_STORE_load_file(store.get(), path.c_str()) != 1) {
    return wrong("cannot read certificate authorities from " + path + ": " + last_tls_error());
  }
  return std::shared_ptr<const Trust>(std::make_shared<StoreTrust>(std::move(store)));
}

Result<> check_pem(Pem purpose, const std::string& path) {
  const SslContext context = new_context(TLS_method());
  SSL_CTX_set_default_passwd_cb(context.get(), no_passphrase);
  int good = 0;
  ERR_clear_error();
  switch (purpose) {
    case Pem::certificate:
      good = SSL_CTX_use_certificate_chain_file(context.get(), path.c_str());
      break;
    case Pem::key:
      good = SSL_CTX_use_PrivateKey_file(context.get(), path.c_str(), SSL_FILETYPE_PEM);
      break;
    case Pem::authorities:
      good = SSL_CTX_load_verify_file(context.get(), path.c_str());
      break;
  }
  if (good == 1) return Ok{};
  // The first error tells the cause, the later ones which functions passed it on.
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  const std::string why = reason != nullptr ? reason : "unknown reason";
  ERR_clear_error();
  return wrong(why);
}

SslContext server_context(const Identity& identity) {
  const auto& pem = static_cast<const PemIdentity&>(identity);
  SslContext context = new_context(TLS_server_method());
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(pem.context(), &chain);
  SSL_CTX_use_cert_and_key(context.get(), SSL_CTX_get0_certificate(pem.context()),
                           SSL_CTX_get0_privatekey(pem.context()), chain, 1);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_http11, nullptr);
  auto tickets = pem.tickets();
  SSL_CTX_set_tlsext_ticket_keys(context.get(), tickets.data(), tickets.size());
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // tickets only: nothing grows here
  return context;
}

SslContext client_context(const Trust& trust) {
  SslContext context = new_context(TLS_client_method());
  SSL_CTX_set1_cert_store(context.get(), static_cast<const StoreTrust&>(trust).store());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  static constexpr unsigned char protocols[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context.get(), protocols, sizeof protocols - 1);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), keep_session);
  return context;
}

Ssl client_ssl(SSL_CTX& context, const std::string& host, SessionHolder& holder) {
  Ssl ssl(SSL_new(&context));
  std::array<unsigned char, 16> address{};
  const bool literal =
      inet_pton(AF_INET, host.c_str(), address.data()) == 1 || inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
  if (literal) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), host.c_str());  // RFC 6066 §3: no SNI for addresses
  } else {
    SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(host.c_str()));
    SSL_set1_host(ssl.get(), host.c_str());
    SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  }
  SSL_set_app_data(ssl.get(), &holder);
  // A TLS 1.3 ticket is good for one use (RFC 8446 §C.4), so it leaves the holder.
  if (const SslSession session = std::move(holder.session)) SSL_set_session(ssl.get(), session.get());
  SSL_set_connect_state(ssl.get());
  return ssl;
}

std::string last_tls_error() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "unknown reason";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(code);
}

}  // namespace sluice::net
