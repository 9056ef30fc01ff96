#include <gtest/gtest.h>

#include "config/cases.hpp"
#include "config/route_reach.hpp"

namespace sluice::config {
namespace {

using testing::surroundings;

// Whether a route with this `when` and a `use` leaves nothing for one behind it with that `when`.
bool shadows(const std::string& earlier, const std::string& later, const std::string& more = ", use: m") {
  const std::string text = testing::world +
                           "teams: {t: {}, u: {}}\nkeys: [{name: k, team: t, secret: \"${TEAM_KEY}\"}, {name: l, "
                           "secret: \"${OTHER_KEY}\"}]\n"
                           "routes:\n  - {name: earlier, when: " +
                           earlier + more + "}\n  - {name: later, use: m, when: " + later + "}\n";
  bool found = false;
  for (const Complaint& complaint : load(text, surroundings()).complaints) {
    EXPECT_TRUE(complaint.warning) << complaint.text("f");
    EXPECT_EQ(testing::line_of(complaint),
              "warning f:7:5: routes[1]: never counts: route \"earlier\" before it matches all that it matches; put it "
              "before that one, or remove it");
    found = true;
  }
  return found;
}

TEST(Shadows, are_cast_by_routes_without_conditions) {
  EXPECT_TRUE(shadows("{}", "{}"));
  EXPECT_TRUE(shadows("{}", "{model: auto, tools: true, share: {percent: 1}}"));
  EXPECT_FALSE(shadows("{tools: true}", "{}"));
}

TEST(Shadows, are_not_cast_by_routes_that_leave_the_model_to_others) {
  EXPECT_FALSE(shadows("{}", "{}", ", require: {provider: demo}"));
  EXPECT_TRUE(shadows("{}", "{}", ", require: {provider: demo}, use: m"));
}

TEST(Shadows, follow_names_and_patterns) {
  EXPECT_TRUE(shadows("{model: \"a*\"}", "{model: [ab, \"a*c\"]}"));
  EXPECT_FALSE(shadows("{model: \"a*\"}", "{model: [ab, b]}"));
  EXPECT_FALSE(shadows("{model: \"a*c\"}", "{model: \"a*\"}"));
  EXPECT_FALSE(shadows("{model: \"*\"}", "{}")) << "nothing is said of names there; that * is all of them is not used";
  EXPECT_TRUE(shadows("{endpoint: [chat, messages]}", "{endpoint: chat}"));
  EXPECT_FALSE(shadows("{endpoint: chat}", "{endpoint: [chat, messages]}"));
  EXPECT_TRUE(shadows("{tags: {a: \"x*\"}}", "{tags: {a: [x, x1], b: y}}"));
  EXPECT_FALSE(shadows("{tags: {a: \"x*\", b: y}}", "{tags: {a: x}}"));
  EXPECT_TRUE(shadows("{headers: {X-Env: test}}", "{headers: {x-env: test}}"));
}

TEST(Shadows, follow_callers) {
  EXPECT_TRUE(shadows("{team: t}", "{team: t, key: k}"));
  EXPECT_TRUE(shadows("{team: [t, u]}", "{team: u}"));
  EXPECT_TRUE(shadows("{team: t}", "{key: k}")) << "the key is in the team";
  EXPECT_FALSE(shadows("{team: t}", "{key: l}"));
  EXPECT_FALSE(shadows("{key: k}", "{team: t}"));
}

TEST(Shadows, follow_numbers_flags_hours_and_shares) {
  EXPECT_TRUE(shadows("{prompt_tokens: {max: 10}}", "{prompt_tokens: {min: 1, max: 9}}"));
  EXPECT_FALSE(shadows("{prompt_tokens: {max: 10}}", "{prompt_tokens: {min: 1}}"));
  EXPECT_FALSE(shadows("{prompt_tokens: {max: 10}}", "{}"));
  EXPECT_TRUE(shadows("{prompt_tokens: {min: 0}}", "{}"));
  EXPECT_TRUE(shadows("{stream: false}", "{stream: false}"));
  EXPECT_FALSE(shadows("{images: false}", "{images: true}"));
  EXPECT_FALSE(shadows("{json_schema: true}", "{tools: true}"));
  EXPECT_TRUE(shadows("{time: {days: mon}}", "{time: {days: mon}}"));
  EXPECT_FALSE(shadows("{time: {days: mon}}", "{time: {days: tue}}"));
  EXPECT_TRUE(shadows("{share: {percent: 100}}", "{}"));
  EXPECT_FALSE(shadows("{share: {percent: 99.9}}", "{share: {percent: 1}}"));
}

}  // namespace
}  // namespace sluice::config
