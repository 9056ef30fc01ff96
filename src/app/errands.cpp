#include "app/errands.hpp"

#include <optional>
#include <utility>

#include <sluice/config/load.hpp>
#include <sluice/http/message.hpp>
#include <sluice/http/writer.hpp>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

constexpr Duration errand_takes = 5s;        // at most
constexpr Duration errands_end_within = 1s;  // when they are told to
constexpr Duration look_whether_ended = 10ms;

}  // namespace

Errands::Errands(const Clock& clock) : clock_(clock), loop_(clock), transport_(net::make_transport(loop_, load_)) {
  thread_ = std::thread([this] { loop_.run(); });
}

Errands::~Errands() { stop(); }

void Errands::stop() {
  if (!thread_.joinable()) return;
  loop_.post([this] {
    stopping_ = true;
    // Each may end, and leave the list, at once.
    for (auto stop = stops_.begin(); stop != stops_.end();) {
      auto& one = *stop++;
      one.request(net::StopReason::draining);
    }
    end_soon();
  });
  loop_.post_at(clock_.now() + errands_end_within, [this] { loop_.stop(); });
  thread_.join();
}

void Errands::end_soon() {
  if (stops_.empty()) return loop_.stop();
  loop_.post_at(clock_.now() + look_whether_ended, [this] { end_soon(); });
}

void Errands::run(Errand errand, Done done) {
  if (!stopping_) go(std::move(errand), std::move(done));
}

Detached Errands::go(Errand errand, Done done) {
  const auto stop = stops_.emplace(stops_.end());
  Result<ErrandAnswer> answer = co_await ask(errand, *stop);
  stops_.erase(stop);
  if (!stopping_) done(std::move(answer));
}

Async<ErrandAnswer> Errands::ask(const Errand& errand, net::Stop& stop) {
  const net::Deadlines deadlines{errand_takes, errand_takes, errand_takes, clock_.now() + errand_takes};
  net::Outgoing outgoing;
  outgoing.head = errand.head;
  outgoing.body = http::Slices(errand.body);
  Result<net::CallPtr> call = co_await transport_->send(errand.origin, outgoing, deadlines, stop);
  if (!call) co_return std::move(call).error();
  ErrandAnswer answer;
  answer.status = (*call)->head().status;
  answer.cache_control = http::find((*call)->head().fields, "cache-control").value_or("");
  const Result<> collected = co_await (*call)->collect(errand.largest_answer);
  if (!collected) co_return collected.error();
  answer.body = (*call)->pending();
  co_return std::move(answer);
}

Result<std::shared_ptr<const net::Trust>> trust_for(const config::Peer& peer, TrustShelf& trusts) {
  const auto page = config::parse_page_url(peer.url);
  if (!page || !page->url.tls) return std::shared_ptr<const net::Trust>();
  return trusts.get(peer.ca_file);
}

net::Origin origin_of(const config::Peer& peer, std::shared_ptr<const net::Trust> trust) {
  net::Origin origin;
  const auto page = config::parse_page_url(peer.url);
  if (!page) return origin;  // the loader refuses this
  origin.host = page->url.host;
  origin.port = page->url.port;
  origin.tls = page->url.tls;
  origin.allow_private = peer.allow_private;
  if (origin.tls) origin.trust = std::move(trust);
  return origin;
}

std::string head_for(const config::Peer& peer, std::string_view method, std::string_view agent,
                     std::string_view lines) {
  const auto page = config::parse_page_url(peer.url);
  if (!page) return {};
  std::string out(512 + peer.url.size() * 2 + agent.size() + lines.size(), '\0');
  http::HeadWriter head(out);
  head.request_line(method, page->target);
  head.field("host", config::host_of(page->url));
  head.field("user-agent", agent);
  head.field("accept-encoding", "identity");
  head.raw(lines);
  head.end();
  out.resize(head.failed() ? 0 : head.text().size());
  return out;
}

}  // namespace sluice::app
