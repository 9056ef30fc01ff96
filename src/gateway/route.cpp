#include <algorithm>

#include "gateway/access.hpp"
#include "gateway/routing.hpp"
#include "gateway/verbs.hpp"

namespace sluice {
namespace {

// A pattern that takes the star's part as the model's name, asked for with nothing in its place.
bool leads_nowhere(const Model& model, std::string_view asked) {
  return model.name.find('*') != std::string::npos &&
         std::any_of(model.targets.begin(), model.targets.end(),
                     [](const Target& target) { return target.model == "*"; }) &&
         model.captured(asked).empty();
}

// Names may become parts of paths, where these mean another folder (RFC 3986 §5.2.4).
bool has_dot_segment(std::string_view name) {
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view segment = name.substr(begin, end - begin);
    if (segment == "." || segment == "..") return true;
    begin = end + 1;
  }
  return false;
}

class Route final : public Middleware {
 public:
  Route(const GatewayParts& parts, Random& random) : parts_(parts), random_(random) {}

  Async<> handle(Exchange& exchange, Next next) const override {
    const TimePoint began = parts_.clock.now();
    const std::string_view asked = exchange.outline.model;
    // First the permission: who may not ask for a name does not learn whether it exists.
    if (!may_ask_for(exchange, asked)) co_return model_not_allowed(asked);
    Routing& routing = *exchange.scratch.routing;
    routing.inquiry.emplace(inquiry_of(exchange));
    routing.decision = decide(*exchange.world, *routing.inquiry);
    exchange.model = routing.decision.model;
    exchange.route = routing.decision.route;
    if (exchange.model == nullptr || leads_nowhere(*exchange.model, asked) || has_dot_segment(asked)) {
      exchange.model = nullptr;
      co_return no_such_model(asked);
    }
    parts_.metrics.spent(Phase::route, parts_.clock.now() - began);
    co_return co_await next(exchange);
  }

 private:
  Inquiry::Asked inquiry_of(const Exchange& exchange) const {
    return {.caller = exchange.caller,
            .endpoint = exchange.endpoint.name,
            .spoken = exchange.spoken,
            .path = exchange.asked,
            .model = exchange.outline.model,
            .stream = exchange.outline.stream,
            .fields = exchange.incoming.request().fields,
            .body = exchange.form != nullptr ? std::string_view() : exchange.body,
            .random = random_.next(),
            .hash_key = parts_.traffic.hash_key,
            .utc = parts_.clock.utc()};
  }

  const GatewayParts parts_;
  Random& random_;
};

}  // namespace

std::unique_ptr<Middleware> route(const GatewayParts& parts, Random& random) {
  return std::make_unique<Route>(parts, random);
}

}  // namespace sluice
