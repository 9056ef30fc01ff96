#pragma once

#include <cstdint>

#include <sluice/base/error.hpp>

namespace sluice::net {

enum class StopReason : std::uint8_t { none, client_left, draining };

// How an exchange is told to end early. One per exchange, on its worker's thread. Every wait made on behalf
// of the exchange registers itself here; request() wakes it, and it returns stop.error().
class Stop {
 public:
  // Someone suspended on behalf of the exchange.
  class Waiting {
   public:
    virtual void stop_requested() = 0;

   protected:
    ~Waiting() = default;
  };

  bool requested() const { return reason_ != StopReason::none; }
  StopReason reason() const { return reason_; }
  // The first reason stays. Wakes the current wait, if there is one.
  void request(StopReason reason);
  // What an operation that was cut short returns.
  Error error() const;
  // For the next exchange of the same session.
  void reset();

  // At most one wait at a time: an exchange is sequential.
  void enter(Waiting& waiting) { waiting_ = &waiting; }
  void leave() { waiting_ = nullptr; }

 private:
  StopReason reason_ = StopReason::none;
  Waiting* waiting_ = nullptr;
};

}  // namespace sluice::net
