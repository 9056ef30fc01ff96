#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <sluice/base/clock.hpp>
#include <sluice/base/error.hpp>
#include <sluice/config/config.hpp>
#include <sluice/telemetry/metrics.hpp>
#include <sluice/traffic/health.hpp>

namespace sluice {

// Why a target is not asked, whatever its health.
enum class Exclusion : std::uint8_t {
  none,
  endpoint,    // it cannot be asked for such a thing
  provider,    // a rule wants another provider
  residency,   // a rule wants requests to stay elsewhere
  retention,   // a rule wants them kept differently
  capability,  // its model lacks what the request needs
  context,     // its model does not read that much
  pinned,      // only the one that answered before can read what the request brings
};
std::string_view to_string(Exclusion excluded);

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

  std::span<const Target> noted_targets() const;
  std::span<const Attempt> noted_attempts() const;
  void clear();
  // What goes beyond the room there is only counted.
  void note(const Target& target);
  void note(const Attempt& attempt);
  std::string_view request_id() const { return {id.data(), id_size}; }
};

}  // namespace sluice
