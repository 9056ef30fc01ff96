#include <gtest/gtest.h>

#include <sluice/chat/dialect.hpp>

namespace sluice::chat {
namespace {

TEST(Dialects, are_found_by_their_own_name) {
  for (const Dialect* dialect : dialects()) {
    EXPECT_EQ(dialect_named(dialect->name()), dialect);
    EXPECT_NE(dialect->codec(), nullptr) << dialect->name();
  }
  EXPECT_EQ(openai_chat().name(), "openai_chat");
  EXPECT_EQ(dialect_named("gemini"), &gemini());
}

TEST(Dialects, have_no_other_names) {
  for (const std::string_view name : {"", "openai", "OPENAI_CHAT", "openai_chat ", "anthropic"}) {
    EXPECT_EQ(dialect_named(name), nullptr) << name;
  }
}

}  // namespace
}  // namespace sluice::chat
