#include "config/sections.hpp"

#include <gtest/gtest.h>

#include "config/cases.hpp"

namespace sluice::config {
namespace {

using testing::Case;
using testing::surroundings;
using testing::world;

const std::string people =
    "teams: {finance: {}, support: {}}\n"
    "keys: [{name: bot, team: support, secret: \"${TEAM_KEY}\"}]\n";
const std::string place = world + people;  // four lines; routes begin on the fifth

std::string when(const std::string& text) { return place + "routes: [{name: r, use: m, when: " + text + "}]\n"; }
// What is said of the first character behind "when: " has this column.
constexpr int column_of_when = 34;
std::string at(int column, const std::string& rest) {
  return "f:5:" + std::to_string(column_of_when + column) + ": routes[0].when" + rest;
}

const std::string endpoints_listed =
    "chat, completions, responses, messages, gemini, converse, embeddings, rerank, moderations, images, speech, "
    "transcriptions, translations, count";
const std::string days_listed = "use mon, tue, wed, thu, fri, sat, sun, or a range like mon-fri";
const std::string clock = "write a time of the day like 08:00 or 17:30";
const std::string zones = "write UTC, or the distance from it like +02:00 or -05:30";
const std::string no_mapping = "a value or a list of them belongs here, not a mapping; write a, or [a, b]";

class RouteSection : public testing::Complains {};
TEST_P(RouteSection, complains) { check(); }

INSTANTIATE_TEST_SUITE_P(
    Load, RouteSection,
    ::testing::Values(
        Case{"no_list",
             place + "routes: {r: {}}\n",
             {"f:5:9: routes: a list belongs here, not a mapping; write [a, b], or one item per line after a dash"}},
        Case{"no_routes_at_all", place + "routes: []\n", {}},
        Case{"no_mapping",
             place + "routes: [m]\n",
             {"f:5:10: routes[0]: a mapping belongs here, not a single value; write \"key: value\" lines"}},
        Case{"nothing",
             place + "routes:\n  - null\n",
             {"f:6:5: routes[0]: a route is missing here; write {name: NAME, when: {…}, use: MODEL}"}},
        Case{"name_missing_and_nothing_to_do",
             place + "routes: [{when: {tools: true}}]\n",
             {"f:5:10: routes[0].name: is missing; give the route a name, for logs, metrics and x-sluice-route",
              "f:5:10: routes[0]: has neither use nor require; write the model it leads to, or what a target must "
              "have"}},
        Case{"a_require_that_demands_nothing",
             place + "routes: [{name: r, require: {}}]\n",
             {"f:5:10: routes[0]: has neither use nor require; write the model it leads to, or what a target must "
              "have"}},
        Case{"name_with_spaces",
             place + "routes: [{name: a b, use: m}]\n",
             {"f:5:17: routes[0].name: no usable name; 1 to 64 letters, digits, dots, dashes and underscores"}},
        Case{"names_alike",
             place + "routes: [{name: r, when: {tools: true}, use: m}, {name: r, use: m}]\n",
             {"f:5:57: routes[1].name: another route is called \"r\"; give each route its own name"}},
        Case{"unknown_key",
             place + "routes: [{name: r, used: m}]\n",
             {"f:5:10: routes[0]: has neither use nor require; write the model it leads to, or what a target must "
              "have",
              "f:5:20: routes[0].used: unknown key \"used\"; did you mean \"use\"?"}},
        Case{"use_unknown",
             place + "routes: [{name: r, use: n5}]\n",
             {"f:5:25: routes[0].use: no model is called \"n5\"; add it to models"}},
        Case{"use_nearly_right",
             "providers: {demo: {}}\nmodels: {small: {targets: [{provider: demo}]}}\nroutes: [{name: r, use: smal}]\n",
             {"f:3:25: routes[0].use: no model is called \"smal\"; did you mean \"small\"?"}},
        Case{"use_of_a_pattern",
             "providers: {demo: {}}\nmodels: {\"g*\": {targets: [{provider: demo}]}}\n"
             "routes: [{name: r, use: \"g*\"}, {name: s, use: g1}]\n",
             {"f:3:25: routes[0].use: a pattern names no model; write the whole name of a model of this file",
              "warning f:3:32: routes[1]: never counts: route \"r\" before it matches all that it matches; put it "
              "before that one, or remove it",
              "f:3:47: routes[1].use: no model is called \"g1\"; add it to models"}},
        Case{"when_unknown_key", when("{tool: true}"), {at(1, ".tool: unknown key \"tool\"; did you mean \"tools\"?")}},
        Case{"when_is_a_word",
             when("auto"),
             {at(0, ": a mapping belongs here, not a single value; write \"key: value\" lines")}},
        Case{"key_and_team_unknown",
             when("{key: [bot, bt], team: finanz}"),
             {at(12, ".key[1]: no key is called \"bt\"; did you mean \"bot\"?"),
              at(23, ".team: no team is called \"finanz\"; did you mean \"finance\"?")}},
        Case{"lists_without_items",
             when("{key: [], model: [], endpoint: []}"),
             {at(6, ".key: has no value; write one or more, or remove the key"),
              at(17, ".model: has no value; write one or more, or remove the key"),
              at(31, ".endpoint: has no value; write one or more, or remove the key")}},
        Case{"lists_that_are_mappings",
             when("{key: {}, model: {}, endpoint: {}}"),
             {at(6, ".key: " + no_mapping), at(17, ".model: " + no_mapping), at(31, ".endpoint: " + no_mapping)}},
        Case{"model_with_spaces",
             when("{model: a b}"),
             {at(8, ".model: no usable pattern of models' names; up to 256 characters without spaces")}},
        Case{"endpoint_unknown",
             when("{endpoint: [chat, ocr]}"),
             {at(18, ".endpoint[1]: found \"ocr\"; use one of " + endpoints_listed)}},
        Case{"tags_and_headers_without_value",
             place + "routes:\n  - name: r\n    use: m\n    when:\n      tags:\n      headers:\n",
             {"f:9:7: routes[0].when.tags: has no value; write NAME: PATTERN, or remove the key",
              "f:10:7: routes[0].when.headers: has no value; write NAME: PATTERN, or remove the key"}},
        Case{"tags_that_are_a_word",
             when("{tags: blue}"),
             {at(7, ".tags: a mapping belongs here, not a single value; write \"key: value\" lines")}},
        Case{"tag_with_an_empty_pattern",
             when("{tags: {a: [\"\"]}}"),
             {at(12, ".tags.a[0]: is empty; write a value, or remove the key")}},
        Case{
            "headers_that_carry_credentials",
            when("{headers: {Authorization: a, proxy-authorization: a, Cookie: a, X-Api-Key: a, api-key: a, "
                 "x-goog-api-key: a, X-Amz-Security-Token: a}}"),
            {at(11, ".headers.Authorization: carries a credential, which routes do not look at; use key or team"),
             at(29, ".headers.proxy-authorization: carries a credential, which routes do not look at; use key or team"),
             at(53, ".headers.Cookie: carries a credential, which routes do not look at; use key or team"),
             at(64, ".headers.X-Api-Key: carries a credential, which routes do not look at; use key or team"),
             at(78, ".headers.api-key: carries a credential, which routes do not look at; use key or team"),
             at(90, ".headers.x-goog-api-key: carries a credential, which routes do not look at; use key or team"),
             at(109,
                ".headers.X-Amz-Security-Token: carries a credential, which routes do not look at; use key or "
                "team")}},
        Case{"header_twice_and_header_with_a_space",
             when("{headers: {X-A: a, x-a: b, \"x a\": c}}"),
             {at(19, ".headers.x-a: given twice, since headers are the same in capitals; keep one of them"),
              at(27, ".headers[\"x a\"]: no name of a header; letters, digits and dashes")}},
        Case{"prompt_tokens_without_a_number",
             when("{prompt_tokens: {}}"),
             {at(16, ".prompt_tokens: says no number; write min or max, or both")}},
        Case{"prompt_tokens_the_wrong_way_round",
             when("{prompt_tokens: {min: 10, max: 9}}"),
             {at(31, ".prompt_tokens.max: max is less than min; write a max that is no less")}},
        Case{"prompt_tokens_out_of_bounds",
             when("{prompt_tokens: {min: -1, most: 5, max: 1000000001}}"),
             {at(22, ".prompt_tokens.min: found \"-1\"; use a whole number between 0 and 1000000000"),
              at(26, ".prompt_tokens.most: unknown key \"most\"; known here: min, max"),
              at(40, ".prompt_tokens.max: found \"1000000001\"; use a whole number between 0 and 1000000000")}},
        Case{"flags",
             when("{tools: 1, images: yes, json_schema: [], stream: maybe}"),
             {at(8, ".tools: \"1\" is neither true nor false; write true or false"),
              at(19, ".images: \"yes\" is neither true nor false; write true or false"),
              at(37, ".json_schema: a single value belongs here, not a list; write one value"),
              at(49, ".stream: \"maybe\" is neither true nor false; write true or false")}},
        Case{
            "time_without_a_time", when("{time: {zone: UTC}}"), {at(7, ".time: says no time; write from, to or days")}},
        Case{"time_out_of_bounds",
             when("{time: {from: 24:00, to: 24:01, days: [mon, tues, fri-xyz], zone: Berlin}}"),
             {at(14, ".time.from: found \"24:00\"; " + clock), at(25, ".time.to: found \"24:01\"; " + clock),
              at(44, ".time.days[1]: found \"tues\"; " + days_listed),
              at(50, ".time.days[2]: found \"fri-xyz\"; " + days_listed),
              at(66, ".time.zone: found \"Berlin\"; " + zones)}},
        Case{"time_written_otherwise",
             when("{time: {from: 8:00, to: 17h, zone: +14:01}}"),
             {at(14, ".time.from: found \"8:00\"; " + clock), at(24, ".time.to: found \"17h\"; " + clock),
              at(35, ".time.zone: found \"+14:01\"; " + zones)}},
        Case{"share_without_percent",
             when("{share: {by: team}}"),
             {at(8, ".share.percent: is missing; write percent: NUMBER")
                  .replace(4, 2, std::to_string(column_of_when + 1)),
              at(13, ".share.by: found \"team\"; use one of key, conversation")}},
        Case{"share_with_two_decimals",
             when("{share: {percent: 12.55}}"),
             {at(18, ".share.percent: found \"12.55\"; use a number between 0 and 100 with one decimal at most")}},
        Case{"share_of_more_than_all",
             when("{share: {percent: 100.1}}"),
             {at(18, ".share.percent: found \"100.1\"; use a number between 0 and 100 with one decimal at most")}},
        Case{"require_unknown_names",
             place +
                 "routes: [{name: r, require: {residence: eu, provider: dmo, capability: [sight], residency: EU}}]\n",
             {"f:5:30: routes[0].require.residence: unknown key \"residence\"; did you mean \"residency\"?",
              "f:5:55: routes[0].require.provider: no provider is called \"dmo\"; did you mean \"demo\"?",
              "f:5:73: routes[0].require.capability[0]: found \"sight\"; use one of vision, tools, json_schema, audio, "
              "pdf, reasoning",
              "f:5:92: routes[0].require.residency: no usable word; up to 64 small letters, digits and dashes"}},
        Case{"a_word_nobody_has",
             "providers: {demo: {residency: on-premises}}\nmodels: {m: {targets: [{provider: demo}]}}\n"
             "routes: [{name: r, require: {residency: [on-premise, on-premises]}}]\n",
             {"warning f:3:42: routes[0].require.residency[0]: no provider of this file has it; check its spelling"}}),
    testing::name_of);

TEST(RouteSection, is_refused_beyond_a_thousand) {
  std::string text = place + "routes:\n";
  for (int i = 0; i <= 1'000; ++i) text += "  - {name: r" + std::to_string(i) + ", use: m, when: {model: a}}\n";
  const auto said = testing::complaints_of(text);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0],
            "f:6:3: routes: there are more than 1000 routes; let patterns and lists say what several routes say");
}

Route only_route(const std::string& text) {
  const Loaded loaded = load(place + "routes:\n" + text, surroundings());
  for (const Complaint& complaint : loaded.complaints) ADD_FAILURE() << complaint.text("f");
  return loaded.config.routes.size() == 1 ? loaded.config.routes[0] : Route();
}

TEST(RouteSection, reads_every_key) {
  const Route route = only_route(R"(  - name: all-of-it
    when:
      key: bot
      team: [finance, support]
      model: [auto, "smart-*"]
      endpoint: [chat, gemini]
      tags: {project: "x*", user: [a, b]}
      headers: {X-Env: [test, staging]}
      prompt_tokens: {min: 10, max: 2000}
      tools: true
      images: false
      json_schema: true
      stream: false
      time: {from: 08:30, to: 17:00, days: [mon-wed, sun], zone: "-05:30"}
      share: {percent: 12.5, by: key}
    require: {provider: [demo]}
    use: m
)");
  using Texts = std::vector<std::string>;
  const Route::When& when = route.when;
  EXPECT_EQ(route.name, "all-of-it");
  EXPECT_EQ(route.use, "m");
  EXPECT_EQ(when.keys, Texts{"bot"});
  EXPECT_EQ(when.teams, (Texts{"finance", "support"}));
  EXPECT_EQ(when.models, (Texts{"auto", "smart-*"}));
  EXPECT_EQ(when.endpoints, (Texts{"chat", "gemini"}));
  ASSERT_EQ(when.tags.size(), 2u);
  EXPECT_EQ(when.tags[0].name, "project");
  EXPECT_EQ(when.tags[0].patterns, Texts{"x*"});
  EXPECT_EQ(when.tags[1].patterns, (Texts{"a", "b"}));
  ASSERT_EQ(when.headers.size(), 1u);
  EXPECT_EQ(when.headers[0].name, "x-env");
  EXPECT_EQ(when.headers[0].patterns, (Texts{"test", "staging"}));
  ASSERT_TRUE(when.prompt_tokens && when.time && when.share);
  EXPECT_EQ(when.prompt_tokens->min, 10u);
  EXPECT_EQ(when.prompt_tokens->max, 2000u);
  EXPECT_EQ(when.tools, true);
  EXPECT_EQ(when.images, false);
  EXPECT_EQ(when.json_schema, true);
  EXPECT_EQ(when.stream, false);
  EXPECT_EQ(when.time->from, 8 * 60 + 30);
  EXPECT_EQ(when.time->to, 17 * 60);
  EXPECT_EQ(when.time->days, 0b1000111);
  EXPECT_EQ(when.time->zone, -(5 * 60 + 30));
  EXPECT_EQ(when.share->permille, 125u);
  EXPECT_TRUE(when.share->by_key);
  EXPECT_EQ(route.require.providers, Texts{"demo"});
}

TEST(RouteSection, asks_for_nothing_that_is_not_written) {
  const Route route = only_route("  - {name: r, use: m}\n");
  const Route::When& when = route.when;
  EXPECT_TRUE(when.keys.empty() && when.teams.empty() && when.models.empty() && when.endpoints.empty());
  EXPECT_TRUE(when.tags.empty() && when.headers.empty());
  EXPECT_FALSE(when.prompt_tokens || when.tools || when.images || when.json_schema || when.stream);
  EXPECT_FALSE(when.time || when.share);
  EXPECT_TRUE(route.require.empty());
}

TEST(RouteSection, completes_what_is_half_written) {
  const Route route = only_route(
      "  - {name: r, use: m, when: {time: {from: 18:00, to: 24:00}, share: {percent: 0}, prompt_tokens: {min: 5}}}\n");
  ASSERT_TRUE(route.when.time && route.when.share && route.when.prompt_tokens);
  EXPECT_EQ(route.when.time->from, 18 * 60);
  EXPECT_EQ(route.when.time->to, 0) << "the end of a day is the beginning of the next";
  EXPECT_EQ(route.when.time->days, 0x7f);
  EXPECT_EQ(route.when.time->zone, 0);
  EXPECT_EQ(route.when.share->permille, 0u);
  EXPECT_FALSE(route.when.share->by_key);
  EXPECT_EQ(route.when.prompt_tokens->min, 5u);
  EXPECT_EQ(route.when.prompt_tokens->max, UINT64_MAX);
  const Route weekend = only_route("  - {name: r, use: m, when: {time: {days: sat-mon, zone: \"+05:45\"}}}\n");
  ASSERT_TRUE(weekend.when.time);
  EXPECT_EQ(weekend.when.time->days, 0b1100001);
  EXPECT_EQ(weekend.when.time->zone, 5 * 60 + 45);
}

TEST(RouteSection, takes_a_whole_and_a_tenth_of_a_percent) {
  for (const auto& [percent, permille] : std::vector<std::pair<std::string, std::uint32_t>>{
           {"1", 10u}, {"0.1", 1u}, {"99.9", 999u}, {"100", 1000u}, {"100.0", 1000u}}) {
    const Route route = only_route("  - {name: r, use: m, when: {share: {percent: " + percent + "}}}\n");
    ASSERT_TRUE(route.when.share) << percent;
    EXPECT_EQ(route.when.share->permille, permille) << percent;
  }
}

TEST(RouteSection, offers_all_endpoints) { EXPECT_EQ(testing::listed_names(endpoint_names()), endpoints_listed); }

}  // namespace
}  // namespace sluice::config
