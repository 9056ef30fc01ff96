#include <sluice/gateway/gateway.hpp>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "gateway/credentials.hpp"
#include "gateway/endpoints.hpp"
#include "gateway/routing.hpp"
#include "gateway/token_callers.hpp"
#include "gateway/traces.hpp"
#include "gateway/verbs.hpp"

namespace sluice {
namespace {

using Chain = std::vector<std::unique_ptr<Middleware>>;

constexpr std::size_t path_in_logs = 1024;

// Every request that asks for an answer walks this way, in this order.
Chain make_chain(const GatewayParts& parts, Random& random, Traces& traces, TokenCallers& tokens) {
  Chain chain;
  chain.push_back(observe(parts, traces));
  chain.push_back(answer(parts));
  chain.push_back(authenticate(parts, tokens));
  chain.push_back(shed(parts));
  chain.push_back(receive(parts));
  chain.push_back(route(parts, random));
  chain.push_back(admit(parts));
  chain.push_back(fall_back(parts, random));
  return chain;  // call_upstream is the handler at its end
}

// Nowhere to go: the path or the method is wrong.
class Nowhere final : public Handler {
 public:
  Async<> handle(Exchange& exchange) const override {
    const Found found = find_endpoint(exchange.incoming.request().method, exchange.scratch.path);
    if (found.endpoint == nullptr) {
      co_return Error(Fault::not_found, Blame::client, "not_found", "There is no such path here.");
    }
    co_return Error(Fault::method_not_allowed, Blame::client, "method_not_allowed",
                    "This path does not take that method.")
        .with_allow(found.allow);
  }
};

class Door final : public Gateway {
 public:
  Door(const GatewayParts& parts, Random random, std::shared_ptr<const Snapshot> world)
      : parts_(parts),
        random_(random),
        dialect_(chat::openai_chat()),
        tokens_(parts.clock),
        chain_(make_chain(parts, random_, traces_, tokens_)),
        credentials_(parts),
        call_upstream_(sluice::call_upstream(parts, credentials_)),
        list_models_(sluice::list_models(parts)),
        tell_version_(sluice::tell_version(parts)),
        say_healthy_(sluice::say_healthy()) {
    use(std::move(world));
  }

  // In a control block of this worker's own: the count is touched by every request, and would else be a cache line
  // that all cores fight for.
  void use(std::shared_ptr<const Snapshot> world) override {
    const Snapshot* snapshot = world.get();
    tokens_.forget();  // they belong to teams of the snapshot before
    world_ =
        std::shared_ptr<const Snapshot>(snapshot, [held = std::move(world)](const Snapshot*) mutable { held.reset(); });
  }

  void use(std::shared_ptr<const IssuedKeys> keys) override {
    const IssuedKeys* issued = keys != nullptr && keys->any() ? keys.get() : nullptr;
    issued_.reset();
    tokens_.forget();  // a key may be called like one of their bearers
    if (issued == nullptr) return;
    issued_ = std::shared_ptr<const IssuedKeys>(issued,
                                                [held = std::move(keys)](const IssuedKeys*) mutable { held.reset(); });
  }

  void use(std::shared_ptr<const TokenKeys> keys) override { tokens_.use(std::move(keys)); }

  std::optional<Trace> trace_of(std::string_view request_id) const override {
    const Trace* trace = traces_.find(request_id);
    if (trace == nullptr) return std::nullopt;
    return *trace;
  }

  std::size_t renewing() const override { return credentials_.renewing(); }
  void stop_renewing() override { credentials_.stop_renewing(); }

  Async<> serve(net::Incoming& incoming, net::Reply& reply) override {
    const http::RequestView& request = incoming.request();
    const std::string_view path = without_query(request.target);
    const Found found = find_endpoint(request.method, path);
    const bool allowed = found.endpoint != nullptr && found.method_allowed;
    Scratch* scratch = borrow();
    const Endpoint& endpoint = found.endpoint != nullptr ? *found.endpoint : nowhere;
    Exchange exchange(world_, endpoint, dialect_for(endpoint, request.fields), incoming, reply, *scratch,
                      incoming.arrived());
    exchange.issued = issued_;
    scratch->path.assign(path.substr(0, path_in_logs));
    scratch->asked.clear();
    scratch->dropped.clear();
    scratch->routing->clear();
    name(request, *scratch);
    Result<> outcome = co_await way(found, allowed)(exchange);
    give_back(scratch);
    co_return outcome;
  }

