#include "traffic/evidence.hpp"

#include <gtest/gtest.h>

#include <string>

#include "traffic/errors.hpp"

namespace sluice::traffic {
namespace {

using Of = Evidence::Of;

struct Case {
  Error error;
  Of provider;
  Of deployment;
  Of key;
};

void expect(const Case& one) {
  const Evidence evidence = evidence_of(one.error);
  const auto name = std::string(one.error.code()) + ' ' + std::string(to_string(one.error.outcome()));
  EXPECT_EQ(evidence.provider, one.provider) << name;
  EXPECT_EQ(evidence.deployment, one.deployment) << name;
  EXPECT_EQ(evidence.key, one.key) << name;
}

TEST(Evidence, is_against_whom_it_concerns_and_for_the_provider_that_answered) {
  expect({upstream(Fault::unavailable, "", Outcome::connect), Of::ill, Of::nothing, Of::nothing});
  expect({upstream(Fault::upstream_failed, "", Outcome::tls), Of::ill, Of::nothing, Of::nothing});
  expect({upstream(Fault::upstream_failed, "", Outcome::reset), Of::nothing, Of::ill, Of::nothing});
  expect({upstream(Fault::upstream_timeout, "", Outcome::timeout), Of::nothing, Of::ill, Of::nothing});
  expect({upstream(Fault::upstream_failed, "", Outcome::server_error), Of::well, Of::ill, Of::nothing});
  expect({upstream(Fault::upstream_failed, "", Outcome::truncated), Of::well, Of::ill, Of::nothing});
  expect({upstream(Fault::unavailable, "", Outcome::server_error), Of::well, Of::ill, Of::nothing});
  expect({upstream(Fault::rate_limited, "", Outcome::rate_limited), Of::well, Of::nothing, Of::nothing});
  expect(
      {upstream(Fault::rate_limited, "insufficient_quota", Outcome::rate_limited), Of::nothing, Of::nothing, Of::ill});
  expect({upstream(Fault::upstream_failed, "upstream_auth", Outcome::client_error), Of::nothing, Of::nothing, Of::ill});
}

TEST(Evidence, of_a_providers_refusal_is_that_all_are_well) {
  for (const std::string_view code : {"invalid_request", "context_length_exceeded", "model_not_found"}) {
    expect({Error(Fault::bad_request, Blame::client, code, "").with_outcome(Outcome::client_error), Of::well, Of::well,
            Of::well});
  }
}

TEST(Evidence, is_nothing_when_nobody_was_asked) {
  expect({Error(Fault::bad_request, Blame::client, "invalid_request", ""), Of::nothing, Of::nothing, Of::nothing});
  expect({client_left(), Of::nothing, Of::nothing, Of::nothing});
  expect({Error(Fault::unavailable, Blame::gateway, "service_unavailable", ""), Of::nothing, Of::nothing, Of::nothing});
}

}  // namespace
}  // namespace sluice::traffic
