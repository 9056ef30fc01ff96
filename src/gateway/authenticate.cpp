#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include <sluice/base/text.hpp>
#include <sluice/credential/aws_signature.hpp>
#include <sluice/credential/jwt.hpp>

#include "gateway/signed_caller.hpp"
#include "gateway/token_callers.hpp"
#include "gateway/verbs.hpp"

namespace sluice {
namespace {

// Where callers put their key; each provider's clients have their own habit.
constexpr std::array<std::string_view, 3> key_fields{"x-api-key", "api-key", "x-goog-api-key"};

struct Credential {
  std::string_view key;  // empty: none was sent
  bool ambiguous = false;
  bool foreign = false;    // `authorization` has a scheme we do not know
  bool is_signed = false;  // it has a signature
};

bool is_bearer(std::string_view value) {
  constexpr std::string_view scheme = "bearer ";
  return equals_ignoring_case(value.substr(0, scheme.size()), scheme) || equals_ignoring_case(value, "bearer");
}

// The token of `Authorization: Bearer` (RFC 6750 §2.1); an empty one counts as none.
std::string_view token_in(std::string_view value) {
  constexpr std::string_view scheme = "bearer ";
  if (value.size() < scheme.size()) return {};
  value.remove_prefix(scheme.size());
  while (value.starts_with(' ')) value.remove_prefix(1);
  return value;
}

// Two places with different keys would let two readers of the request see two callers.
Credential credential_in(std::span<const http::Field> fields) {
  Credential found;
  const auto offer = [&found](std::string_view key) {
    if (key.empty()) return;
    if (!found.key.empty() && found.key != key) found.ambiguous = true;
    found.key = key;
  };
  for (const http::Field& field : fields) {
    if (equals_ignoring_case(field.name, "authorization") && !field.value.empty()) {
      found.is_signed = found.is_signed || credential::AwsSignature::is_in(field.value);
      if (!is_bearer(field.value) && !found.is_signed) found.foreign = true;
      offer(is_bearer(field.value) ? token_in(field.value) : field.value);
    }
    for (const std::string_view name : key_fields) {
      if (equals_ignoring_case(field.name, name)) offer(field.value);
    }
  }
  return found;
}

Error unauthenticated(std::string message) {
  return Error(Fault::unauthenticated, Blame::client, "invalid_api_key", std::move(message));
}

class Authenticate final : public Middleware {
 public:
  Authenticate(const GatewayParts& parts, TokenCallers& tokens)
      : clock_(parts.clock), metrics_(parts.metrics), tokens_(tokens) {}

  Async<> handle(Exchange& exchange, Next next) const override {
    const TimePoint began = clock_.now();
    const Credential credential = credential_in(exchange.incoming.request().fields);
    if (credential.ambiguous) {
      co_return Error(Fault::bad_request, Blame::client, "ambiguous_credentials",
                      "The request carries two different API keys; send one.");
    }
    if (needs_key(exchange)) {
      if (credential.foreign) {
        co_return unauthenticated("The authorization header is not 'Bearer KEY'.");
      }
      if (credential.key.empty()) {
        co_return unauthenticated("No API key was sent. Send one as 'Authorization: Bearer KEY'.");
      }
      if (credential.is_signed) {
        const Result<> known = co_await find_signer(exchange, began);
        if (!known) co_return known.error();
      } else {
        Result<> found = find_caller(exchange, credential.key);
        if (!found) co_return std::move(found).error();
        metrics_.spent(Phase::auth, clock_.now() - began);
      }
      const Result<> allowed = within_bounds(exchange);
      if (!allowed) co_return allowed.error();
    }
    co_return co_await next(exchange);
  }

 private:
  // A key that has run out is as good as one that was never there.
  Result<> within_bounds(const Exchange& exchange) const {
    const Key::Bounds& bounds = exchange.caller->bounds;
    if (bounds.expires && clock_.utc() >= *bounds.expires) return unauthenticated("The API key has expired.");
    const auto has_peer = [&](const Network& network) { return network.contains(exchange.incoming.peer()); };
    if (bounds.networks && std::none_of(bounds.networks->begin(), bounds.networks->end(), has_peer)) {
      return Error(Fault::forbidden, Blame::client, "address_not_allowed",
                   "This API key may not be used from this address.");
    }
    const std::string_view endpoint = exchange.endpoint.name;
    if (bounds.endpoints && exchange.endpoint.kind == Endpoint::Kind::converse &&
        std::find(bounds.endpoints->begin(), bounds.endpoints->end(), endpoint) == bounds.endpoints->end()) {
      return Error(Fault::forbidden, Blame::client, "endpoint_not_allowed",
                   "This API key may not be used for " + std::string(endpoint) + ".");
    }
    return Ok{};
  }

  static bool needs_key(const Exchange& exchange) {
    return exchange.world->needs_keys() || (exchange.issued != nullptr && !exchange.world->is_open());
  }

  Result<> find_caller(Exchange& exchange, std::string_view shown) const {
    exchange.caller = exchange.world->find_key(shown);
    if (exchange.caller != nullptr) return Ok{};
    if (exchange.world->jwt() != nullptr && credential::is_like_token(shown)) return find_bearer(exchange, shown);
    if (exchange.issued == nullptr) return unknown_key();
    const bool asks_a_model = exchange.endpoint.kind == Endpoint::Kind::converse;
    const Result<const Key*> issued = exchange.issued->admit(
        {shown, exchange.incoming.peer(), asks_a_model ? exchange.endpoint.name : std::string_view(), clock_.utc()});
    if (!issued) return issued.error();
    exchange.caller = *issued;
    return Ok{};
  }

  Result<> find_bearer(Exchange& exchange, std::string_view token) const {
    Result<std::shared_ptr<const Key>> bearer = tokens_.find(*exchange.world, exchange.issued.get(), token);
    if (!bearer) return std::move(bearer).error();
    exchange.bearer = *std::move(bearer);
    exchange.caller = exchange.bearer.get();
    return Ok{};
  }

  // A signature covers the body, so that this caller's is read before the caller is known.
  Async<> find_signer(Exchange& exchange, TimePoint began) const {
    const Result<SignedCaller> caller = SignedCaller::read(*exchange.world, exchange.incoming.request(), clock_.utc());
    if (!caller) co_return caller.error();
    const Duration for_head = clock_.now() - began;
    const Result<std::string_view> body = co_await exchange.incoming.collect();
    if (!body) co_return body.error();
    const TimePoint arrived = clock_.now();
    const Result<const Key*> key = caller->confirm(*body);
    if (!key) co_return key.error();
    exchange.caller = *key;
    metrics_.spent(Phase::auth, for_head + (clock_.now() - arrived));
    co_return Ok{};
  }

  const Clock& clock_;
  WorkerMetrics& metrics_;
  TokenCallers& tokens_;
};

}  // namespace

std::unique_ptr<Middleware> authenticate(const GatewayParts& parts, TokenCallers& tokens) {
  return std::make_unique<Authenticate>(parts, tokens);
}

}  // namespace sluice
