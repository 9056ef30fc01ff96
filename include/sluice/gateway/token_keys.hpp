#pragma once

#include <functional>
#include <memory>

#include <sluice/base/clock.hpp>
#include <sluice/credential/jwks.hpp>

namespace sluice {

// The public keys with which tokens of callers are checked, as they were known at some time. Immutable; safe from any
// thread.
struct TokenKeys {
  std::shared_ptr<const credential::KeySet> set;  // null: none could be had yet
  TimePoint as_of{};                              // when somebody last saw that these are they
  // Asks for newer ones, soon; they come by Gateway::use(). Never waits. Empty: there are no others.
  std::function<void()> want;
};

}  // namespace sluice