  Refusal refuse(int status, std::string_view reason, std::string_view peer) override {
    parts_.metrics.rejected(status == 503   ? Rejection::overload
                            : status == 408 ? Rejection::too_slow
                                            : Rejection::malformed);
    refused_id_ = RequestId(random_);
    AccessRecord record;
    record.time = parts_.clock.utc();
    record.request_id = refused_id_.text();
    record.client = peer;
    record.status = status;
    record.error = code_of(status);
    parts_.access_log.write(record);
    const Fault fault = status == 503 ? Fault::unavailable : Fault::bad_request;
    refusal_.clear();
    dialect_.encode_error(Error(fault, Blame::client, code_of(status), std::string(reason)), refusal_);
    return {refused_id_.text(), refusal_};
  }

 private:
  static constexpr Endpoint nowhere{};

  static std::string_view code_of(int status) {
    switch (status) {
      case 408:
        return "request_timeout";
      case 503:
        return "service_unavailable";
      default:
        return "invalid_request";
    }
  }

  // Paths outside the API are answered and logged, but nobody is asked for a key.
  Next way(const Found& found, bool allowed) const {
    const std::span<const std::unique_ptr<Middleware>> all(chain_);
    if (!allowed) return Next(all.first(2), nowhere_);
    switch (found.endpoint->kind) {
      case Endpoint::Kind::nowhere:
        return Next(all.first(2), nowhere_);
      case Endpoint::Kind::health:
        return Next(all.first(2), *say_healthy_);
      case Endpoint::Kind::models:
      case Endpoint::Kind::model:
      case Endpoint::Kind::tags:
        return Next(all.first(3), *list_models_);
      case Endpoint::Kind::version:
        return Next(all.first(3), *tell_version_);
      case Endpoint::Kind::converse:
        break;
    }
    return Next(all, *call_upstream_);
  }

  // The caller's own id, if it may be used, else one of ours.
  void name(const http::RequestView& request, Scratch& scratch) {
    for (const std::string_view field : {"x-request-id", "x-client-request-id"}) {
      const auto given = http::find(request.fields, field);
      if (given && is_usable_request_id(*given)) {
        scratch.id.assign(*given);
        return;
      }
    }
    scratch.id.assign(RequestId(random_).text());
  }

  Scratch* borrow() {
    if (idle_.empty()) {
      all_.push_back(std::make_unique<Scratch>());
      idle_.reserve(all_.size());
      idle_.push_back(all_.back().get());
    }
    Scratch* scratch = idle_.back();
    idle_.pop_back();
    return scratch;
  }
  void give_back(Scratch* scratch) {
    scratch->trim();
    idle_.push_back(scratch);
  }

  const GatewayParts parts_;
  Random random_;
  const chat::Dialect& dialect_;
  std::shared_ptr<const Snapshot> world_;
  std::shared_ptr<const IssuedKeys> issued_;  // null: there are none
  Traces traces_;
  TokenCallers tokens_;
  Chain chain_;
  Credentials credentials_;
  std::unique_ptr<Handler> call_upstream_;
  std::unique_ptr<Handler> list_models_;
  std::unique_ptr<Handler> tell_version_;
  std::unique_ptr<Handler> say_healthy_;
  Nowhere nowhere_;
  std::vector<std::unique_ptr<Scratch>> all_;
  std::vector<Scratch*> idle_;
  RequestId refused_id_;
  std::string refusal_;
};

}  // namespace

std::span<const std::string_view> Gateway::name_paths() {
  static constexpr std::array<std::string_view, 4> paths{"/v1/models/", "/models/", "/v1beta/models/", "/model/"};
  return paths;
}

std::unique_ptr<SharedTraffic> SharedTraffic::make() {
  auto traffic = std::make_unique<SharedTraffic>();
  Random random = random_from_system();
  traffic->hash_key = random.next();
  traffic->health = traffic::make_health(random);
  return traffic;
}

std::unique_ptr<Gateway> Gateway::make(GatewayParts parts, Random random, std::shared_ptr<const Snapshot> world) {
  return std::make_unique<Door>(parts, random, std::move(world));
}

}  // namespace sluice
