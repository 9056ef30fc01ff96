#include "app/demo.hpp"

#include <array>
#include <span>
#include <utility>

#include "app/demo_answers.hpp"

namespace sluice::app {
namespace {

Async<> send_events(net::Reply& reply, DemoEvents& events) {
  const std::array fields = {http::Field{"content-type", "text/event-stream; charset=utf-8"},
                             http::Field{"cache-control", "no-cache"}};
  reply.begin(http::HeadView{200, fields});
  std::string event;
  while (events.next(event)) {
    const http::Slices pieces(event);
    const Result<> written = co_await reply.write(pieces);
    if (!written) co_return written.error();
  }
  co_return co_await reply.end();
}

Async<> send_document(net::Reply& reply, const DemoAnswer& answer) {
  const std::array fields = {http::Field{"content-type", "application/json"}, http::Field{"allow", answer.allow}};
  const http::HeadView head{answer.status, std::span(fields).first(answer.allow.empty() ? 1 : 2)};
  const http::Slices body(answer.body);
  co_return co_await reply.send(head, body);
}

}  // namespace

Async<> DemoService::serve(net::Incoming& incoming, net::Reply& reply) {
  const Result<std::string_view> body = co_await incoming.collect();
  if (!body && body.error().fault() == Fault::client_left) co_return body.error();
  const http::RequestView& request = incoming.request();
  const DemoAnswer answer = body ? answer_demo(request.method, request.target, *body) : answer_demo_error(body.error());
  incoming.release();
  if (answer.events) co_return co_await send_events(reply, *answer.events);
  co_return co_await send_document(reply, answer);
}

// Nobody watches the demo.
net::Service::Refusal DemoService::refuse(int status, std::string_view reason, std::string_view) {
  refusal_ = demo_error_body(status, Error(Fault::bad_request, Blame::client, "", std::string(reason)));
  return {"demo", refusal_};
}

Result<std::unique_ptr<Demo>> Demo::start(const Clock& clock) {
  std::unique_ptr<Demo> demo(new Demo(clock));
  Result<> listening = demo->server_.listen("127.0.0.1:0");
  if (!listening) return std::move(listening).error();
  demo->port_ = demo->server_.port();
  demo->thread_ = std::thread([&loop = demo->loop_] { loop.run(); });
  return demo;
}

Demo::Demo(const Clock& clock) : loop_(clock), server_(loop_, service_, load_, net::ServerSettings{}) {}

Demo::~Demo() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

}  // namespace sluice::app
