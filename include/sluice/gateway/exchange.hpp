#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sluice/base/clock.hpp>
#include <sluice/chat/dialect.hpp>
#include <sluice/chat/operation.hpp>
#include <sluice/gateway/bill.hpp>
#include <sluice/gateway/form_body.hpp>
#include <sluice/gateway/issued_keys.hpp>
#include <sluice/gateway/snapshot.hpp>
#include <sluice/net/service.hpp>

namespace sluice {

// A path we serve.
struct Endpoint {
  std::string_view name{};  // under which rules know it
  enum class Kind : std::uint8_t { converse, models, model, tags, version, health, nowhere };
  std::string_view path{};    // where a model's name follows: up to that
  std::string_view suffix{};  // behind the model's name, if there is one
  bool names_model = false;
  bool versioned = false;  // also served below /v1
  http::Method method = http::Method::other;
  Kind kind = Kind::nowhere;
  chat::Task task{};                                       // for `converse`
  std::optional<bool> stream{};                            // for `converse`: what the path says
  chat::Way way = chat::Way::usual;                        // the same
  const chat::Dialect& (*dialect)() = &chat::openai_chat;  // in which it speaks and fails
};

struct Routing;

// Memory that is used again by the worker's next exchanges.
struct Scratch {
  Scratch();
  ~Scratch();
  std::unique_ptr<Routing> routing;  // what was thought of the request's targets; never null
  std::string id;
  std::string path;
  std::string asked;           // the model's name as the caller meant it
  std::string unescaped;       // outline()'s
  std::string in_path;         // the model's name in the path
  std::string renamed;         // a model name made for one request, as JSON
  std::string envelope;        // what a door puts into the upstream request's body
  std::string target;          // of the upstream request
  std::string head;            // of the upstream request
  std::string proof;           // the lines of that head which prove who we are, where they are made for each request
  std::string timing;          // the server-timing value
  std::string body;            // of an answer of our own
  std::string translated;      // the body of a request to a provider of another dialect
  chat::Way way{};             // of the request to the provider
  std::string answer_tool;     // of the same: the tool it is to answer by (chat/schema_tool.hpp); empty: none
  std::string dropped;         // what that dialect could not say, for x-sluice-dropped
  ledger::UsageRecord record;  // of the exchange
  std::vector<ledger::AttemptRecord> spare_attempts;  // whose memory is used again

  // Gives memory of bodies back that is too much to be kept for the next exchange.
  void trim() {
    constexpr std::size_t most_kept = 64 * 1024;
    for (std::string* text : {&body, &translated}) {
      if (text->capacity() > most_kept) std::string().swap(*text);
    }
  }
};

// Everything about one request, from the head read to the last byte written. Lives on the session's coroutine frame;
// belongs to one worker. Who may write which member is told in docs/explanation/architecture.md.
struct Exchange {
  Exchange(std::shared_ptr<const Snapshot> the_world, const Endpoint& the_endpoint, const chat::Dialect& the_dialect,
           net::Incoming& the_request, net::Reply& the_reply, Scratch& the_scratch, TimePoint start)
      : world(std::move(the_world)),
        endpoint(the_endpoint),
        spoken(the_dialect),
        incoming(the_request),
        reply(the_reply),
        scratch(the_scratch),
        began(start) {}

  // Fixed at the front door.
  std::shared_ptr<const Snapshot> world;
  std::shared_ptr<const IssuedKeys> issued{};  // null: there are none
  const Endpoint& endpoint;
  const chat::Dialect& spoken;
  net::Incoming& incoming;
  net::Reply& reply;
  Scratch& scratch;
  TimePoint began;

  const Key* caller = nullptr;          // authenticate; null: nobody needed a key
  std::shared_ptr<const Key> bearer{};  // authenticate: the caller, where it showed a token
  std::string_view body;                // receive; void after the reply has begun to stream
  std::unique_ptr<FormBody> form;       // receive: where the body is one, of which `body` is the beginning
  chat::Asked asked;                    // receive: what the path said
  chat::Outline outline;                // receive
  Bill bill;                            // admit, call_upstream
  const Rule* route = nullptr;          // route: the rule that decided; null: none
  const Model* model = nullptr;         // route

  // fall_back
  const Model* serving = nullptr;  // the model, or one of its fallbacks: the target's
  const Target* target = nullptr;
  traffic::Pass* pass = nullptr;      // of the attempt under way
  const ProviderKey* key = nullptr;   // with which the target is asked
  traffic::FailureClasses curable{};  // refusals that are not passed on, because there is somebody else to ask
  TimePoint caller_waits_until = TimePoint::max();  // receive: by the caller's own word

  // call_upstream
  const Voice* voice = nullptr;  // how the target is spoken to
  // Decoded once, by the first attempt in another dialect; each such attempt puts its model's name in.
  std::unique_ptr<chat::Request> request;
  std::unique_ptr<chat::Operation> operation;  // the same for what is asked beside conversations
  bool usage_is_wanted = false;                // the caller of `request` asked for token counts in the stream
  unsigned attempts = 0;
  TimePoint attempt_began{};
  bool sent = false;         // whether the provider may have something of the last attempt's request
  int upstream_status = 0;   // of the last attempt's answer; 0: there was none
  Duration upstream_took{};  // of the last attempt, until its head
  std::optional<chat::Usage> usage;
  std::optional<TimePoint> first_event;
  bool streaming = false;     // the answer is a stream
  bool complete = false;      // the stream's own end was passed on: what follows cannot spoil it
  std::string answer_id;      // under which the provider keeps the answer; empty: it does not
  std::string_view secret{};  // what proves to the provider at hand who we are, and nobody may be told
  bool told = false;          // the provider's own error event was passed on, or the stream cannot carry one

  // whoever answers: answer, call_upstream, list_models
  int status = 0;
  Label code = labels::none;
  std::string_view code_text;
};

}  // namespace sluice
