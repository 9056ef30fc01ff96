#include "config/sections.hpp"

#include <gtest/gtest.h>

#include "config/cases.hpp"

namespace sluice::config::admin_section_test {
namespace {

using testing::Case;
using testing::world;

// With two tokens that are long enough, and the shorter secrets of the others.
Surroundings surroundings() {
  Surroundings around = testing::surroundings();
  const auto usual = around.environment;
  around.environment = [usual](const std::string& name) -> std::optional<std::string> {
    if (name == "ALICE") return "canary-token-of-alice";
    if (name == "BOB") return "canary-token-of-bob-1";
    return usual(name);
  };
  return around;
}

const std::string with_team = world + "teams: {support: {}}\n";

class AdminSection : public ::testing::TestWithParam<Case> {};
TEST_P(AdminSection, complains) {
  std::vector<std::string> said;
  for (const Complaint& complaint : load(GetParam().yaml, surroundings()).complaints) {
    said.push_back(testing::line_of(complaint));
    EXPECT_EQ(said.back().find("canary"), std::string::npos) << said.back();
  }
  EXPECT_EQ(said, GetParam().complaints);
}

INSTANTIATE_TEST_SUITE_P(
    Load, AdminSection,
    ::testing::Values(
        Case{"no_list",
             world + "admin: {operators: alice}\n",
             {"f:3:20: admin.operators: a list belongs here, not a single value; write [a, b], or one item per line "
              "after a dash"}},
        Case{"no_value",
             world + "admin:\n  operators:\n",
             {"f:4:3: admin.operators: has no value; list operators, or remove the key"}},
        Case{"nobody", world + "admin: {operators: []}\n", {}},
        Case{"no_mapping",
             world + "admin: {operators: [alice]}\n",
             {"f:3:21: admin.operators[0]: a mapping belongs here, not a single value; write \"key: value\" lines"}},
        Case{"nothing_in_it",
             world + "admin:\n  operators:\n    - role: viewer\n      name:\n    - {}\n",
             {"f:5:7: admin.operators[0].token: is missing; write token: \"${NAME}\"",
              "f:6:7: admin.operators[0].name: has no value; write one, or remove the key",
              "f:7:7: admin.operators[1].name: is missing; give the operator a name, for the audit trail",
              "f:7:7: admin.operators[1].role: is missing; use one of viewer, operator, billing, admin",
              "f:7:7: admin.operators[1].token: is missing; write token: \"${NAME}\""}},
        Case{"unknown_key",
             world + "admin: {operators: [{name: a, role: viewer, token: \"${ALICE}\", rle: x}]}\n",
             {"f:3:64: admin.operators[0].rle: unknown key \"rle\"; did you mean \"role\"?"}},
        Case{"names",
             world + "admin: {operators: [{name: two words, role: viewer, token: \"${ALICE}\"},"
                     " {name: daemon, role: viewer, token: \"${BOB}\"}]}\n",
             {"f:3:28: admin.operators[0].name: no usable name; 1 to 64 letters, digits, dots, dashes and underscores",
              "f:3:80: admin.operators[1].name: the audit trail means somebody else by \"daemon\"; take another name"}},
        Case{"twins",
             world + "admin: {token: \"${ALICE}\", operators: [{name: a, role: viewer, token: \"${ALICE}\"},"
                     " {name: a, role: billing, token: \"${BOB}\"}, {name: c, role: admin, token: \"${BOB}\"}]}\n",
             {"f:3:71: admin.operators[0].token: the same secret as admin.token; give each its own",
              "f:3:91: admin.operators[1].name: another operator is called \"a\"; give each operator their own name",
              "f:3:157: admin.operators[2].token: the same secret as operator \"a\"; give each its own"}},
        Case{"the_secret_of_a_key",
             world + "admin: {token: \"${ALICE}\", operators: [{name: a, role: viewer, token: \"${BOB}\"}]}\n"
                     "keys: [{name: x, secret: \"${ALICE}\"}, {name: y, secret: \"${BOB}\"}]\n",
             {"f:3:16: admin.token: the same secret as key \"x\"; give each its own",
              "f:3:71: admin.operators[0].token: the same secret as key \"y\"; give each its own"}},
        Case{"short_token",
             world + "admin: {operators: [{name: a, role: viewer, token: \"${TEAM_KEY}\"}]}\n",
             {"f:3:52: admin.operators[0].token: the token is shorter than 16 characters; use a long random one, such "
              "as `openssl rand -hex 32` makes"}},
        Case{"literal_token",
             world + "admin: {operators: [{name: a, role: viewer, token: canary-literal-token}]}\n",
             {"warning f:3:52: admin.operators[0].token: the secret itself stands in the file; write ${NAME} for an "
              "environment variable, or file:/path"}},
        Case{"role_that_is_none",
             world + "admin: {operators: [{name: a, role: root, team: none, token: \"${ALICE}\"}]}\n",
             {"f:3:37: admin.operators[0].role: found \"root\"; use one of viewer, operator, billing, admin"}},
        Case{"operator_without_a_team",
             with_team + "admin: {operators: [{name: a, role: operator, token: \"${ALICE}\"}]}\n",
             {"f:4:21: admin.operators[0].team: is missing; name the team whose keys this operator looks after"}},
        Case{"operator_of_no_team",
             with_team + "admin: {operators: [{name: a, role: operator, team: suport, token: \"${ALICE}\"}]}\n",
             {"f:4:53: admin.operators[0].team: no team is called \"suport\"; did you mean \"support\"?"}},
        Case{"team_of_another_role",
             with_team + "admin: {operators: [{name: a, role: admin, team: support, token: \"${ALICE}\"}]}\n",
             {"f:4:50: admin.operators[0].team: only an operator of role \"operator\" has a team; remove it, or write "
              "role: operator"}}),
    testing::name_of);

TEST(AdminSection, reads_operators_in_the_order_of_the_file) {
  const Loaded loaded = load(with_team +
                                 "admin:\n"
                                 "  operators:\n"
                                 "    - {name: alice, role: operator, team: support, token: \"${ALICE}\"}\n"
                                 "    - {name: bob, role: billing, token: \"${BOB}\"}\n",
                             surroundings());
  ASSERT_TRUE(loaded.complaints.empty());
  const std::vector<Operator>& operators = loaded.config.admin.operators;
  ASSERT_EQ(operators.size(), 2u);
  EXPECT_EQ(operators[0].name, "alice");
  EXPECT_EQ(operators[0].role, Role::team_keeper);
  EXPECT_EQ(operators[0].team, "support");
  EXPECT_EQ(operators[0].token.reveal(), "canary-token-of-alice");
  EXPECT_EQ(operators[1].role, Role::billing);
  EXPECT_EQ(operators[1].team, "");
  EXPECT_TRUE(loaded.config.admin.token.empty());
}

TEST(Role, is_called_as_it_is_written) {
  for (const Role role : {Role::viewer, Role::team_keeper, Role::billing, Role::admin})
    EXPECT_EQ(role_named(to_string(role)), role);
  EXPECT_EQ(role_named("root"), std::nullopt);
  EXPECT_EQ(role_named(""), std::nullopt);
}

}  // namespace
}  // namespace sluice::config::admin_section_test
