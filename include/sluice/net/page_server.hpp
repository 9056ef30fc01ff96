#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <sluice/base/result.hpp>

namespace sluice::net {

// What a page's handler is told of a request. Views, good until the page is made; nothing in them is decoded.
struct PageRequest {
  std::string_view method;         // GET where HEAD was asked
  std::string_view path;           // as it was sent, without the query
  std::string_view query;          // what stands behind the first question mark
  std::string_view authorization;  // the field's value; empty when there is none. A request with two is refused
  std::string_view peer;           // the other side's address without its port; an IPv4 one always in IPv4's form
  std::string_view body = {};      // all of it
};

struct Page {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> fields;  // further ones, such as allow with 405
};

// A page that takes long to make.
struct LongPage {
  std::function<Page()> make;  // on another thread than the handler
  Page otherwise;              // the answer when too many are being made already
};

// A small HTTP server for operators: whole answers, no streaming, its own thread (Boost.Beast). Limits:
// 64 connections (a further one replaces the one that is idle for longest), 10 s per request, 75 s between requests,
// 64 KiB of request. The handler runs on that thread and may block a little; HEAD comes to it as GET. What
// blocks for longer is a LongPage: two of them are made at a time, while everything else is answered.
class PageServer {
 public:
  using Handler = std::function<std::variant<Page, LongPage>(const PageRequest& request)>;

  virtual ~PageServer() = default;  // stops and joins
  virtual std::uint16_t port() const = 0;

  // `address` is a literal one with a port: "127.0.0.1:9090", "[::1]:0". Fails if it is none or cannot be had.
  static Result<std::unique_ptr<PageServer>> start(const std::string& address, Handler handler);
};

}  // namespace sluice::net
