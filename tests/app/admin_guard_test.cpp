#include "app/admin_guard.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;
using Verdict = AdminGuard::Verdict;

const std::string token = "correct-horse-battery";
constexpr TimePoint noon{12h};
constexpr std::string_view here = "192.0.2.1";
constexpr std::string_view there = "192.0.2.2";

// The holder of admin.token alone.
std::vector<TokenHolder> only(std::string_view admin_token) {
  return token_holders(Secret(std::string(admin_token)), {});
}

class AdminGuardTest : public testing::Test {
 protected:
  Verdict verdict(std::string_view authorization, TimePoint now = noon, std::string_view peer = here) {
    return guard.judge(authorization, peer, now).verdict;
  }
  void fail(std::size_t times, TimePoint now = noon, std::string_view peer = here) {
    for (std::size_t i = 0; i < times; ++i) ASSERT_EQ(verdict("Bearer wrong", now, peer), Verdict::refused);
  }

  AdminGuard guard{only(token)};
  const std::string right = "Bearer " + token;
};

TEST_F(AdminGuardTest, admits_the_token_however_the_scheme_is_written) {
  for (const std::string& shown : {right, "bearer " + token, "BEARER   " + token, right + " "})
    EXPECT_EQ(verdict(shown), Verdict::admitted) << shown;
}

TEST_F(AdminGuardTest, refuses_everything_else) {
  for (const std::string& shown :
       {std::string(), std::string("Bearer"), std::string("Bearer "), token, "Basic " + token, "Bearer" + token,
        right + "x", right.substr(0, right.size() - 1), right + " " + token}) {
    AdminGuard fresh{only(token)};
    EXPECT_EQ(fresh.judge(shown, here, noon).verdict, Verdict::refused) << shown;
  }
}

TEST_F(AdminGuardTest, lets_nobody_in_where_there_is_no_token) {
  AdminGuard empty{only("")};
  for (const std::string_view shown : {"", "Bearer ", "Bearer", "Bearer x"})
    EXPECT_EQ(empty.judge(shown, here, noon).verdict, Verdict::refused) << shown;
}

TEST_F(AdminGuardTest, takes_another_token_in_the_place_of_the_old_one) {
  guard.use(only("another-token-altogether"));
  EXPECT_EQ(verdict(right), Verdict::refused);
  EXPECT_EQ(verdict("Bearer another-token-altogether"), Verdict::admitted);
}

config::Operator holder(std::string name, config::Role role, std::string team, std::string_view shown) {
  return {std::move(name), role, std::move(team), Secret(std::string(shown))};
}

TEST_F(AdminGuardTest, tells_who_it_is_by_what_they_show) {
  guard.use(token_holders(Secret(token), {holder("alice", config::Role::team_keeper, "support", "token-of-alice"),
                                          holder("bob", config::Role::billing, "", "token-of-bob")}));
  const auto who = [&](const std::string& shown) { return guard.judge("Bearer " + shown, here, noon).who; };
  ASSERT_TRUE(who(token));
  EXPECT_EQ(who(token)->name, "admin");
  EXPECT_EQ(who(token)->role, config::Role::admin);
  EXPECT_EQ(who(token)->only_team(), std::nullopt);
  ASSERT_TRUE(who("token-of-alice"));
  EXPECT_EQ(who("token-of-alice")->name, "alice");
  EXPECT_EQ(who("token-of-alice")->role, config::Role::team_keeper);
  EXPECT_EQ(who("token-of-alice")->only_team(), "support");
  ASSERT_TRUE(who("token-of-bob"));
  EXPECT_EQ(who("token-of-bob")->name, "bob");
  EXPECT_FALSE(who("token-of-nobody"));
}

TEST_F(AdminGuardTest, a_token_that_became_an_operators_is_no_longer_that_of_admin) {
  guard.use(token_holders(Secret(token), {holder("alice", config::Role::viewer, "", token)}));
  EXPECT_EQ(guard.judge(right, here, noon).who->role, config::Role::viewer);
}

