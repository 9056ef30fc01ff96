#include <utility>

#include <sluice/base/text.hpp>

#include "gateway/access.hpp"
#include "gateway/endpoints.hpp"
#include "gateway/reply_fields.hpp"
#include "gateway/verbs.hpp"

namespace sluice {
namespace {

// One model in a shape that both families of clients read: the object of one, the display name and type of the other.
void append_model(std::string& out, std::string_view name) {
  out += R"({"id":")";
  append_json_escaped(out, name);
  out += R"(","object":"model","created":0,"owned_by":"sluice","type":"model","display_name":")";
  append_json_escaped(out, name);
  out += R"(","created_at":"1970-01-01T00:00:00Z"})";
}

void append_quoted_or_null(std::string& out, std::string_view name) {
  if (name.empty()) {
    out += "null";
    return;
  }
  out += '"';
  append_json_escaped(out, name);
  out += '"';
}

// Patterns are no models: they are answered for when asked for by name, but not listed.
bool is_listed(const Exchange& exchange, const Model& model) {
  return model.name.find('*') == std::string::npos && may_ask_for(exchange, model.name);
}

void append_list(std::string& out, const Exchange& exchange) {
  std::string_view first;
  std::string_view last;
  out += R"({"object":"list","data":[)";
  for (const Model& model : exchange.world->models()) {
    if (!is_listed(exchange, model)) continue;
    if (!first.empty()) out += ',';
    append_model(out, model.name);
    if (first.empty()) first = model.name;
    last = model.name;
  }
  out += R"(],"has_more":false,"first_id":)";
  append_quoted_or_null(out, first);
  out += R"(,"last_id":)";
  append_quoted_or_null(out, last);
  out += '}';
}

// The shape of clients who expect the models' files to be here: readers rely on all of these members.
void append_tags(std::string& out, const Exchange& exchange) {
  out += R"({"models":[)";
  bool is_first = true;
  for (const Model& model : exchange.world->models()) {
    if (!is_listed(exchange, model)) continue;
    if (!std::exchange(is_first, false)) out += ',';
    out += R"({"name":)";
    append_quoted_or_null(out, model.name);
    out += R"(,"model":)";
    append_quoted_or_null(out, model.name);
    out += R"(,"modified_at":"1970-01-01T00:00:00Z","size":0,"digest":"","details":{"parent_model":"","format":"",)";
    out += R"("family":"","families":[],"parameter_size":"","quantization_level":""}})";
  }
  out += "]}";
}

class ListModels final : public Handler {
 public:
  Async<> handle(Exchange& exchange) const override {
    std::string& body = exchange.scratch.body;
    body.clear();
    if (exchange.endpoint.kind == Endpoint::Kind::model) {
      std::string& name = exchange.scratch.in_path;
      model_in_path(exchange.endpoint, without_query(exchange.incoming.request().target), name);
      if (!may_ask_for(exchange, name)) co_return model_not_allowed(name);
      exchange.model = exchange.world->find_model(name);
      if (exchange.model == nullptr) co_return no_such_model(name);
      append_model(body, name);
    } else if (exchange.endpoint.kind == Endpoint::Kind::tags) {
      append_tags(body, exchange);
    } else {
      append_list(body, exchange);
    }
    ReplyFields fields(exchange);
    fields.add("content-type", "application/json");
    exchange.status = 200;
    const http::HeadView head{200, fields.all()};
    co_return co_await exchange.reply.send(head, http::Slices(body));
  }
};

class TellVersion final : public Handler {
 public:
  explicit TellVersion(std::string_view version) {
    body_ = R"({"version":")";
    append_json_escaped(body_, version);
    body_ += "\"}";
  }

  Async<> handle(Exchange& exchange) const override {
    ReplyFields fields(exchange);
    fields.add("content-type", "application/json");
    exchange.status = 200;
    const http::HeadView head{200, fields.all()};
    co_return co_await exchange.reply.send(head, http::Slices(body_));
  }

 private:
  std::string body_{};
};

class SayHealthy final : public Handler {
 public:
  Async<> handle(Exchange& exchange) const override {
    ReplyFields fields(exchange);
    fields.add("content-type", "text/plain; charset=utf-8");
    exchange.status = 200;
    const http::HeadView head{200, fields.all()};
    co_return co_await exchange.reply.send(head, http::Slices("ok\n"));
  }
};

}  // namespace

std::unique_ptr<Handler> list_models(const GatewayParts&) { return std::make_unique<ListModels>(); }
std::unique_ptr<Handler> tell_version(const GatewayParts& parts) {
  return std::make_unique<TellVersion>(parts.version);
}
std::unique_ptr<Handler> say_healthy() { return std::make_unique<SayHealthy>(); }

}  // namespace sluice
