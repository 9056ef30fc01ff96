#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include <sluice/traffic/health.hpp>

#include "traffic/errors.hpp"

namespace sluice::traffic {

using namespace std::chrono_literals;
inline constexpr TimePoint start{1h};
inline constexpr BreakerRules rules{.failures = 3, .cooldown = 5s, .longest = 60s};

// Two deployments of a provider behind two keys, and another provider.
class LanesTest : public testing::Test {
 protected:
  std::shared_ptr<Lane> lane(const std::string& deployment, const std::string& key, const std::string& provider = "p") {
    return health_->lane({provider, "https://a.example", deployment, key}, rules);
  }
  static void fail(Lane& lane, const Error& error, TimePoint now, int times = 1) {
    for (int i = 0; i < times; ++i) {
      auto pass = lane.enter(now);
      ASSERT_TRUE(pass);
      pass->failed(error, now);
    }
  }
  static void succeed(Lane& lane, TimePoint now) {
    auto pass = lane.enter(now);
    ASSERT_TRUE(pass);
    pass->succeeded(std::nullopt, now);
  }
  static Closed closed(const std::shared_ptr<Lane>& lane, TimePoint now) { return lane->look(now).closed; }

  std::unique_ptr<Health> health_ = make_health(Random({1, 2, 3, 4}));
  std::shared_ptr<Lane> lane_ = lane("m", "k");
  std::shared_ptr<Lane> other_key_ = lane("m", "k2");
  std::shared_ptr<Lane> other_model_ = lane("m2", "k");
  std::shared_ptr<Lane> elsewhere_ = lane("m", "k", "p2");
};

}  // namespace sluice::traffic
