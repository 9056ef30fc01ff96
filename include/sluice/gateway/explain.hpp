#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/gateway/gateway.hpp>
#include <sluice/gateway/snapshot.hpp>

namespace sluice {

// A request nobody sends: what would become of it?
struct Supposed {
  std::string_view path = "/v1/chat/completions";
  std::string_view body;   // 64 readable bytes follow
  std::string_view key{};  // the caller's, by name; empty: nobody's
  TimePoint now{};
  UtcTime utc{};
  std::uint64_t random = 0;  // what is drawn for it
};

// Whom it would be sent to, in order, and why not to others.
struct Explanation {
  struct Candidate {
    std::string provider;
    std::string model;     // as the provider knows it
    std::string of;        // the model of the file it stands in: the one asked, or a fallback
    std::string excluded;  // in words; empty: it may be asked
    std::uint32_t weight = 1;
    std::optional<Duration> first_token;
    std::optional<std::int64_t> price;  // nano-USD
  };
  std::string route;  // empty: none
  std::string model;  // of the file; empty: nobody knows it
  std::string strategy;
  std::string refusal;                // why nobody is asked, in the words the caller would see; empty: somebody is
  std::vector<Candidate> candidates;  // those that may be asked first, in their order
};

// An Error where the request is none: no such path, no such key, a body that is not one.
Result<Explanation> explain(const Snapshot& world, const SharedTraffic& traffic, const Supposed& supposed);

}  // namespace sluice
