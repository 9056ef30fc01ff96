#include "config/model_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "config/catalogue.hpp"

namespace sluice::embedded {
extern const std::string_view models_csv;
}

namespace sluice::config {
namespace {

const std::string head =
    "# of a day\n"
    "provider,model,input,output,cache_read,cache_write,cache_write_1h,reasoning,input_above_200k,output_above_200k,"
    "audio_input,audio_output,image,request,context,max_output,can,cannot\n";

std::string fault_of(const std::string& rows) { return read_model_table(head + rows).fault; }

TEST(ModelTable, reads_what_is_known_and_leaves_out_what_is_not) {
  const std::string text = head +
                           "a,full,3,15,0.3,3.75,6,16,6.5,22.5,,,,,200000,64000,vision tools,audio pdf\n"
                           "a,half,0,,,,,,,,,,,,8192,,,\n"
                           "b,none,,,,,,,,,,,,,,,reasoning,\n";
  const ModelTable table = read_model_table(text);
  EXPECT_EQ(table.fault, "");
  EXPECT_EQ(table.version, "of a day");
  ASSERT_EQ(table.rows.size(), 3u);
  const ModelFacts& full = table.rows[0].facts;
  EXPECT_EQ(table.rows[0].table, "a");
  EXPECT_EQ(table.rows[0].model, "full");
  EXPECT_EQ(full.prices.input, 3'000'000'000);
  EXPECT_EQ(full.prices.output, 15'000'000'000);
  EXPECT_EQ(full.prices.cache_read, 300'000'000);
  EXPECT_EQ(full.prices.cache_write, 3'750'000'000);
  EXPECT_EQ(full.prices.cache_write_1h, 6'000'000'000);
  EXPECT_EQ(full.prices.reasoning, 16'000'000'000);
  EXPECT_EQ(full.prices.input_above_200k, 6'500'000'000);
  EXPECT_EQ(full.prices.output_above_200k, 22'500'000'000);
  EXPECT_EQ(full.context, 200'000u);
  EXPECT_EQ(full.max_output, 64'000u);
  EXPECT_EQ(full.can, (std::vector{Capability::vision, Capability::tools}));
  EXPECT_EQ(full.cannot, (std::vector{Capability::audio, Capability::pdf}));
  const ModelFacts& half = table.rows[1].facts;
  EXPECT_EQ(half.prices.input, 0) << "nothing to pay is known";
  EXPECT_FALSE(half.prices.output);
  EXPECT_EQ(half.context, 8192u);
  EXPECT_FALSE(half.max_output);
  EXPECT_TRUE(half.can.empty() && half.cannot.empty());
}

TEST(ModelTable, is_refused_as_a_whole_for_anything_unexpected) {
  EXPECT_EQ(read_model_table("").fault, "line 1: its date and sources are missing");
  EXPECT_EQ(read_model_table("provider\n").fault, "line 1: its date and sources are missing");
  EXPECT_EQ(read_model_table("# x\nprovider,model\n").fault, "line 2: it does not name the columns");
  EXPECT_EQ(fault_of("a,b,,,,,,,,,,,,,,,,"), "line 3: it has no end");
  EXPECT_EQ(fault_of("a,b,,,,,,,,,,,,,,,,\n\n"), "line 4: it has not 18 cells");
  EXPECT_EQ(fault_of("a,b,,,,,,,,,,,,,,,\n"), "line 3: it has not 18 cells");
  EXPECT_EQ(fault_of("a,b,,,,,,,,,,,,,,,,,\n"), "line 3: it has not 18 cells");
  EXPECT_EQ(fault_of(",b,,,,,,,,,,,,,,,,\n"), "line 3: it names no model");
  EXPECT_EQ(fault_of("a,,,,,,,,,,,,,,,,,\n"), "line 3: it names no model");
  EXPECT_EQ(fault_of("a,b,1e3,,,,,,,,,,,,,,,\n"), "line 3: a price is no decimal number");
  EXPECT_EQ(fault_of("a,b,,,,,,,,-1,,,,,,,,\n"), "line 3: a price is no decimal number");
  EXPECT_EQ(fault_of("a,b,,,,,,,,,,,,,1.5,,,\n"), "line 3: a limit is no number of tokens");
  EXPECT_EQ(fault_of("a,b,,,,,,,,,,,,,,0,,\n"), "line 3: a limit is no number of tokens");
  EXPECT_EQ(fault_of("a,b,,,,,,,,,,,,,,,sight,\n"), "line 3: a capability is unknown, or named twice");
  EXPECT_EQ(fault_of("a,b,,,,,,,,,,,,,,,pdf pdf,\n"), "line 3: a capability is unknown, or named twice");
  EXPECT_EQ(fault_of("a,b,,,,,,,,,,,,,,,pdf ,\n"), "line 3: a capability is unknown, or named twice");
  EXPECT_EQ(fault_of("a,b,,,,,,,,,,,,,,,pdf,pdf\n"), "line 3: it contradicts itself");
  EXPECT_EQ(fault_of("a,b,,,,,,,,,,,,,,,,\r\n"), "line 3: a capability is unknown, or named twice");
  EXPECT_EQ(fault_of("a,b,,,,,,,,,,,,,,,,\na,b,,,,,,,,,,,,,,,,\n"), "line 4: it is not behind the one before it");
  EXPECT_EQ(fault_of("a,b,,,,,,,,,,,,,,,,\na,a,,,,,,,,,,,,,,,,\n"), "line 4: it is not behind the one before it");
  EXPECT_TRUE(read_model_table(head + "a,b,,,,,,,,,,,,,,,,\na,a,,,,,,,,,,,,,,,,\n").rows.empty());
}

using Names = std::vector<std::string_view>;

TEST(ModelNames, are_tried_as_they_are_and_then_with_less) {
  EXPECT_EQ(names_of_model("plain"), Names{"plain"});
  EXPECT_EQ(names_of_model("vendor/plain"), (Names{"vendor/plain", "plain"}));
  EXPECT_EQ(names_of_model("a/b/c"), (Names{"a/b/c", "b/c", "c"}));
  EXPECT_EQ(names_of_model("eu.vendor.model-20250929-v1:0"),
            (Names{"eu.vendor.model-20250929-v1:0", "vendor.model-20250929-v1:0", "eu.vendor.model-20250929",
                   "vendor.model-20250929", "eu.vendor.model", "vendor.model"}));
  EXPECT_EQ(names_of_model("model@20250929"), (Names{"model@20250929", "model"}));
  EXPECT_EQ(names_of_model("model-latest"), (Names{"model-latest", "model"}));
  EXPECT_EQ(names_of_model("model-2025-09-29"), (Names{"model-2025-09-29", "model"}));
  EXPECT_EQ(names_of_model("model-v2"), (Names{"model-v2", "model"}));
}

TEST(ModelNames, keep_what_is_no_version_and_no_region) {
  for (const char* name : {"gpt-4.1", "vendor.model", "qwen3-coder:30b", "model-2411", "model-002", "model-preview",
                           "model-very", "model-v", "-latest", "@x", "4.1.2"}) {
    EXPECT_EQ(names_of_model(name), Names{name});
  }
  EXPECT_TRUE(names_of_model("").empty());
  EXPECT_EQ(names_of_model("/"), Names{"/"});
  EXPECT_LE(names_of_model(std::string(256, '/')).size(), 5u);
}

TEST(ShippedModelTable, can_be_read) {
  const ModelTable table = read_model_table(embedded::models_csv);
  EXPECT_EQ(table.fault, "");
  EXPECT_GT(table.rows.size(), 1'500u);
  EXPECT_EQ(model_table_version(), table.version);
  EXPECT_NE(model_table_version().find(" of 20"), std::string_view::npos) << "it says of which day it is";
}

// Rows nobody can reach would be of no use, and a table that is not there would be a slip of the pen.
TEST(ShippedModelTable, tells_of_the_kinds_that_the_catalogue_says) {
  std::set<std::string_view> told;
  const ModelTable table = read_model_table(embedded::models_csv);
  for (const ModelRow& row : table.rows) told.insert(row.table);
  std::set<std::string> reached;
  for (const Kind& kind : shipped_catalogue().kinds) {
    for (const std::string& name : kind.tables) {
      EXPECT_TRUE(name == kind.name || told.contains(name)) << kind.name;
      reached.insert(name);
    }
  }
  for (const std::string_view name : told) EXPECT_TRUE(reached.contains(std::string(name))) << name;
}

TEST(FactsOf, are_found_under_the_names_a_provider_uses) {
  const ModelFacts* mini = facts_of("openai", "gpt-5-mini");
  ASSERT_NE(mini, nullptr);
  EXPECT_EQ(mini->context, 272'000u);
  EXPECT_EQ(mini->prices.input, 250'000'000);
  EXPECT_EQ(mini->prices.output, 2'000'000'000);
  EXPECT_TRUE(std::count(mini->can.begin(), mini->can.end(), Capability::json_schema));
  EXPECT_EQ(facts_of("openai", "openai/gpt-5-mini"), mini);
  EXPECT_EQ(facts_of("openai", "gpt-5-mini-latest"), mini);
  EXPECT_NE(facts_of("azure", "gpt-5-mini"), nullptr);
  EXPECT_NE(facts_of("azure", "gpt-5-mini"), mini);
  const ModelFacts* haiku = facts_of("bedrock", "anthropic.claude-haiku-4-5-20251001-v1:0");
  ASSERT_NE(haiku, nullptr);
  EXPECT_EQ(facts_of("bedrock-anthropic", "anthropic.claude-haiku-4-5-20251001-v1:0"), haiku);
  const ModelFacts* abroad = facts_of("bedrock", "eu.anthropic.claude-haiku-4-5-20251001-v1:0");
  ASSERT_NE(abroad, nullptr);
  EXPECT_NE(abroad, haiku) << "it has a price of its own";
  EXPECT_NE(facts_of("vertex-anthropic", "claude-haiku-4-5@20251001"), nullptr);
  EXPECT_NE(facts_of("qwen", "qwen3-max"), nullptr);
}

TEST(FactsOf, are_not_made_up) {
  EXPECT_EQ(facts_of("openai", "gpt-0"), nullptr);
  EXPECT_EQ(facts_of("openai", ""), nullptr);
  EXPECT_EQ(facts_of("openai", "*"), nullptr);
  EXPECT_EQ(facts_of("openai-compatible", "gpt-5-mini"), nullptr);
  EXPECT_EQ(facts_of("no-kind", "gpt-5-mini"), nullptr);
  EXPECT_EQ(facts_of("anthropic", "gpt-5-mini"), nullptr) << "another provider's";
}

TEST(Capabilities, have_names) {
  for (const std::string_view name : {"vision", "tools", "json_schema", "audio", "pdf", "reasoning"}) {
    const auto capability = capability_named(name);
    ASSERT_TRUE(capability) << name;
    EXPECT_EQ(to_string(*capability), name);
  }
  EXPECT_FALSE(capability_named("sight"));
  EXPECT_EQ(to_string(static_cast<Capability>(6)), "");
}

}  // namespace
}  // namespace sluice::config
