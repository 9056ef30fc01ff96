#include <algorithm>

#include "gateway/access.hpp"
#include "gateway/verbs.hpp"

namespace sluice {
namespace {

// A pattern that takes the star's part as the model's name, asked for with nothing in its place.
bool leads_nowhere(const Model& model, std::string_view asked) {
  return std::any_of(model.targets.begin(), model.targets.end(),
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
  explicit Route(const GatewayParts& parts) : clock_(parts.clock), metrics_(parts.metrics) {}

  Async<> handle(Exchange& exchange, Next next) const override {
    const TimePoint began = clock_.now();
    const std::string_view asked = exchange.outline.model;
    // First the permission: who may not ask for a name does not learn whether it exists.
    if (!may_ask_for(exchange, asked)) co_return model_not_allowed(asked);
    exchange.model = exchange.world->find_model(asked);
    if (exchange.model == nullptr || leads_nowhere(*exchange.model, asked) || has_dot_segment(asked)) {
      exchange.model = nullptr;
      co_return no_such_model(asked);
    }
    metrics_.spent(Phase::route, clock_.now() - began);
    co_return co_await next(exchange);
  }

 private:
  const Clock& clock_;
  WorkerMetrics& metrics_;
};

}  // namespace

std::unique_ptr<Middleware> route(const GatewayParts& parts) { return std::make_unique<Route>(parts); }

}  // namespace sluice
