#include "config/catalogue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include <sluice/base/text.hpp>

#include "config/units.hpp"

namespace sluice::embedded {
extern const std::string_view providers_yaml;
}

namespace sluice::config {
namespace {

// A base URL with something in all its places.
std::string placed(std::string base_url) {
  for (const std::string place : {"{region}", "{location-}", "{location}", "{project}"}) {
    for (std::size_t at = base_url.find(place); at != std::string::npos; at = base_url.find(place)) {
      base_url.replace(at, place.size(), place == "{location-}" ? "eu-west-1-" : "eu-west-1");
    }
  }
  return base_url;
}

TEST(Catalogue, is_well_formed) {
  Complaints complaints;
  read_catalogue(embedded::providers_yaml, complaints);
  for (const Complaint& complaint : std::move(complaints).in_order()) ADD_FAILURE() << complaint.text("providers.yaml");
}

TEST(Catalogue, has_all_a_provider_needs_of_each_kind) {
  const Catalogue catalogue = shipped_catalogue();
  EXPECT_GE(catalogue.kinds.size(), 20u);
  for (const Kind& kind : catalogue.kinds) {
    EXPECT_TRUE(is_name(kind.name)) << kind.name;
    const auto is_spoken = [&](const std::string& dialect) {
      return std::count(catalogue.dialects.begin(), catalogue.dialects.end(), dialect) == 1;
    };
    EXPECT_TRUE(is_spoken(kind.dialect)) << kind.name;
    for (const Provider::Voice& voice : kind.also) EXPECT_TRUE(is_spoken(voice.dialect)) << kind.name;
    const std::string base_url = placed(kind.base_url);
    EXPECT_TRUE(base_url.empty() || parse_url(base_url)) << kind.name;
    if (kind.key == KeyNeed::required) {
      EXPECT_TRUE(is_variable_name(kind.key_variable)) << kind.name;
      EXPECT_TRUE(parse_url(kind.base_url) && parse_url(kind.base_url)->tls) << kind.name;
      EXPECT_FALSE(kind.allow_private) << kind.name;
    }
    EXPECT_TRUE(!kind.built_in || kind.base_url.empty()) << kind.name;
    if (kind.credential == CredentialWay::aws_sigv4) {
      EXPECT_FALSE(kind.service.empty()) << kind.name;
    } else if (kind.credential != CredentialWay::none) {
      EXPECT_FALSE(kind.scope.empty()) << kind.name;
      EXPECT_TRUE(kind.token_url.starts_with("https://")) << kind.name;
    }
  }
}

TEST(Catalogue, is_what_the_reference_shows) {
  std::ifstream file(SLUICE_CONFIGURATION_PAGE);
  const std::string page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  for (const Kind& kind : shipped_catalogue().kinds) {
    const std::string where = kind.built_in ? "built in" : kind.base_url.empty() ? "has to be written" : kind.base_url;
    const std::string row = "| `" + kind.name + "` | " + where + " |";
    EXPECT_NE(page.find(row), std::string::npos) << row;
  }
}

// Two kinds that offer a model under one name would make it a matter of luck who answers.
TEST(Catalogue, offers_each_name_once) {
  const Catalogue catalogue = shipped_catalogue();
  for (const Kind& one : catalogue.kinds)
    for (const Kind& other : catalogue.kinds)
      for (const std::string& pattern : one.models)
        for (const std::string& rival : other.models)
          EXPECT_TRUE(one.name == other.name || !patterns_overlap(pattern, rival)) << pattern << " " << rival;
}

TEST(Catalogue, names_no_variable_twice) {
  const Catalogue catalogue = shipped_catalogue();
  std::set<std::string> seen;
  for (const Kind& kind : catalogue.kinds) {
    if (kind.key_variable.empty()) continue;
    EXPECT_TRUE(seen.insert(kind.key_variable).second) << kind.key_variable;
  }
  for (const std::string& name : catalogue.other_variables) {
    EXPECT_TRUE(is_variable_name(name)) << name;
    EXPECT_TRUE(seen.insert(name).second) << name;
  }
}

// Their own names and refusals, as their schemas, sources and error messages have them.
TEST(Catalogue, knows_what_servers_of_a_dialect_call_its_members) {
  const Catalogue catalogue = shipped_catalogue();
  const auto of = [&](const char* kind) -> const Manners& { return catalogue.find(kind)->manners; };
  for (const char* const kind : {"ollama", "deepseek", "vllm", "together", "huggingface", "mistral"}) {
    EXPECT_EQ(of(kind).max_tokens, "max_tokens") << kind;
  }
  for (const char* const kind : {"openai", "azure", "groq", "cerebras", "openrouter"}) {
    EXPECT_EQ(of(kind).max_tokens, "") << kind;
  }
  const std::vector<std::pair<std::string, std::string>> thoughts{{"reasoning_content", "reasoning"}};
  for (const char* const kind : {"groq", "cerebras", "ollama"}) EXPECT_EQ(of(kind).members, thoughts) << kind;
  for (const char* const kind : {"openai", "azure", "mistral"}) {
    const std::vector<std::string>& refused = of(kind).unsupported;
    EXPECT_NE(std::find(refused.begin(), refused.end(), "messages.reasoning"), refused.end()) << kind;
  }
  EXPECT_TRUE(of("openrouter").proofs);
  EXPECT_FALSE(of("openai").proofs);
}

// As the makers' own list of models says.
TEST(Catalogue, knows_how_models_are_asked_to_think) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> facts{
      {"claude-opus-5", {"adaptive", "effort", "xhigh", "max", "schemas"}},
      {"claude-opus-4-7-20260416", {"adaptive", "effort", "xhigh", "max", "schemas"}},
      {"claude-sonnet-4-6", {"budget", "adaptive", "effort", "max", "sampling", "schemas"}},
      {"claude-opus-4-5-20251101", {"budget", "effort", "sampling", "schemas"}},
      {"us.anthropic.claude-haiku-4-5-20251001-v1:0", {"budget", "sampling", "schemas"}},
      {"claude-sonnet-4-5@20250929", {"budget", "sampling", "schemas"}},
      {"claude-sonnet-4-20250514", {"budget", "sampling", "both"}},
      {"claude-opus-4-1-20250805", {"budget", "sampling", "schemas"}},
      {"claude-3-7-sonnet-20250219", {"budget", "sampling", "both"}},
      {"claude-3-5-haiku-20241022", {"sampling", "both"}},
      {"us.amazon.nova-pro-v1:0", {"sampling", "both", "schemas"}}};
  const Catalogue catalogue = shipped_catalogue();
  for (const char* const kind : {"anthropic", "bedrock", "vertex-anthropic"}) {
    const std::vector<Thinking>& rules = catalogue.find(kind)->manners.thinking;
    for (const auto& [model, takes] : facts) {
      const auto rule = std::find_if(rules.begin(), rules.end(), [&model = model](const Thinking& one) {
        return std::any_of(one.models.begin(), one.models.end(),
                           [&model](const std::string& pattern) { return glob_matches(pattern, model); });
      });
      ASSERT_NE(rule, rules.end()) << model;
      EXPECT_EQ(rule->takes, takes) << model;
    }
    for (const Thinking& rule : rules) {
      for (const std::string& way : rule.takes) {
        EXPECT_TRUE(way == "budget" || way == "adaptive" || way == "effort" || way == "xhigh" || way == "max" ||
                    way == "sampling" || way == "both" || way == "schemas")
            << way;
      }
    }
  }
}

TEST(Catalogue, is_searched_by_name) {
  const Catalogue catalogue = shipped_catalogue();
  ASSERT_NE(catalogue.find("ollama"), nullptr);
  EXPECT_EQ(catalogue.find("ollama")->key, KeyNeed::optional);
  EXPECT_TRUE(catalogue.find("ollama")->probe);
  EXPECT_EQ(catalogue.find("demo")->key, KeyNeed::none);
  EXPECT_EQ(catalogue.find("klingon"), nullptr);
  EXPECT_EQ(known_kinds().size(), catalogue.kinds.size());
  EXPECT_EQ(known_kinds().front(), "demo");
}

TEST(Catalogue, knows_what_providers_call_otherwise) {
  const Catalogue catalogue = shipped_catalogue();
  const Manners& voyage = catalogue.find("voyage")->manners;
  EXPECT_EQ(voyage.dimensions, "output_dimension");
  EXPECT_EQ(voyage.purpose, "input_type");
  EXPECT_EQ(voyage.top_n, "top_k");
  EXPECT_EQ(catalogue.find("openai")->manners.dimensions, "");
  EXPECT_FALSE(catalogue.find("bedrock")->manners.text_lists.empty());
  EXPECT_FALSE(catalogue.find("vertex")->manners.instances.empty());
  EXPECT_FALSE(catalogue.find("vertex")->manners.single.empty());
  EXPECT_TRUE(catalogue.find("gemini")->manners.single.empty());
}

TEST(Catalogue, complains_about_itself) {
  Complaints complaints;
  read_catalogue("kinds:\n  a: {dialekt: x, key: maybe}\n", complaints);
  EXPECT_EQ(std::move(complaints).in_order().size(), 2u);
}

}  // namespace
}  // namespace sluice::config
