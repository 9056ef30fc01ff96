#include <sluice/net/page_server.hpp>

#include <algorithm>
#include <exception>
#include <list>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "net/address.hpp"
#include "net/page_limits.hpp"

namespace sluice::net {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Request = http::request<http::string_body>;
using Answer = http::response<http::string_body>;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

Page plain_page(int status, std::string_view text) {
  Page page;
  page.status = status;
  page.body = std::string(text) + "\n";
  return page;
}

// What is wrong with a request that Beast could parse; nothing if it is all right.
std::optional<Page> refusal_of(const Request& request) {
  const auto hosts = request.count(http::field::host);
  // RFC 9112 §3.2: exactly one, but HTTP/1.0 had none.
  if (hosts > 1 || (hosts == 0 && request.version() >= 11)) return plain_page(400, "one host field, please");
  // RFC 9110 §11.6.2: one, too. Of two, somebody else may have read the other.
  if (request.count(http::field::authorization) > 1) return plain_page(400, "one authorization field at most");
  if (request.target().empty() || request.target().front() != '/') return plain_page(400, "the target must be a path");
  return std::nullopt;
}

// The answer to what Beast could not parse; nothing if there is nobody left to answer.
std::optional<Page> refusal_of(ErrorCode error) {
  if (error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return plain_page(431, "the request's head is too large");
  }
  if (error == http::error::body_limit) return plain_page(413, "the request's body is too large");
  if (error.category() == http::make_error_code(http::error::bad_version).category()) {
    return plain_page(400, "not an HTTP/1.1 request");
  }
  return std::nullopt;
}

Answer answer_from(Page page, unsigned version, bool without_body, bool keep_alive) {
  Answer answer;
  answer.version(version);
  answer.result(static_cast<unsigned>(page.status));
  answer.set(http::field::content_type, page.content_type);
  answer.set(http::field::cache_control, "no-store");
  answer.set("x-content-type-options", "nosniff");
  for (const auto& [name, value] : page.fields) answer.insert(name, value);
  answer.keep_alive(keep_alive);
  const bool never_has_one = page.status == 204 || page.status == 304;  // RFC 9110 §6.4.1
  if (!never_has_one) answer.content_length(page.body.size());
  if (!without_body && !never_has_one) answer.body() = std::move(page.body);
  return answer;
}

std::string_view view_of(beast::string_view text) { return {text.data(), text.size()}; }

// The other side's address; empty when it has left already.
std::string peer_of(const tcp::socket& socket) {
  ErrorCode error;
  const auto address = socket.remote_endpoint(error).address();
  if (error) return {};
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address.to_string();
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
}

Page failed_page() { return plain_page(500, "this page could not be made"); }

asio::awaitable<Page> made(std::function<Page()> make) {
  try {
    co_return make();
  } catch (const std::exception&) {
    co_return failed_page();
  }
}

// Views of the request.
PageRequest asked_of(const Request& request, std::string_view peer) {
  const std::string_view target = view_of(request.target());
  const std::string_view method = view_of(request.method_string());
  const std::size_t mark = std::min(target.find('?'), target.size());
  PageRequest asked;
  asked.method = method == "HEAD" ? "GET" : method;
  asked.path = target.substr(0, mark);
  asked.query = mark < target.size() ? target.substr(mark + 1) : std::string_view();
  asked.authorization = view_of(request[http::field::authorization]);
  asked.peer = peer;
  asked.body = request.body();
  return asked;
}

class BeastPageServer final : public PageServer {
 public:
  BeastPageServer(Handler handler, PageLimits limits)
      : handler_(std::move(handler)), limits_(limits), makers_(limits.long_pages) {}
  ~BeastPageServer() override;

  std::uint16_t port() const override { return port_; }
  // Binds, then starts the thread.
  ErrorCode open(const Endpoint& endpoint);

 private:
  // `unwanted`: was idle, and told to go.
  enum class Stage { idle, receiving, answering, unwanted };
  // One connection, in `visits_` from its first to its last moment.
  struct Visit {
    Visit(tcp::socket socket, const PageLimits& limits)
        : peer(peer_of(socket)), stream(std::move(socket)), received(limits.head_bytes + limits.body_bytes) {}
    const std::string peer;
    beast::tcp_stream stream;
    beast::flat_buffer received;
    Stage stage = Stage::idle;
  };
  using Visits = std::list<Visit>;

