#include "config/yaml.hpp"

#include <gtest/gtest.h>

#include <string>

#include "config/cases.hpp"

namespace sluice::config {
namespace {

using testing::Case;
using testing::complaints_of;
using testing::world;

class Syntax : public testing::Complains {};
TEST_P(Syntax, complains) { check(); }

const std::string syntax_remedy = "check the indentation and quote values with special characters";
const std::string tab_remedy = "the line begins with a tab; indent with spaces";
const std::string quotes_remedy = "inside {} and [], put quotes around it: \"${NAME}\"";
const std::string star_remedy = "put quotes around what begins with *, as in \"*\" or \"*-mini\"";

INSTANTIATE_TEST_SUITE_P(
    Yaml, Syntax,
    ::testing::Values(
        Case{"open_bracket",
             "a: [1,\nb: 2\n",
             {"f:3:1: not valid YAML: end of sequence flow not found; " + syntax_remedy}},
        Case{"two_colons", "a: b: c\n", {"f:1:5: not valid YAML: illegal map value; " + syntax_remedy}},
        Case{"tab", "a:\n\tb: c\n", {"f:2:3: not valid YAML: illegal map value; " + tab_remedy}},
        Case{"tab_after_spaces",
             "a:\n  b: 1\n \tc: 2\n",
             {"f:3:2: not valid YAML: illegal tab when looking for indentation; " + tab_remedy}},
        Case{"tab_after_a_dash", "a:\n  -\tb: 1\n", {"f:2:6: not valid YAML: illegal map value; " + tab_remedy}},
        Case{"unquoted_reference_in_braces",
             "providers:\n  openai: {api_key: ${OPENAI_API_KEY}}\n",
             {"f:2:22: not valid YAML: end of map flow not found; " + quotes_remedy}},
        Case{"unquoted_reference_in_brackets",
             "a: [x, ${OPENAI_API_KEY}]\n",
             {"f:1:9: not valid YAML: end of sequence flow not found; " + quotes_remedy}},
        Case{"unquoted_reference_in_the_middle",
             "a: {b: x-${OPENAI_API_KEY}, c: d}\n",
             {"f:1:11: not valid YAML: end of map flow not found; " + quotes_remedy}},
        Case{"unquoted_star", "a: [*]\n", {"f:1:6: not valid YAML: alias not found after *; " + star_remedy}},
        Case{"unquoted_star_and_more",
             "models:\n  *-mini: {}\n",
             {"f:2:3: an alias without an anchor of that name; " + star_remedy}},
        Case{"unknown_alias", "a: *canary\n", {"f:1:4: an alias without an anchor of that name; " + star_remedy}},
        Case{"open_quote", "a: \"canary\n", {"f:2:1: not valid YAML: a quote that is not closed; " + syntax_remedy}},
        Case{"open_quote_at_the_very_end",
             "a: 'canary",
             {"f:1:11: not valid YAML: a quote that is not closed; " + syntax_remedy}},
        Case{"ended_document",
             "log: {level: loud}\n" + world + "...\n# and no more\n",
             {"f:1:14: log.level: found \"loud\"; use one of debug, info, warn, error"}},
        Case{"bad_escape", "a: \"\\q\"\n", {"f:1:7: not valid YAML: unknown escape character; " + syntax_remedy}},
        Case{"syntax_alone_is_told",
             "auth: x\nlog: [\n",
             {"f:3:1: not valid YAML: end of sequence flow not found; " + syntax_remedy}},
        Case{"two_documents",
             world + "---\na: 1\n",
             {"f:3:1: something follows the end of the configuration; one file holds one; check brackets, quotes and "
              "---"}},
        Case{"given_twice",
             world + "log: {level: info, level: warn}\nlog: {}\n",
             {"f:3:20: log.level: given twice, first on line 3; keep one of them",
              "f:4:1: log: given twice, first on line 3; keep one of them"}},
        Case{"given_twice_where_nobody_looks",
             world + "log: {bodies: [{a: {b: 1, b: 2}}]}\n",
             {"f:3:7: log.bodies: \"bodies\" is not supported by this version; remove it",
              "f:3:27: log.bodies[0].a.b: given twice, first on line 3; keep one of them"}},
        Case{"given_twice_in_different_quotes",
             world + "log: {}\n\"log\": {}\n",
             {"f:4:1: log: given twice, first on line 3; keep one of them"}},
        Case{"key_is_a_list",
             world + "log: {[a]: 1}\n",
             {"f:3:7: log: a key that is no text; keys are names; put quotes around special characters"}},
        Case{"key_is_null",
             world + "log: {~: 1}\n",
             {"f:3:6: log: a key that is no text; keys are names; put quotes around special characters"}},
        Case{"tag",
             world + "log: {level: !!str info}\n",
             {"f:3:14: log.level: YAML tags are not supported; remove the tag"}},
        Case{"merge_key",
             world + "log: {<<: {level: info}}\n",
             {"f:3:7: log[\"<<\"]: unknown key \"<<\"; known here: level, format"}},
        Case{"leads_into_itself",
             "server: &a\n  limits: *a\n",
             {"f:2:11: server.limits: an alias that leads into itself; write the value out"}},
        Case{"not_utf8", "log: {level: \xC3\x28}\n", {"f:1:14: the text is not UTF-8; save the file as UTF-8"}},
        Case{"surrogate", "a: \xED\xA0\x80\n", {"f:1:4: the text is not UTF-8; save the file as UTF-8"}},
        Case{"overlong", "a: \xC0\xAF\n", {"f:1:4: the text is not UTF-8; save the file as UTF-8"}},
        Case{"cut_off", "a: \xE2\x82", {"f:1:4: the text is not UTF-8; save the file as UTF-8"}},
        Case{"utf16",
             std::string("\xFF\xFE"
                         "a\0",
                         4),
             {"f:1:1: the text is not UTF-8; save the file as UTF-8"}},
        Case{"binary", std::string("ab\ncd\0ef", 8), {"f:2:3: a control character in the text; remove it"}},
        Case{"columns_count_characters",
             world + "log: {\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x99\x82\": 1, level: loud}\n",
             {"f:3:7: log[\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x99\x82\"]: unknown key "
              "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x99\x82\"; known here: level, format",
              "f:3:24: log.level: found \"loud\"; use one of debug, info, warn, error"}},
        Case{"byte_order_mark_is_no_column",
             "\xEF\xBB\xBFlog: {level: loud}\n" + world,
             {"f:1:14: log.level: found \"loud\"; use one of debug, info, warn, error"}},
        Case{"windows_lines",
             "# a\r\nlog:\r\n  level: loud\r\n" + world,
             {"f:3:10: log.level: found \"loud\"; use one of debug, info, warn, error"}},
        Case{"multi_line_text_stands_where_it_begins",
             world + "log:\n  level: >\n    loud\n    and clear\n",
             {"f:4:10: log.level: found \"loud and clear\\n\"; use one of debug, info, warn, error"}}),
    testing::name_of);

TEST(Yaml, lets_aliases_stand_for_values) {
  const Loaded loaded =
      load("providers: {demo: {}}\nmodels:\n  a: &a {targets: [{provider: demo}], retry: {attempts: 7}}\n  b: *a\n",
           testing::surroundings());
  ASSERT_TRUE(loaded.complaints.empty());
  ASSERT_EQ(loaded.config.models.size(), 2u);
  EXPECT_EQ(loaded.config.models[1].name, "b");
  EXPECT_EQ(loaded.config.models[1].attempts, 7u);
}

TEST(Yaml, refuses_deep_nesting_before_it_hurts) {
  for (const std::string piece : {"[", "{a: ", "- ", "? "}) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += piece;
    const auto said = complaints_of(text);
    ASSERT_EQ(said.size(), 1u) << piece;
    EXPECT_NE(said[0].find("nested deeper than 64 levels"), std::string::npos) << said[0];
  }
}

TEST(Yaml, allows_nesting_up_to_64_levels) {
  const auto nested = [](std::size_t levels) {
    return complaints_of(world + "log: {bodies: " + std::string(levels - 2, '[') + std::string(levels - 2, ']') +
                         "}\n");
  };
  EXPECT_EQ(nested(64),
            std::vector<std::string>{"f:3:7: log.bodies: \"bodies\" is not supported by this version; remove it"});
  EXPECT_EQ(nested(65), std::vector<std::string>{
                            "f:3:77: nested deeper than 64 levels; no setting needs that; check the brackets"});
}

TEST(Yaml, refuses_aliases_that_write_out_to_too_much) {
  std::string text = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 1; j < 10; ++j) text += "," + before;
    text += "]\n";
  }
  const auto said = complaints_of(text);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_NE(said[0].find("more than a million values"), std::string::npos) << said[0];
}

