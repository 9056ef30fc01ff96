#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <sluice/base/result.hpp>

namespace sluice::net {

struct Page {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::string allow;  // with 405
};

// A small HTTP server for operators: whole answers, no streaming, its own thread (Boost.Beast). Limits:
// 64 connections (a further one replaces the one that is idle for longest), 10 s per request, 75 s between requests,
// 64 KiB of request. The handler runs on that thread and may block a little; HEAD comes to it as GET.
class PageServer {
 public:
  using Handler = std::function<Page(std::string_view method, std::string_view path)>;  // path without query

  virtual ~PageServer() = default;  // stops and joins
  virtual std::uint16_t port() const = 0;

  // `address` is a literal one with a port: "127.0.0.1:9090", "[::1]:0". Fails if it is none or cannot be had.
  static Result<std::unique_ptr<PageServer>> start(const std::string& address, Handler handler);
};

}  // namespace sluice::net
