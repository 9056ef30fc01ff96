#include <sluice/base/text.hpp>

#include "gateway/endpoints.hpp"
#include "gateway/verbs.hpp"

namespace sluice {
namespace {

class Receive final : public Middleware {
 public:
  explicit Receive(const GatewayParts& parts) : clock_(parts.clock), metrics_(parts.metrics) {}

  Async<> handle(Exchange& exchange, Next next) const override {
    const auto coding = http::find(exchange.incoming.request().fields, "content-encoding");
    if (coding && !equals_ignoring_case(*coding, "identity")) {
      co_return Error(Fault::unsupported, Blame::client, "unsupported_content_encoding",
                      "Request bodies are taken without content coding only.");
    }
    if (chat::is_form(exchange.endpoint.task)) {
      Result<> read = co_await read_form(exchange);
      if (!read) co_return std::move(read).error();
      co_return co_await next(exchange);
    }
    const Result<std::string_view> body = co_await exchange.incoming.collect();
    if (!body) co_return body.error();
    const TimePoint began = clock_.now();
    exchange.body = *body;
    read_path(exchange);
    Result<chat::Outline> outline = exchange.spoken.outline(exchange.asked, *body, exchange.scratch.unescaped);
    if (!outline) co_return std::move(outline).error();
    exchange.outline = *std::move(outline);
    exchange.scratch.asked.assign(exchange.outline.model);
    metrics_.spent(Phase::receive, clock_.now() - began);
    co_return co_await next(exchange);
  }

 private:
  static Async<> read_form(Exchange& exchange) {
    const auto type = http::find(exchange.incoming.request().fields, "content-type");
    const auto boundary = http::form_boundary(type.value_or(""));
    if (!boundary) {
      co_return Error(Fault::bad_request, Blame::client, "invalid_form",
                      "This endpoint takes multipart/form-data with a boundary.");
    }
    exchange.form = std::make_unique<FormBody>(exchange.incoming, *boundary);
    const Result<std::string_view> beginning = co_await exchange.form->begin();
    if (!beginning) co_return beginning.error();
    exchange.body = *beginning;
    exchange.asked.task = exchange.endpoint.task;
    exchange.outline = exchange.form->outline();
    exchange.scratch.asked.assign(exchange.outline.model);
    co_return Ok{};
  }

  static void read_path(Exchange& exchange) {
    const Endpoint& endpoint = exchange.endpoint;
    exchange.asked.task = endpoint.task;
    exchange.asked.stream = endpoint.stream;
    exchange.asked.way = endpoint.way;
    if (!endpoint.names_model) return;
    model_in_path(endpoint, without_query(exchange.incoming.request().target), exchange.scratch.in_path);
    exchange.asked.model = exchange.scratch.in_path;
  }

  const Clock& clock_;
  WorkerMetrics& metrics_;
};

}  // namespace

std::unique_ptr<Middleware> receive(const GatewayParts& parts) { return std::make_unique<Receive>(parts); }

}  // namespace sluice
