#include <sluice/traffic/failure.hpp>

#include <gtest/gtest.h>

#include "traffic/errors.hpp"

namespace sluice::traffic {
namespace {

TEST(FailureClass, has_a_name_that_leads_back_to_it) {
  for (int i = 0; i <= static_cast<int>(FailureClass::other); ++i) {
    const auto failure = static_cast<FailureClass>(i);
    EXPECT_FALSE(to_string(failure).empty());
    EXPECT_EQ(failure_class_named(to_string(failure)), failure);
  }
  EXPECT_FALSE(failure_class_named("sadness"));
}

TEST(FailureClass, and_suspect_are_read_off_the_error) {
  struct Case {
    Error error;
    FailureClass failure;
    Suspect suspect;
  };
  const Case cases[] = {
      {upstream(Fault::unavailable, "upstream_unavailable", Outcome::connect), FailureClass::connection,
       Suspect::provider},
      {upstream(Fault::upstream_failed, "tls_certificate", Outcome::tls), FailureClass::connection, Suspect::provider},
      {upstream(Fault::upstream_failed, "upstream_error", Outcome::reset), FailureClass::connection,
       Suspect::deployment},
      {upstream(Fault::upstream_timeout, "upstream_timeout", Outcome::timeout), FailureClass::timeout,
       Suspect::deployment},
      {upstream(Fault::rate_limited, "rate_limit_exceeded", Outcome::rate_limited), FailureClass::rate_limited,
       Suspect::deployment},
      {upstream(Fault::rate_limited, "insufficient_quota", Outcome::rate_limited), FailureClass::rate_limited,
       Suspect::key},
      {upstream(Fault::upstream_failed, "upstream_auth", Outcome::client_error), FailureClass::server_error,
       Suspect::key},
      {upstream(Fault::unavailable, "upstream_error", Outcome::server_error), FailureClass::overloaded,
       Suspect::deployment},
      {upstream(Fault::upstream_failed, "upstream_error", Outcome::server_error), FailureClass::server_error,
       Suspect::deployment},
      {upstream(Fault::upstream_failed, "upstream_error", Outcome::truncated), FailureClass::server_error,
       Suspect::deployment},
      {refusal(Fault::bad_request, "context_length_exceeded"), FailureClass::context_length, Suspect::nobody},
      {refusal(Fault::not_found, "model_not_found"), FailureClass::model_not_found, Suspect::nobody},
      {refusal(Fault::bad_request, "content_policy_violation"), FailureClass::content_refusal, Suspect::nobody},
      {refusal(Fault::bad_request, "invalid_request"), FailureClass::other, Suspect::nobody},
      {client_left(), FailureClass::other, Suspect::nobody},
      {Error(Fault::unavailable, Blame::gateway, "service_unavailable", ""), FailureClass::other, Suspect::nobody},
      {Error(Fault::rate_limited, Blame::client, "rate_limit_exceeded", ""), FailureClass::rate_limited,
       Suspect::nobody},
      {Error(Fault::internal, Blame::gateway, "internal_error", ""), FailureClass::other, Suspect::nobody},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(class_of(one.error), one.failure) << one.error.code() << ' ' << to_string(one.error.outcome());
    EXPECT_EQ(suspect_of(one.error), one.suspect) << one.error.code() << ' ' << to_string(one.error.outcome());
  }
}

TEST(FailureClasses, have_what_was_added) {
  FailureClasses some;
  some.add(FailureClass::timeout).add(FailureClass::other);
  EXPECT_TRUE(some.has(FailureClass::timeout));
  EXPECT_TRUE(some.has(FailureClass::other));
  EXPECT_FALSE(some.has(FailureClass::connection));
  EXPECT_TRUE(FailureClasses::usual().has(FailureClass::server_error));
  EXPECT_FALSE(FailureClasses::usual().has(FailureClass::context_length));
}

}  // namespace
}  // namespace sluice::traffic
