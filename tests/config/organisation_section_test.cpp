#include <gtest/gtest.h>

#include "config/cases.hpp"
#include "config/sections.hpp"

namespace sluice::config::organisation_section_test {
namespace {

using testing::Case;
using testing::surroundings;
using testing::world;

const std::string word_rule =
    "no usable word of a tag; 1 to 256 characters without commas and equals signs, and without spaces around them";

class OrganisationSection : public testing::Complains {};
TEST_P(OrganisationSection, complains) { check(); }

INSTANTIATE_TEST_SUITE_P(
    Load, OrganisationSection,
    ::testing::Values(
        Case{"no_value",
             world + "organisation:\n",
             {"f:3:1: organisation: has no value; write {name: NAME, budget: {usd: AMOUNT, per: month}}"}},
        Case{"no_name",
             world + "organisation: {limits: {rpm: 1}}\n",
             {"f:3:1: organisation.name: is missing; give the organisation a name, for reports"}},
        Case{"no_usable_name",
             world + "organisation: {name: Acme Ltd}\n",
             {"f:3:22: organisation.name: no usable name; 1 to 64 letters, digits, dots, dashes and underscores"}},
        Case{"unknown_key",
             world + "organisation: {name: a, budgets: []}\n",
             {"f:3:25: organisation.budgets: unknown key \"budgets\"; did you mean \"budget\"?"}},
        Case{"tags_without_values",
             world + "tags: {project: , \"a=b\": {c: {limits: {rpm: 1}}}}\n",
             {"f:3:8: tags.project: has no value; write VALUE: {budget: {usd: AMOUNT, per: month}}",
              "f:3:19: tags[\"a=b\"]: " + word_rule}},
        Case{"values_without_terms",
             world + "tags: {project: {crm: , \"b,c\": {limits: {rpm: 1}}}}\n",
             {"f:3:18: tags.project.crm: has no value; write limits or budget, or both",
              "f:3:25: tags.project[\"b,c\"]: " + word_rule}},
        Case{"a_tag_that_would_downgrade",
             world + "tags: {project: {crm: {on_exhausted: refuse}}}\n",
             {"f:3:24: tags.project.crm.on_exhausted: unknown key \"on_exhausted\"; known here: limits, budget"}}),
    testing::name_of);

TEST(OrganisationSection, reads_tags_by_name_and_value) {
  const Loaded loaded = load(world +
                                 "organisation: {name: acme}\n"
                                 "tags:\n"
                                 "  project: {crm: {limits: {rpm: 1}}, \"the web shop\": {limits: {rpm: 2}}}\n"
                                 "  user: {\"42\": {limits: {rpm: 3}}}\n",
                             surroundings());
  ASSERT_TRUE(loaded.complaints.empty()) << loaded.complaints[0].text("f");
  EXPECT_EQ(loaded.config.organisation.name, "acme");
  const auto& tags = loaded.config.tags;
  ASSERT_EQ(tags.size(), 3u);
  EXPECT_EQ(tags[0].name, "project");
  EXPECT_EQ(tags[0].value, "crm");
  EXPECT_EQ(tags[1].value, "the web shop");
  EXPECT_EQ(tags[1].terms.limits.at(0).amount, 2u);
  EXPECT_EQ(tags[2].name, "user");
  EXPECT_EQ(tags[2].value, "42");
}

}  // namespace
}  // namespace sluice::config::organisation_section_test
