#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/base/digest.hpp>
#include <sluice/base/secret.hpp>

#include "app/operator.hpp"

namespace sluice::app {

// Somebody, and what they show.
struct TokenHolder {
  Operator who;
  Secret token;
};
// All of a configuration. `token` is the one that shows who is `admin`.
std::vector<TokenHolder> token_holders(const Secret& token, const std::vector<config::Operator>& operators);

// 256 bits of chance in hexadecimal digits.
Secret random_token();

// Who showed wrong tokens lately, by address. Of an address it knows the last ten times; of addresses the thousand that
// failed last, so that a stranger with many costs little. One thread at a time.
class FailureBook {
 public:
  static constexpr std::size_t most_failures = 10;  // within `window`
  static constexpr Duration window = std::chrono::minutes(1);
  static constexpr std::size_t most_peers = 1'000;

  // How long the peer has to wait until it is heard; zero: not at all.
  Duration wait_of(std::string_view peer, TimePoint now) const;
  // Counts a failure of a peer that does not have to wait.
  void add(std::string_view peer, TimePoint now);
  std::size_t peers() const { return by_peer_.size(); }

 private:
  struct Failures {
    std::array<TimePoint, most_failures> at{};  // a ring
    std::size_t count = 0;                      // of all there ever were
    TimePoint oldest() const { return at[count % most_failures]; }
    TimePoint newest() const { return at[(count + most_failures - 1) % most_failures]; }
  };
  void make_room(TimePoint now);

  std::map<std::string, Failures, std::less<>> by_peer_;
};

// Decides who is let in to what the operators' plane shows to holders of a token only. Thread-safe.
class AdminGuard {
 public:
  enum class Verdict { admitted, refused, made_to_wait };
  struct Judgement {
    Verdict verdict;
    Duration wait{};                // with made_to_wait: until the peer is heard again
    bool last_straw = false;        // with refused: the peer has to wait from now on
    std::optional<Operator> who{};  // with admitted
  };

  explicit AdminGuard(const std::vector<TokenHolder>& holders) : known_(digests_of(holders)) {}

  // `authorization` is the field's value. An address at which wrong tokens were shown ten times within a minute is not
  // heard, whatever it shows, until the first of these is a minute old; what it tries meanwhile does not count. Neither
  // does a request without any credential, which guesses nothing. How long it takes tells nothing about the tokens, or
  // whose it was: what was shown is compared with all of them, by digest.
  Judgement judge(std::string_view authorization, std::string_view peer, TimePoint now);
  // Replaces all tokens for all requests from now on.
  void use(const std::vector<TokenHolder>& holders);

 private:
  struct Known {
    Operator who;
    Digest token;
  };
  static std::vector<Known> digests_of(const std::vector<TokenHolder>& holders);
  const Known* find(const Digest& shown) const;

  std::mutex mutex_;
  std::vector<Known> known_;
  FailureBook failures_;
};

}  // namespace sluice::app