TEST(Yaml, refuses_a_text_over_4_MiB) {
  const std::string longest = world + "#" + std::string((4u << 20) - world.size() - 1, 'x');
  EXPECT_TRUE(complaints_of(longest).empty());
  EXPECT_EQ(complaints_of(longest + "x"),
            std::vector<std::string>{"f:1:1: the configuration is longer than 4 MiB; split or shorten it"});
}

// Cutting a good text anywhere, and replacing any of its bytes, leads to complaints or to none, but never further.
TEST(Yaml, survives_every_broken_piece_of_a_text) {
  const std::string text =
      "auth: &x keys\nlog: {level: 'a', format: \"b\\n\"}\nkeys:\n  - name: *x\n    secret: |\n      ${A}\n";
  for (std::size_t i = 0; i < text.size(); ++i) {
    complaints_of(text.substr(0, i));
    for (const char c :
         {'\0', '\n', '\t', '"', '[', '{', '}', ':', '&', '*', '!', '%', '|', '?', '-', '\x80', '\xFF'}) {
      std::string broken = text;
      broken[i] = c;
      for (const std::string& line : complaints_of(broken)) EXPECT_EQ(line.substr(line.find("f:"), 2), "f:");
    }
  }
}

}  // namespace
}  // namespace sluice::config