  asio::awaitable<void> accept();
  asio::awaitable<void> host(Visits::iterator visit);
  asio::awaitable<bool> wait_for_request(Visits::iterator visit);
  asio::awaitable<bool> serve_one(Visits::iterator visit);
  asio::awaitable<void> see_off(Visits::iterator visit);
  bool make_room();
  asio::awaitable<Page> page_for(PageRequest asked);
  std::variant<Page, LongPage> handled(const PageRequest& asked) const;
  void stop();

  const Handler handler_;
  const PageLimits limits_;
  std::uint16_t port_ = 0;
  bool stopping_ = false;
  std::size_t long_pages_ = 0;  // that are being made
  asio::io_context context_{1};
  Visits visits_;  // those that became idle longest ago come first
  tcp::acceptor acceptor_{context_};
  asio::steady_timer pause_{context_};
  asio::steady_timer grace_{context_};
  asio::thread_pool makers_;  // of long pages
  std::thread thread_;
};

ErrorCode BeastPageServer::open(const Endpoint& endpoint) {
  ErrorCode error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) port_ = acceptor_.local_endpoint(error).port();
  if (error) return error;
  asio::co_spawn(context_, accept(), asio::detached);
  thread_ = std::thread([this] { context_.run(); });
  return {};
}

BeastPageServer::~BeastPageServer() {
  if (!thread_.joinable()) return;
  asio::post(context_, [this] { stop(); });
  thread_.join();
  // Those whose grace is over end now, while what they use is still there.
  for (Visit& visit : visits_) visit.stream.close();
  context_.restart();
  context_.poll();
}

// Answers being sent get a moment to end; the thread ends with the last of them.
void BeastPageServer::stop() {
  stopping_ = true;
  ErrorCode ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  for (Visit& visit : visits_) {
    if (visit.stage != Stage::answering) visit.stream.cancel();
  }
  if (visits_.empty()) return;
  grace_.expires_after(limits_.leaving);
  grace_.async_wait([this](ErrorCode cancelled) {
    if (cancelled) return;
    for (Visit& visit : visits_) visit.stream.cancel();
  });
}

asio::awaitable<void> BeastPageServer::accept() {
  while (!stopping_) {
    auto accepted = co_await acceptor_.async_accept(as_result);
    auto& [error, socket] = accepted;
    if (stopping_) co_return;
    if (error) {
      // Out of descriptors, most likely: to try again at once would only burn the processor.
      pause_.expires_after(std::chrono::milliseconds(100));
      co_await pause_.async_wait(as_result);
      continue;
    }
    if (visits_.size() >= limits_.connections && !make_room()) continue;
    // Answers to pipelined requests must not wait for the other side's delayed acknowledgements.
    socket.set_option(tcp::no_delay(true), error);
    const auto visit = visits_.emplace(visits_.end(), std::move(socket), limits_);
    asio::co_spawn(context_, host(visit), asio::detached);
  }
}

// Whoever has been idle for longest has to go.
bool BeastPageServer::make_room() {
  const auto idle =
      std::find_if(visits_.begin(), visits_.end(), [](const Visit& visit) { return visit.stage == Stage::idle; });
  if (idle == visits_.end()) return false;
  idle->stage = Stage::unwanted;
  idle->stream.cancel();
  return true;
}

asio::awaitable<void> BeastPageServer::host(Visits::iterator visit) {
  bool again = true;
  while (again && !stopping_) again = co_await serve_one(visit);
  visits_.erase(visit);
  if (stopping_ && visits_.empty()) grace_.cancel();
}

// False if no request came.
asio::awaitable<bool> BeastPageServer::wait_for_request(Visits::iterator visit) {
  if (visit->received.size() > 0) co_return true;  // came together with the last one
  visit->stage = Stage::idle;
  visits_.splice(visits_.end(), visits_, visit);
  visit->stream.expires_after(limits_.idle);
  const asio::mutable_buffer space = visit->received.prepare(4096);
  auto read = co_await visit->stream.async_read_some(space, as_result);
  auto& [error, size] = read;
  // Whoever cancelled the wait meant this connection, even if bytes came at the same moment.
  if (error || stopping_ || visit->stage == Stage::unwanted) co_return false;
  visit->received.commit(size);
  co_return true;
}

