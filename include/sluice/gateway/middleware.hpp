#pragma once

#include <memory>
#include <span>

#include <sluice/gateway/exchange.hpp>
#include <sluice/net/async.hpp>

namespace sluice {

// The innermost step: actually gets an answer.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual Async<> handle(Exchange& exchange) const = 0;
};

class Middleware;

// The rest of the chain. A cheap value; may be called more than once, which is how fall_back works.
class Next {
 public:
  Next(std::span<const std::unique_ptr<Middleware>> rest, const Handler& last) : rest_(rest), last_(&last) {}
  Async<> operator()(Exchange& exchange) const;

 private:
  std::span<const std::unique_ptr<Middleware>> rest_;
  const Handler* last_;
};

// One concern, wrapped around the rest. When next() returns, the reply has been written completely or has failed,
// and what a middleware wants to do afterwards is the line after. Const: state that outlives a request belongs
// elsewhere. They know the exchange, never each other.
class Middleware {
 public:
  virtual ~Middleware() = default;
  virtual Async<> handle(Exchange& exchange, Next next) const = 0;
};

inline Async<> Next::operator()(Exchange& exchange) const {
  return rest_.empty() ? last_->handle(exchange) : rest_.front()->handle(exchange, Next(rest_.subspan(1), *last_));
}

}  // namespace sluice
