#include <sluice/base/error.hpp>

#include <gtest/gtest.h>

#include <sluice/base/result.hpp>

namespace sluice {
namespace {

using namespace std::chrono_literals;

TEST(Error, keeps_what_it_was_told) {
  const Error error = Error(Fault::rate_limited, Blame::upstream, "rate_limit_exceeded", "slow down")
                          .with_param("model")
                          .with_outcome(Outcome::rate_limited)
                          .with_retry_after(1500ms)
                          .worth_retrying();
  EXPECT_EQ(error.fault(), Fault::rate_limited);
  EXPECT_EQ(error.blame(), Blame::upstream);
  EXPECT_EQ(error.code(), "rate_limit_exceeded");
  EXPECT_EQ(error.message(), "slow down");
  EXPECT_EQ(error.param(), "model");
  EXPECT_EQ(error.outcome(), Outcome::rate_limited);
  EXPECT_EQ(error.retry_after(), 1500ms);
  EXPECT_TRUE(error.retryable());
}

TEST(Error, is_a_value_whose_copies_are_independent) {
  const Error original(Fault::internal, Blame::gateway, "internal_error", "first");
  Error copy = original;
  copy = Error(Fault::not_found, Blame::client, "model_not_found", "second");
  EXPECT_EQ(original.message(), "first");
  EXPECT_EQ(copy.message(), "second");
}

TEST(Error, is_one_pointer_wide) { EXPECT_EQ(sizeof(Error), sizeof(void*)); }

TEST(StatusOf, gives_each_fault_its_status) {
  EXPECT_EQ(status_of(Fault::bad_request), 400);
  EXPECT_EQ(status_of(Fault::unauthenticated), 401);
  EXPECT_EQ(status_of(Fault::forbidden), 403);
  EXPECT_EQ(status_of(Fault::not_found), 404);
  EXPECT_EQ(status_of(Fault::method_not_allowed), 405);
  EXPECT_EQ(status_of(Fault::request_timeout), 408);
  EXPECT_EQ(status_of(Fault::too_large), 413);
  EXPECT_EQ(status_of(Fault::unsupported), 415);
  EXPECT_EQ(status_of(Fault::client_left), 499);
  EXPECT_EQ(status_of(Fault::rate_limited), 429);
  EXPECT_EQ(status_of(Fault::internal), 500);
  EXPECT_EQ(status_of(Fault::upstream_failed), 502);
  EXPECT_EQ(status_of(Fault::unavailable), 503);
  EXPECT_EQ(status_of(Fault::upstream_timeout), 504);
}

TEST(Result, holds_a_value_or_an_error) {
  const Result<int> good = 3;
  const Result<int> bad = Error(Fault::internal, Blame::gateway, "", "no");
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, 3);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message(), "no");
}

}  // namespace
}  // namespace sluice