// False if the connection is to be closed.
asio::awaitable<bool> BeastPageServer::serve_one(Visits::iterator visit) {
  const bool came = co_await wait_for_request(visit);
  if (!came) co_return false;

  visit->stage = Stage::receiving;
  visit->stream.expires_after(limits_.request);
  http::request_parser<http::string_body> parser;
  parser.header_limit(limits_.head_bytes);
  parser.body_limit(limits_.body_bytes);
  auto read = co_await http::async_read(visit->stream, visit->received, parser, as_result);
  const ErrorCode read_error = std::get<0>(read);
  const Request& request = parser.get();
  std::optional<Page> page = read_error ? refusal_of(read_error) : refusal_of(request);
  if (read_error && !page) co_return false;

  visit->stage = Stage::answering;
  const bool refused = page.has_value();
  if (!page) {
    Page answered = co_await page_for(asked_of(request, visit->peer));
    page = std::move(answered);
    visit->stream.expires_after(stopping_ ? limits_.leaving : limits_.request);
  }
  const bool keep_alive = !refused && !stopping_ && request.keep_alive();
  const unsigned version = read_error ? 11 : request.version();
  Answer answer = answer_from(std::move(*page), version, request.method() == http::verb::head, keep_alive);
  auto written = co_await http::async_write(visit->stream, answer, as_result);
  if (std::get<0>(written)) co_return false;
  if (!keep_alive) co_await see_off(visit);
  co_return keep_alive;
}

// Reads until the other side has closed too: closing with unread bytes would reset the connection, and the answer
// could get lost (RFC 9112 §9.6).
asio::awaitable<void> BeastPageServer::see_off(Visits::iterator visit) {
  visit->stage = Stage::idle;
  visit->stream.expires_after(limits_.leaving);
  ErrorCode error;
  visit->stream.socket().shutdown(tcp::socket::shutdown_send, error);
  while (!error && !stopping_) {
    visit->received.clear();
    const asio::mutable_buffer space = visit->received.prepare(4096);
    auto read = co_await visit->stream.async_read_some(space, as_result);
    error = std::get<0>(read);
  }
}

asio::awaitable<Page> BeastPageServer::page_for(PageRequest asked) {
  std::variant<Page, LongPage> answer = handled(asked);
  if (Page* const page = std::get_if<Page>(&answer)) co_return std::move(*page);
  LongPage& later = std::get<LongPage>(answer);
  if (long_pages_ >= limits_.long_pages) co_return std::move(later.otherwise);
  ++long_pages_;
  asio::awaitable<Page> work = made(std::move(later.make));
  Page page = co_await asio::co_spawn(makers_, std::move(work), asio::use_awaitable);
  --long_pages_;
  co_return page;
}

std::variant<Page, LongPage> BeastPageServer::handled(const PageRequest& asked) const {
  try {
    return handler_(asked);
  } catch (const std::exception&) {
    return failed_page();
  }
}

}  // namespace

Result<std::unique_ptr<PageServer>> start_page_server(const std::string& address, PageServer::Handler handler,
                                                      PageLimits limits) {
  const auto endpoint = parse_endpoint(address);
  if (!endpoint) {
    return Error(Fault::bad_request, Blame::gateway, "bad_address",
                 "cannot listen on '" + address + "': an IP address and a port are needed, like 127.0.0.1:9090");
  }
  auto server = std::make_unique<BeastPageServer>(std::move(handler), limits);
  if (const ErrorCode error = server->open(*endpoint)) {
    return Error(Fault::unavailable, Blame::gateway, "listen_failed",
                 "cannot listen on " + address + ": " + error.message());
  }
  return std::unique_ptr<PageServer>(std::move(server));
}

Result<std::unique_ptr<PageServer>> PageServer::start(const std::string& address, Handler handler) {
  return start_page_server(address, std::move(handler), PageLimits{});
}

}  // namespace sluice::net
