#include <sluice/base/secret.hpp>

#include <gtest/gtest.h>

#include <ostream>
#include <type_traits>

namespace sluice {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

TEST(Secret, cannot_be_printed_or_converted) {
  EXPECT_FALSE(Printable<Secret>);
  EXPECT_FALSE((std::is_convertible_v<Secret, std::string>));
  EXPECT_FALSE((std::is_convertible_v<Secret, std::string_view>));
  EXPECT_FALSE((std::is_convertible_v<std::string, Secret>));
}

TEST(Secret, leaves_nothing_behind_when_moved) {
  Secret source(std::string("sk-short"));
  const Secret target = std::move(source);
  EXPECT_EQ(target.reveal(), "sk-short");
  EXPECT_TRUE(source.empty());  // NOLINT(bugprone-use-after-move): that is the promise
}

TEST(Secret, is_gone_after_assignment) {
  Secret secret(std::string("first"));
  secret = Secret(std::string("second"));
  EXPECT_EQ(secret.reveal(), "second");
  const Secret copy = secret;
  EXPECT_EQ(copy.reveal(), "second");
}

}  // namespace
}  // namespace sluice