TEST_F(AdminGuardTest, ten_wrong_tokens_in_a_minute_make_an_address_wait_even_with_the_right_one) {
  fail(9);
  EXPECT_EQ(verdict(right), Verdict::admitted);
  EXPECT_TRUE(guard.judge("Bearer wrong", here, noon).last_straw);
  EXPECT_EQ(verdict("Bearer wrong"), Verdict::made_to_wait);
  const auto judged = guard.judge(right, here, noon + 20s);
  EXPECT_EQ(judged.verdict, Verdict::made_to_wait);
  EXPECT_EQ(judged.wait, Duration(40s));
  EXPECT_EQ(verdict(right, noon + 60s - 1ns), Verdict::made_to_wait);
  EXPECT_EQ(verdict(right, noon + 60s), Verdict::admitted);
}

TEST_F(AdminGuardTest, what_is_tried_while_waiting_does_not_prolong_it) {
  fail(10);
  for (int second = 1; second < 60; ++second)
    ASSERT_EQ(verdict("Bearer wrong", noon + std::chrono::seconds(second)), Verdict::made_to_wait);
  EXPECT_EQ(verdict(right, noon + 60s), Verdict::admitted);
}

TEST_F(AdminGuardTest, the_minute_slides) {
  for (int i = 0; i < 10; ++i) fail(1, noon + std::chrono::seconds(6 * i));
  EXPECT_EQ(verdict(right, noon + 59s), Verdict::made_to_wait);
  fail(1, noon + 60s);
  EXPECT_EQ(guard.judge(right, here, noon + 60s).wait, Duration(6s));
}

TEST_F(AdminGuardTest, slow_failures_make_nobody_wait) {
  for (int i = 0; i < 100; ++i) fail(1, noon + i * 7s);
  EXPECT_EQ(verdict(right, noon + 700s), Verdict::admitted);
}

TEST_F(AdminGuardTest, failures_elsewhere_harm_nobody) {
  fail(10);
  EXPECT_EQ(verdict(right, noon, there), Verdict::admitted);
  EXPECT_EQ(verdict("Bearer wrong", noon, there), Verdict::refused);
}

TEST_F(AdminGuardTest, a_request_without_a_credential_is_no_guess) {
  for (int i = 0; i < 100; ++i) ASSERT_EQ(verdict(""), Verdict::refused);
  EXPECT_EQ(verdict(right), Verdict::admitted);
}

TEST(FailureBook, remembers_a_bounded_number_of_addresses) {
  FailureBook book;
  for (std::size_t i = 0; i < 3 * FailureBook::most_peers; ++i) book.add(std::to_string(i), noon + i * 1ms);
  EXPECT_EQ(book.peers(), FailureBook::most_peers);
}

TEST(FailureBook, makes_room_by_forgetting_whom_it_need_not_know_and_then_the_quietest) {
  FailureBook book;
  for (int i = 0; i < 10; ++i) book.add("guesser", noon);
  for (std::size_t i = 1; i < FailureBook::most_peers; ++i) book.add(std::to_string(i), noon - 60s);
  book.add("new", noon);
  EXPECT_EQ(book.peers(), 2u);
  for (std::size_t i = 2; i < FailureBook::most_peers; ++i) book.add(std::to_string(i), noon + 1s);
  EXPECT_GT(book.wait_of("guesser", noon + 1s), Duration::zero());
  book.add("one too many", noon + 2s);
  book.add("and another", noon + 2s);
  EXPECT_EQ(book.peers(), FailureBook::most_peers);
  EXPECT_EQ(book.wait_of("guesser", noon + 2s), Duration::zero());
}

TEST(RandomToken, is_64_hexadecimal_digits_and_another_each_time) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const Secret made = random_token();
    EXPECT_EQ(made.reveal().size(), 64u);
    EXPECT_EQ(made.reveal().find_first_not_of("0123456789abcdef"), std::string_view::npos);
    seen.emplace(made.reveal());
  }
  EXPECT_EQ(seen.size(), 100u);
}

}  // namespace
}  // namespace sluice::app
