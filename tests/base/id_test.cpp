#include <sluice/base/id.hpp>

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace sluice {
namespace {

TEST(Random, repeats_itself_from_the_same_seed) {
  Random first({1, 2, 3, 4});
  Random second({1, 2, 3, 4});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(first.next(), second.next());
}

TEST(Random, agrees_with_the_published_generator) {
  // The first values of xoshiro256** from the state {1, 2, 3, 4}.
  Random random({1, 2, 3, 4});
  EXPECT_EQ(random.next(), 11520u);
  EXPECT_EQ(random.next(), 0u);
  EXPECT_EQ(random.next(), 1509978240u);
}

TEST(RequestId, is_usable_and_never_the_same) {
  Random random = random_from_system();
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    const RequestId id(random);
    EXPECT_TRUE(is_usable_request_id(id.text()));
    EXPECT_EQ(id.text().substr(0, 4), "req_");
    EXPECT_TRUE(seen.emplace(id.text()).second);
  }
}

TEST(IsUsableRequestId, takes_only_what_cannot_harm_a_header_or_a_log) {
  EXPECT_TRUE(is_usable_request_id("a"));
  EXPECT_TRUE(is_usable_request_id("A-b_c.9"));
  EXPECT_TRUE(is_usable_request_id(std::string(128, 'x')));
  EXPECT_FALSE(is_usable_request_id(""));
  EXPECT_FALSE(is_usable_request_id(std::string(129, 'x')));
  EXPECT_FALSE(is_usable_request_id("a b"));
  EXPECT_FALSE(is_usable_request_id("a\r\nb"));
  EXPECT_FALSE(is_usable_request_id("\"quoted\""));
}

}  // namespace
}  // namespace sluice
