#include "gateway/upstream_head.hpp"

#include <gtest/gtest.h>

#include <array>

namespace sluice {
namespace {

bool accepts(std::string_view value, std::string_view coding) {
  const std::array<http::Field, 1> fields{{{"Accept-Encoding", value}}};
  return accepts_coding(fields, coding);
}

TEST(AcceptsCoding, follows_the_callers_list_and_its_weights) {
  EXPECT_TRUE(accepts("gzip, deflate, br", "gzip"));
  EXPECT_TRUE(accepts("GZIP", "gzip"));
  EXPECT_TRUE(accepts("gzip;q=0.5", "gzip"));
  EXPECT_TRUE(accepts("*", "zstd"));
  EXPECT_FALSE(accepts("gzip;q=0", "gzip"));
  EXPECT_FALSE(accepts("gzip; q=0.000", "gzip"));
  EXPECT_FALSE(accepts("br", "gzip"));
  EXPECT_FALSE(accepts("", "gzip"));
  EXPECT_FALSE(accepts_coding({}, "gzip"));
}

TEST(PassedOnAs, lets_only_what_is_listed_reach_callers) {
  EXPECT_EQ(passed_on_as("Content-Type"), "content-type");
  EXPECT_EQ(passed_on_as("x-request-id"), "x-upstream-request-id");
  for (const char* name : {"request-id", "x-amzn-RequestId", "mistral-correlation-id", "x-debug-trace-id"}) {
    EXPECT_EQ(passed_on_as(name), "x-upstream-request-id") << name;
  }
  EXPECT_EQ(passed_on_as("x-amzn-ErrorType"), "x-amzn-errortype");
  for (const char* name :
       {"set-cookie", "server", "alt-svc", "strict-transport-security", "openai-organization", "cf-ray",
        "x-ratelimit-remaining-requests", "connection", "transfer-encoding", "content-length", "date"}) {
    EXPECT_EQ(passed_on_as(name), "") << name;
  }
}

}  // namespace
}  // namespace sluice
