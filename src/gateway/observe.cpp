#include <chrono>
#include <utility>

#include "gateway/routing.hpp"
#include "gateway/traces.hpp"
#include "gateway/usage_record.hpp"
#include "gateway/verbs.hpp"

namespace sluice {
namespace {

class Observe final : public Middleware {
 public:
  Observe(const GatewayParts& parts, Traces& traces) : parts_(parts), traces_(traces) {}

  Async<> handle(Exchange& exchange, Next next) const override {
    const bool counted =
        exchange.endpoint.kind != Endpoint::Kind::nowhere && exchange.endpoint.kind != Endpoint::Kind::health;
    if (counted) parts_.metrics.request_began();
    // Copied, because the request's memory may be given back while the answer streams.
    const http::Method method = exchange.incoming.request().method;
    Result<> outcome = co_await next(exchange);
    const bool cut = !outcome && exchange.reply.begun() && exchange.streaming && !exchange.complete;
    if (!outcome && outcome.error().fault() == Fault::client_left) gone(exchange);
    if (counted) count(exchange);
    settle(exchange);
    if (exchange.model != nullptr) keep_trace(exchange);
    log(exchange, method, cut);
    co_return outcome;
  }

 private:
  // A client that left before the answer was complete is 499 in the books, whatever status it had seen.
  void gone(Exchange& exchange) const {
    if (exchange.complete) return;
    exchange.code_text = "client_left";
    exchange.code = parts_.labels.label(exchange.code_text);
    exchange.status = 499;
  }

  // What was not used of the tokens is given back, and the record is written. Strangers leave none: they are counted
  // and logged, and must not fill anybody's disk.
  void settle(Exchange& exchange) const {
    Bill& bill = exchange.bill;
    if (bill.tab) bill.tab->used(bill.input_used, bill.output_used);
    const bool is_asked = exchange.endpoint.kind == Endpoint::Kind::converse;
    if (parts_.recorder == nullptr || !is_asked || exchange.status == 401 || exchange.status == 0) return;
    const TimePoint now = parts_.clock.now();
    const UtcTime arrived = parts_.clock.utc() - std::chrono::duration_cast<UtcTime::duration>(now - exchange.began);
    const ledger::UsageRecord& record = finish_record(exchange, arrived, now);
    if (bill.entry == nullptr) {
      Result<std::unique_ptr<ledger::Entry>> entry = parts_.recorder->open(record);
      if (!entry) return;  // refused and not recorded: the log has it
      bill.entry = *std::move(entry);
    }
    bill.entry->settle(record);
    bill.entry.reset();
  }

  void keep_trace(const Exchange& exchange) const {
    Trace& trace = exchange.scratch.routing->trace;
    if (trace.targets_in_all == 0) return;
    const std::string& id = exchange.scratch.id;
    trace.id_size = id.copy(trace.id.data(), trace.id.size());
    trace.time = parts_.clock.utc();
    trace.route = exchange.route != nullptr ? exchange.route->label : labels::none;
    trace.model = exchange.model->label;
    trace.status = exchange.status;
    trace.took = parts_.clock.now() - exchange.began;
    traces_.keep(trace);
  }

  void count(const Exchange& exchange) const {
    const TimePoint now = parts_.clock.now();
    Answered answered;
    answered.route = exchange.route != nullptr ? exchange.route->label : labels::none;
    answered.model = exchange.model != nullptr ? exchange.model->label : asked_label(exchange);
    answered.provider = exchange.target != nullptr ? exchange.target->provider->label : labels::none;
    answered.code = exchange.code;
    answered.status = exchange.status;
    answered.stream = exchange.streaming || exchange.outline.stream;
    answered.reached_upstream = exchange.attempts > 0;
    answered.took = now - exchange.began;
    if (exchange.first_event) answered.first_token = *exchange.first_event - exchange.began;
    if (exchange.usage) {
      answered.input = exchange.usage->input;
      answered.cache_read = exchange.usage->cache_read;
      answered.cache_write = exchange.usage->cache_write;
      answered.output = exchange.usage->output;
      answered.reasoning = exchange.usage->reasoning;
    }
    parts_.metrics.answered(answered);
  }

  static Label asked_label(const Exchange& exchange) {
    return exchange.scratch.asked.empty() ? labels::none : labels::other;
  }

  void log(const Exchange& exchange, http::Method method, bool cut) const {
    const TimePoint now = parts_.clock.now();
    AccessRecord record;
    record.time = parts_.clock.utc();
    record.request_id = exchange.scratch.id;
    record.client = exchange.incoming.peer();
    record.method = http::to_string(method);
    record.path = exchange.scratch.path;
    record.status = exchange.status;
    record.error = exchange.code_text;
    if (exchange.caller != nullptr) {
      record.key = exchange.caller->name;
      if (exchange.caller->team != nullptr) record.team = exchange.caller->team->name;
    }
    if (exchange.route != nullptr) record.route = exchange.route->rule.name;
    if (exchange.model != nullptr) {
      record.model = exchange.model->name;
    } else if (!exchange.scratch.asked.empty()) {
      record.model = "other";
    }
    if (exchange.target != nullptr) record.provider = exchange.target->provider->name;
    record.attempts = static_cast<int>(exchange.attempts);
    record.stream = exchange.streaming || exchange.outline.stream;
    record.cut = cut;
    if (exchange.usage) {
      record.counted = true;
      record.input_tokens = exchange.usage->input + exchange.usage->cache_read + exchange.usage->cache_write;
      record.output_tokens = exchange.usage->output + exchange.usage->reasoning;
    }
    if (exchange.attempts > 0) record.cost_nano_usd = exchange.bill.cost;
    if (exchange.first_event) record.first_byte = *exchange.first_event - exchange.began;
    record.duration = now - exchange.began;
    record.bytes_in = exchange.incoming.bytes_in();
    record.bytes_out = exchange.reply.bytes_out();
    record.dropped = exchange.scratch.dropped;
    parts_.access_log.write(record);
  }

  const GatewayParts parts_;
  Traces& traces_;
};

}  // namespace

std::unique_ptr<Middleware> observe(const GatewayParts& parts, Traces& traces) {
  return std::make_unique<Observe>(parts, traces);
}

}  // namespace sluice
