#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <sluice/http/message.hpp>

#include "app/demo_events.hpp"

namespace sluice::app {

// One answer of the demo provider: a JSON body, or events when `events` is set.
struct DemoAnswer {
  int status = 200;
  std::string body;
  std::unique_ptr<DemoEvents> events;
  std::string_view allow;  // the value of an `allow` header; only for 405
};

// A provider that speaks OpenAI's API and knows nothing: the same bytes always get the same answer, so that
// people can try a gateway without a key and tests can foretell what comes back. Paths are taken with and
// without `/v1`. Pure; survives any input.
DemoAnswer answer_demo(http::Method method, std::string_view target, std::string_view body);

// The answer to a request that failed before it could be read.
DemoAnswer answer_demo_error(const Error& error);

}  // namespace sluice::app
