#include "gateway/upstream_body.hpp"

#include <string>
#include <utility>

#include <sluice/base/text.hpp>

#include "gateway/dropped_fields.hpp"
#include "gateway/names.hpp"
#include "gateway/translate.hpp"

namespace sluice {
namespace {

std::string_view model_for(const Exchange& exchange) {
  return name_at(*exchange.target, *exchange.serving, exchange.outline.model);
}

// The JSON string that goes where the caller wrote it.
std::string_view model_json_for(Exchange& exchange) {
  const Target& target = *exchange.target;
  if (!target.model_json.empty()) return target.model_json;
  const chat::Range written = exchange.outline.model_value;
  const std::string_view asked = exchange.outline.model;
  const bool is_as_written = target.model.empty() && name_of_ours(*exchange.serving, asked) == asked;
  if (is_as_written) return exchange.body.substr(written.begin, written.end - written.begin);
  exchange.scratch.renamed = '"';
  append_json_escaped(exchange.scratch.renamed, model_for(exchange));
  exchange.scratch.renamed += '"';
  return exchange.scratch.renamed;
}

net::Outgoing form_for(Exchange& exchange, std::string_view model) {
  net::Outgoing outgoing;
  outgoing.body = exchange.form->retarget(exchange.body, model);
  if (exchange.form->left() > 0) outgoing.rest = exchange.form.get();
  return outgoing;
}

}  // namespace

Wording word(const Exchange& exchange) {
  const chat::Task task = exchange.endpoint.task;
  Wording wording;
  wording.model = model_for(exchange);
  const bool is_own = exchange.voice->dialect == &exchange.spoken;
  wording.as_it_is = is_own && !chat::must_rewrite(exchange.spoken, task, exchange.body,
                                                   wording.model != exchange.outline.model, exchange.voice->quirks);
  // A conversation may have been written anew, but what is said next is in the caller's words.
  wording.answers_as_it_is = wording.as_it_is || (is_own && task == chat::Task::chat);
  wording.meter_stream = exchange.outline.stream && chat::has_metered_stream(task);
  return wording;
}

Result<net::Outgoing> write_upstream_body(const GatewayParts& parts, Exchange& exchange, const Wording& wording) {
  exchange.scratch.dropped.clear();
  exchange.scratch.answer_tool.clear();
  exchange.scratch.way = exchange.asked.way;
  if (exchange.form != nullptr) return form_for(exchange, wording.model);
  const chat::Task task = exchange.endpoint.task;
  const chat::Door* const door = exchange.voice->door;
  net::Outgoing outgoing;
  if (wording.as_it_is && door == nullptr) {
    const chat::Quirks& quirks = exchange.voice->quirks;
    const bool asks_for_usage = wording.meter_stream && !quirks.tells_usage && quirks.takes("stream_options");
    outgoing.body = exchange.spoken.retarget(exchange.body, exchange.outline, model_json_for(exchange), asks_for_usage);
    return outgoing;
  }
  chat::Letter letter;
  letter.task = task;
  if (wording.as_it_is) {
    letter.body = exchange.body;
    letter.model_json = model_json_for(exchange);
    letter.fields = exchange.incoming.request().fields;
  } else {
    Result<chat::Dropped> dropped = translate_request(exchange, wording.model);
    if (!dropped) return std::move(dropped).error();
    count_dropped(*dropped, exchange.target->provider->label, parts.metrics, parts.labels);
    letter.body = exchange.scratch.translated;
  }
  outgoing.body = door != nullptr ? door->envelop(letter, exchange.scratch.envelope) : http::Slices(letter.body);
  return outgoing;
}

}  // namespace sluice
