#include "gateway/translate_operation.hpp"

#include <memory>
#include <string>
#include <utility>

#include "gateway/held_fields.hpp"
#include "gateway/translation_limits.hpp"
#include "gateway/usage_cost.hpp"

namespace sluice {

Result<chat::Rendered> render_operation(Exchange& exchange, std::string_view model) {
  if (exchange.operation == nullptr) {
    if (Result<Ok> room = make_room(exchange); !room) return std::move(room).error();
    Result<std::unique_ptr<chat::Operation>> read =
        chat::Operation::read(exchange.spoken, exchange.endpoint.task, exchange.body, exchange.outline.model);
    if (!read) return std::move(read).error();
    exchange.operation = *std::move(read);
  }
  return exchange.operation->write_for(*exchange.voice->dialect, model, exchange.voice->quirks);
}

Async<> answer_operation(const RelayParts& parts, Exchange& exchange, net::Call& call) {
  const Result<> collected = co_await call.collect(largest_answer);
  if (!collected) co_return collected.error();
  const std::string id = "answer-" + exchange.scratch.id;
  Result<chat::Operation::Reply> reply = exchange.operation->reply_from(*exchange.voice->dialect, call.pending(), id);
  if (!reply) co_return reply.error();
  exchange.usage = reply->usage;
  exchange.scratch.body = std::move(reply->body);
  co_return co_await send_translated(parts, exchange);
}

Async<> send_translated(const RelayParts& parts, Exchange& exchange) {
  UsageCost(exchange).add_to(exchange.scratch.body);
  HeldFields held(exchange, parts.clock.now());
  held.add("content-type", "application/json");
  if (!exchange.scratch.dropped.empty()) held.add("x-sluice-dropped", exchange.scratch.dropped);
  held.add_cost(exchange);
  exchange.first_event = parts.clock.now();
  exchange.status = 200;
  const http::HeadView head{200, held.all()};
  co_return co_await exchange.reply.send(head, http::Slices(exchange.scratch.body));
}

}  // namespace sluice
