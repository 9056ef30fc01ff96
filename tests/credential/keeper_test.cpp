#include <sluice/credential/keeper.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace sluice::credential {
namespace {

using namespace std::chrono_literals;

const TimePoint start{std::chrono::hours(1000)};

Granted token(const std::string& text, std::optional<Duration> lifetime = 1h) { return {{Secret(text), {}}, lifetime}; }

Error failure() { return Error(Fault::upstream_failed, Blame::upstream, "upstream_auth", "no").worth_retrying(); }

std::string token_of(const Keeper::Turn& turn) {
  return turn.grant == nullptr ? "none" : std::string(turn.grant->token.reveal());
}

TEST(Keeper, lets_one_renew_and_the_others_wait) {
  Keeper keeper(0);
  const auto first = keeper.take(start);
  EXPECT_TRUE(first.renew);
  EXPECT_EQ(first.grant, nullptr);
  for (int i = 0; i < 3; ++i) {
    const auto other = keeper.take(start + 1s);
    EXPECT_FALSE(other.renew);
    EXPECT_FALSE(other.error);
    EXPECT_EQ(other.grant, nullptr);
  }
  keeper.granted(token("one"), start + 2s);
  EXPECT_EQ(token_of(keeper.take(start + 2s)), "one");
  EXPECT_FALSE(keeper.take(start + 2s).renew);
}

TEST(Keeper, renews_ahead_while_the_old_grant_serves) {
  Keeper keeper(0);
  keeper.granted(token("one"), start);
  EXPECT_FALSE(keeper.take(start + 50min - 1ms).renew);
  const auto ahead = keeper.take(start + 50min);
  EXPECT_TRUE(ahead.renew);
  EXPECT_EQ(token_of(ahead), "one");
  const auto meanwhile = keeper.take(start + 51min);
  EXPECT_EQ(token_of(meanwhile), "one");
  keeper.granted(token("two"), start + 51min);
  EXPECT_EQ(token_of(keeper.take(start + 52min)), "two");
}

TEST(Keeper, spreads_renewals_of_those_that_began_together) {
  const auto renews_at = [](double spread) {
    Keeper keeper(spread);
    keeper.granted(token("one"), start);
    TimePoint at = start;
    while (!keeper.take(at).renew) at += 1s;
    return at - start;
  };
  EXPECT_EQ(renews_at(0), 50min);
  EXPECT_EQ(renews_at(0.5), 47min + 30s);
  EXPECT_GT(renews_at(0.999), 44min);
}

TEST(Keeper, does_not_give_out_a_grant_in_its_last_moment) {
  Keeper keeper(0);
  keeper.granted(token("one"), start);
  EXPECT_EQ(token_of(keeper.take(start + 59min + 29s)), "one");
  EXPECT_EQ(token_of(keeper.take(start + 59min + 30s)), "none");
}

TEST(Keeper, keeps_a_good_grant_when_a_renewal_fails) {
  Keeper keeper(0);
  keeper.granted(token("one"), start);
  EXPECT_TRUE(keeper.take(start + 50min).renew);
  keeper.failed(failure(), start + 50min);
  const auto turn = keeper.take(start + 50min);
  EXPECT_EQ(token_of(turn), "one");
  EXPECT_FALSE(turn.renew);
  EXPECT_FALSE(turn.error);
  EXPECT_TRUE(keeper.take(start + 50min + 1s).renew);
}

TEST(Keeper, backs_off_after_failures_and_says_for_how_long) {
  Keeper keeper(0);
  TimePoint now = start;
  std::vector<Duration> pauses;
  for (int i = 0; i < 9; ++i) {
    ASSERT_TRUE(keeper.take(now).renew) << i;
    keeper.failed(failure(), now);
    const auto turn = keeper.take(now);
    ASSERT_TRUE(turn.error);
    EXPECT_EQ(turn.error->code(), "upstream_auth");
    pauses.push_back(*turn.error->retry_after());
    EXPECT_TRUE(keeper.take(now + pauses.back() - 1ms).error);
    now += pauses.back();
  }
  EXPECT_EQ(pauses, (std::vector<Duration>{1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s}));
  ASSERT_TRUE(keeper.take(now).renew);
  keeper.granted(token("one", 1min), now);
  EXPECT_TRUE(keeper.take(now + 55s).renew) << "a success forgets the failures";
}

TEST(Keeper, gives_up_on_a_renewer_that_never_reports) {
  Keeper keeper(0);
  EXPECT_TRUE(keeper.take(start).renew);
  EXPECT_FALSE(keeper.take(start + 29s).renew);
  EXPECT_TRUE(keeper.take(start + 30s).renew);
}

TEST(Keeper, renews_a_refused_grant_once) {
  Keeper keeper(0);
  keeper.granted(token("one"), start);
  const auto used = keeper.take(start).grant;
  keeper.refused(used, start + 10s);
  EXPECT_FALSE(keeper.take(start + 10s).renew) << "it was granted just now: another would fare no better";
  keeper.refused(used, start + 10min);
  EXPECT_TRUE(keeper.take(start + 10min).renew);
  EXPECT_FALSE(keeper.take(start + 10min).renew);
  keeper.granted(token("two"), start + 10min);
  keeper.refused(used, start + 20min);
  EXPECT_FALSE(keeper.take(start + 20min).renew) << "that grant is not in use any more";
}

TEST(Keeper, never_renews_what_lasts) {
  Keeper keeper(0);
  keeper.granted(token("one", std::nullopt), start);
  const auto turn = keeper.take(start + 100'000h);
  EXPECT_EQ(token_of(turn), "one");
  EXPECT_FALSE(turn.renew);
  keeper.refused(turn.grant, start + 100'000h);
  EXPECT_FALSE(keeper.take(start + 100'000h).renew);
}

TEST(Keeper, does_not_ask_again_at_once_for_a_grant_that_is_given_with_little_left) {
  Keeper keeper(0);
  keeper.granted(token("one", 6h), start);
  EXPECT_TRUE(keeper.take(start + 5h + 50min).renew);
  keeper.granted(token("one", 10min), start + 5h + 50min);
  EXPECT_FALSE(keeper.take(start + 5h + 50min + 29s).renew);
  keeper.granted(token("short", 10s), start + 6h);
  EXPECT_TRUE(keeper.take(start + 6h + 10s).renew) << "without any grant there is no choice";
}

TEST(Keeper, lets_one_of_many_threads_renew) {
  Keeper keeper(0);
  std::atomic<int> renewals{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) {
        if (!keeper.take(start).renew) continue;
        ++renewals;
        keeper.granted(token("one"), start);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(renewals, 1);
}

}  // namespace
}  // namespace sluice::credential
