#include "app/version.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

TEST(Version, says_what_this_is_and_what_it_is_made_of) {
  const std::string text = version_text();
  EXPECT_TRUE(text.starts_with("sluice " + std::string(version()) + "\n")) << text;
  for (const char* name :
       {"revision", "compiler", "Boost", "OpenSSL", "simdjson", "c-ares", "yaml-cpp", "spdlog", "fmt"}) {
    EXPECT_NE(text.find("\n" + std::string(name) + " "), std::string::npos) << name;
  }
  EXPECT_NE(text.find(revision()), std::string::npos);
}

TEST(Version, leaves_no_line_without_a_value) {
  EXPECT_EQ(version_text().find(" \n"), std::string::npos) << version_text();
  EXPECT_FALSE(version().empty());
  EXPECT_FALSE(revision().empty());
}

}  // namespace
}  // namespace sluice::app
