#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/base/error.hpp>
#include <sluice/config/config.hpp>
#include <sluice/telemetry/metrics.hpp>
#include <sluice/traffic/health.hpp>

#include "gateway/plan.hpp"

namespace sluice {

// How one request was routed: who was thought of, who was asked, and what came of it. Of fixed size and without
// pointers, so that it outlives the configuration it speaks of.
struct Trace {
  struct Target {
    Label provider{};
    Label deployment{};
    Exclusion excluded = Exclusion::none;
    std::optional<config::Capability> lacks;
    traffic::Closed closed = traffic::Closed::no;
    bool is_warm = false;
    bool is_shaky = false;
    bool is_short = false;
    std::uint32_t in_flight = 0;
    std::optional<Duration> first_token;
    std::optional<std::int64_t> price;  // nano-USD
  };
  struct Attempt {
    Label provider{};
    Label deployment{};
    std::uint32_t key = 0;  // of the provider's, from 1
    bool repeated = false;
    Outcome outcome = Outcome::ok;
    Label code{};  // of the error
    Duration took{};
  };
  static constexpr std::size_t most_targets = 16;
  static constexpr std::size_t most_attempts = 12;

  std::array<char, 128> id{};
  std::size_t id_size = 0;
  UtcTime time{};
  Label route{};
  Label model{};
  int status = 0;
  Duration took{};
  std::uint32_t targets_in_all = 0;
  std::uint32_t attempts_in_all = 0;
  std::array<Target, most_targets> targets;
  std::array<Attempt, most_attempts> attempts;

  void clear();
  void note(const Considered& considered);
  void note(const Attempt& attempt);
  std::string_view request_id() const { return {id.data(), id_size}; }
};

// The latest traces of one worker; on its thread.
class Traces {
 public:
  explicit Traces(std::size_t most = 512) : most_(most) { kept_.reserve(most); }
  // Copies it into the place of the oldest.
  void keep(const Trace& trace);
  // The newest of that id, or null.
  const Trace* find(std::string_view request_id) const;

 private:
  std::size_t most_;
  std::vector<Trace> kept_;  // never grows beyond what was reserved, whose pages are used as they are needed
  std::size_t next_ = 0;
};

// As JSON, for operators.
std::string json_of(const Trace& trace, const Metrics& labels);

}  // namespace sluice
