#include "gateway/obtain.hpp"

#include <chrono>
#include <string>
#include <utility>

#include <sluice/http/writer.hpp>

namespace sluice {
namespace {

using std::chrono::seconds;

constexpr std::size_t largest_answer = 64u << 10;

// The head of a request to the source; empty when it cannot be written.
Secret head_of(const credential::Ask& ask, const ProviderCredential& credential) {
  std::string out(512 + ask.target.size() + credential.lines.size() + ask.lines.reveal().size(), '\0');
  http::HeadWriter head(out);
  head.request_line(ask.method, ask.target);
  head.raw(credential.lines);
  head.raw(ask.lines.reveal());
  if (ask.method != "GET") head.field("content-length", ask.body.reveal().size());
  head.end();
  out.resize(head.failed() ? 0 : head.text().size());
  return Secret(std::move(out));
}

}  // namespace

Async<credential::Granted> obtain(net::Transport& transport, const Clock& clock, const ProviderCredential& credential,
                                  net::Stop& stop) {
  const net::Deadlines deadlines{seconds(3), seconds(5), seconds(5), clock.now() + seconds(10)};
  const std::unique_ptr<credential::Enquiry> enquiry = credential::enquire(credential.source);
  Result<credential::Enquiry::Step> step = enquiry->begin(clock.utc());
  for (;;) {
    if (!step) co_return std::move(step).error();
    if (auto* granted = std::get_if<credential::Granted>(&*step)) co_return std::move(*granted);
    const credential::Ask ask = std::get<credential::Ask>(*std::move(step));
    const Secret head = head_of(ask, credential);
    if (head.empty()) {
      co_return Error(Fault::internal, Blame::gateway, "upstream_auth", "the request for a credential cannot be sent");
    }
    net::Outgoing outgoing;
    outgoing.head = head.reveal();
    outgoing.body = http::Slices(ask.body.reveal());
    Result<net::CallPtr> call = co_await transport.send(credential.origin, outgoing, deadlines, stop);
    if (!call) co_return std::move(call).error();
    const int status = (*call)->head().status;
    const Result<> collected = co_await (*call)->collect(largest_answer);
    if (!collected) co_return collected.error();
    step = enquiry->answered(status, (*call)->pending(), clock.utc());
  }
}

}  // namespace sluice
