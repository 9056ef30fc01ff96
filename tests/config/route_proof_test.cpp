#include <gtest/gtest.h>

#include "config/cases.hpp"

namespace sluice::config {
namespace {

using Lines = std::vector<std::string>;

// Three places, and models in them. Routes begin behind them.
const std::string ground = R"(providers:
  here: {kind: demo, residency: eu, retention: none}
  there: {kind: demo, residency: us, retention: 30d}
  nowhere: {kind: demo}
models:
  home:
    targets: [{provider: there}, {provider: here}]
  abroad:
    targets: [{provider: there, model: x}, {provider: nowhere}]
  lost:
    targets: [{provider: nowhere}]
    fallback: [home]
  seeing:
    targets: [{provider: here, capabilities: [vision, tools]}]
  "wild-*":
    targets: [{provider: there, model: "*"}]
teams:
  all: {}
  homely: {models: [home, auto]}
  wild: {models: ["wild-x*"]}
  none: {models: []}
keys:
  - {name: all-bot, team: all, secret: "${TEAM_KEY}"}
  - {name: home-bot, team: all, secret: "${OTHER_KEY}", models: [home]}
  - {name: lone-bot, secret: "${OPENAI_API_KEY}", models: ["lo*"]}
)";

// What is said of routes, without place and remedy, which are the same for all. That nobody understands what a team may
// ask for is not said of them.
Lines said_of(const std::string& routes) {
  Lines lines;
  for (const Complaint& complaint : load(ground + "routes:\n" + routes, testing::surroundings()).complaints)
    if (complaint.path.starts_with("routes"))
      lines.push_back((complaint.warning ? "warning " : "") + complaint.path + ": " + complaint.what);
  return lines;
}

std::string fails(const std::string& model, const std::string& targets, int route = 0) {
  return "routes[" + std::to_string(route) + "].require: model \"" + model + "\" has no target for it: " + targets;
}

const Lines outside_of_eu{fails("abroad", "there/x (residency \"us\"), nowhere (no residency)"),
                          fails("lost", "nowhere (no residency)"), fails("wild-*", "there/* (residency \"us\")")};

TEST(Proof, names_every_model_and_what_each_target_lacks) {
  EXPECT_EQ(said_of("  - {name: r, require: {residency: eu}}\n"), outside_of_eu);
  const Loaded loaded = load(ground + "routes:\n  - {name: r, use: lost, require: {retention: none, provider: here}}\n",
                             testing::surroundings());
  EXPECT_FALSE(loaded.ok());
  EXPECT_EQ(
      testing::line_of(loaded.complaints.back()),
      "f:27:35: routes[0].require: model \"lost\" has no target for it: nowhere (no retention, another provider); "
      "add one, tell what its provider has, or narrow the route's when");
}

TEST(Proof, wants_all_of_it_from_one_target) {
  EXPECT_EQ(said_of("  - {name: r, use: home, require: {residency: us, retention: none}}\n"),
            Lines{fails("home", "there (retention \"30d\"), here (residency \"eu\")")});
  EXPECT_EQ(said_of("  - {name: r, use: home, require: {residency: [us, eu], retention: none}}\n"), Lines{});
}

TEST(Proof, takes_no_fallback_for_a_target) {
  EXPECT_EQ(said_of("  - {name: r, use: lost, require: {residency: eu}}\n"),
            Lines{fails("lost", "nowhere (no residency)")});
}

TEST(Proof, judges_the_model_that_is_used_alone) {
  EXPECT_EQ(said_of("  - {name: r, when: {model: abroad}, use: home, require: {residency: eu}}\n"), Lines{});
}

TEST(Proof, looks_only_at_models_that_can_be_asked_for) {
  EXPECT_EQ(said_of("  - {name: r, when: {model: home}, require: {residency: eu}}\n"), Lines{});
  EXPECT_EQ(said_of("  - {name: r, when: {model: [home, \"lo*\"]}, require: {residency: eu}}\n"),
            Lines{fails("lost", "nowhere (no residency)")});
  EXPECT_EQ(said_of("  - {name: r, when: {model: wild-1}, require: {residency: eu}}\n"),
            Lines{fails("wild-*", "there/* (residency \"us\")")});
  EXPECT_EQ(said_of("  - {name: r, when: {team: homely}, require: {residency: eu}}\n"), Lines{});
  EXPECT_EQ(said_of("  - {name: r, when: {team: all}, require: {residency: eu}}\n"), outside_of_eu);
  EXPECT_EQ(said_of("  - {name: r, when: {team: [homely, wild]}, require: {residency: eu}}\n"),
            Lines{fails("wild-*", "there/* (residency \"us\")")});
  EXPECT_EQ(said_of("  - {name: r, when: {key: home-bot}, require: {residency: eu}}\n"), Lines{});
  EXPECT_EQ(said_of("  - {name: r, when: {key: [home-bot, lone-bot]}, require: {residency: eu}}\n"),
            Lines{fails("lost", "nowhere (no residency)")});
  EXPECT_EQ(said_of("  - {name: r, when: {key: all-bot}, require: {residency: eu}}\n"), outside_of_eu);
}

TEST(Proof, tells_when_there_is_nothing_to_prove) {
  const Lines nowhere{"warning routes[0].require: this route leads to no model"};
  EXPECT_EQ(said_of("  - {name: r, when: {model: unheard-of}, require: {residency: eu}}\n"), nowhere);
  EXPECT_EQ(said_of("  - {name: r, when: {team: none}, require: {residency: eu}}\n"), nowhere);
  EXPECT_EQ(said_of("  - {name: r, when: {team: wild, model: \"wild-a*\"}, require: {residency: eu}}\n"), nowhere);
  EXPECT_EQ(said_of("  - {name: r, when: {team: wild, key: all-bot}, require: {residency: eu}}\n"), nowhere);
}

TEST(Proof, leaves_out_what_earlier_routes_decide) {
  EXPECT_EQ(said_of("  - {name: q, when: {model: [abroad, lost, \"wild-*\"]}, use: home}\n"
                    "  - {name: r, require: {residency: eu}}\n"),
            Lines{});
  EXPECT_EQ(said_of("  - {name: q, when: {model: [abroad, \"wild-*\"], tools: true}, use: home}\n"
                    "  - {name: q2, when: {model: lost}, require: {provider: nowhere}}\n"
                    "  - {name: r, require: {residency: eu}}\n"),
            (Lines{fails("abroad", "there/x (residency \"us\"), nowhere (no residency)", 2),
                   fails("wild-*", "there/* (residency \"us\")", 2)}))
      << "the first decides only for requests with tools";
}

TEST(Proof, follows_names_that_only_later_routes_understand) {
  const std::string regulated = "  - {name: r, when: {team: homely}, require: {residency: eu}}\n";
  EXPECT_EQ(said_of(regulated + "  - {name: s, when: {model: auto}, use: home}\n"), Lines{});
  EXPECT_EQ(said_of(regulated + "  - {name: s, when: {model: auto}, use: lost}\n"),
            Lines{"routes[0].require: model \"lost\", which route \"s\" names, has no target for it: nowhere (no "
                  "residency)"});
  EXPECT_EQ(said_of(regulated + "  - {name: s, when: {model: fast}, use: lost}\n"), Lines{})
      << "nobody there may ask for that name";
  EXPECT_EQ(said_of(regulated + "  - {name: s, when: {model: home}, use: lost}\n"), Lines{})
      << "the name is a model: the first route leaves it what it is";
  EXPECT_EQ(said_of(regulated + "  - {name: s, when: {model: auto, team: all}, use: lost}\n"), Lines{});
  EXPECT_EQ(said_of(regulated + "  - {name: s, when: {model: auto}, use: home}\n"
                                "  - {name: t, when: {model: auto, team: homely}, use: lost}\n"),
            Lines{"warning routes[2]: never counts: route \"s\" before it matches all that it matches"});
  EXPECT_EQ(said_of(regulated + "  - {name: s, when: {model: auto, team: homely}, use: home}\n"
                                "  - {name: t, when: {model: auto}, use: lost}\n"),
            Lines{})
      << "for them, the one between decides";
}

TEST(Proof, wants_what_both_routes_demand_from_one_target) {
  EXPECT_EQ(said_of("  - {name: r, when: {model: auto}, require: {residency: us}}\n"
                    "  - {name: s, when: {model: auto, tools: true}, use: home, require: {retention: none}}\n"),
            Lines{"routes[0].require: model \"home\", which route \"s\" names, has no target for it: there (retention "
                  "\"30d\"), here (residency \"eu\")"});
}

TEST(Proof, takes_unrelated_conditions_for_what_they_are) {
  const std::string begin = "  - {name: r, when: {model: auto, ";
  const std::string middle = "}, require: {residency: eu}}\n  - {name: s, when: {model: auto, ";
  const std::string end = "}, use: lost}\n";
  const Lines nowhere{"warning routes[0].require: this route leads to no model"};
  for (const auto& [one, other] :
       std::vector<std::pair<std::string, std::string>>{{"tools: true", "tools: false"},
                                                        {"prompt_tokens: {max: 10}", "prompt_tokens: {min: 11}"},
                                                        {"endpoint: chat", "endpoint: [messages, count]"},
                                                        {"key: all-bot", "key: lone-bot"},
                                                        {"stream: true", "stream: false"}}) {
    EXPECT_EQ(said_of(begin + one + middle + other + end), nowhere) << one;
    EXPECT_EQ(said_of(begin + one + middle + one + end).size(), 1u) << one;
  }
}

TEST(Proof, knows_what_models_can_do) {
  EXPECT_EQ(said_of("  - {name: r, use: seeing, require: {capability: [vision, tools]}}\n"), Lines{});
  EXPECT_EQ(said_of("  - {name: r, use: seeing, require: {capability: [vision, audio]}}\n"),
            Lines{fails("seeing", "here (no audio)")});
  EXPECT_EQ(said_of("  - {name: r, use: lost, require: {capability: vision}}\n"),
            Lines{fails("lost", "nowhere (vision not known)")});
  const std::string shipped =
      "providers: {p: {kind: openai, api_key: \"${TEAM_KEY}\"}}\n"
      "models: {gpt-4o: {targets: [{provider: p}]}, old: {targets: [{provider: p, model: gpt-3.5-turbo}]}, \"*\": "
      "{targets: [{provider: p}]}}\n"
      "routes: [{name: r, require: {capability: vision}}]\n";
  EXPECT_EQ(
      testing::complaints_of(shipped),
      (Lines{"f:3:29: routes[0].require: model \"old\" has no target for it: p/gpt-3.5-turbo (no vision); add one, "
             "tell what its provider has, or narrow the route's when",
             "f:3:29: routes[0].require: model \"*\" has no target for it: p (vision not known); add one, tell "
             "what its provider has, or narrow the route's when"}));
}

TEST(Proof, waits_for_names_to_be_right) {
  EXPECT_EQ(said_of("  - {name: r, when: {team: al}, require: {residency: eu}}\n"),
            Lines{"routes[0].when.team: no team is called \"al\""});
  EXPECT_EQ(said_of("  - {name: r, use: hom, require: {residency: eu}}\n"),
            Lines{"routes[0].use: no model is called \"hom\""});
}

}  // namespace
}  // namespace sluice::config
