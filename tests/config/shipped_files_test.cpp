#include <sluice/config/load.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

namespace sluice::config {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream stream(path);
  EXPECT_TRUE(stream) << path;
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Every variable is set, each to something else.
Loaded load_file(const std::string& name) {
  const Surroundings surroundings{[](const std::string& variable) { return "value-of-" + variable; }, nullptr};
  return load(content_of(SLUICE_CONFIG_FOLDER "/" + name), surroundings);
}

class ShippedFile : public ::testing::TestWithParam<const char*> {};

TEST_P(ShippedFile, loads_without_complaints) {
  for (const Complaint& complaint : load_file(GetParam()).complaints) ADD_FAILURE() << complaint.text(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Config, ShippedFile,
                         ::testing::Values("sluice.yaml", "examples/openai.yaml", "examples/fallback.yaml",
                                           "examples/local.yaml", "examples/routing.yaml"),
                         [](const auto& parameter) {
                           std::string name = parameter.param;
                           for (char& c : name)
                             if (c == '/' || c == '.') c = '_';
                           return name;
                         });

// What the reference shows as a default is the default.
TEST(ReferenceFile, shows_the_defaults) {
  const Config shown = load_file("sluice.yaml").config;
  const Config defaults;
  EXPECT_EQ(shown.auth_none, defaults.auth_none);
  EXPECT_EQ(shown.server.listen, defaults.server.listen);
  EXPECT_EQ(shown.server.workers, defaults.server.workers);
  EXPECT_EQ(shown.server.tls.has_value(), defaults.server.tls.has_value());
  EXPECT_EQ(shown.server.limits.body, defaults.server.limits.body);
  EXPECT_EQ(shown.server.limits.header, defaults.server.limits.header);
  EXPECT_EQ(shown.server.limits.connections, defaults.server.limits.connections);
  EXPECT_EQ(shown.server.limits.buffered, defaults.server.limits.buffered);
  EXPECT_EQ(shown.server.timeouts.header, defaults.server.timeouts.header);
  EXPECT_EQ(shown.server.timeouts.body, defaults.server.timeouts.body);
  EXPECT_EQ(shown.server.timeouts.idle, defaults.server.timeouts.idle);
  EXPECT_EQ(shown.server.drain.delay, defaults.server.drain.delay);
  EXPECT_EQ(shown.server.drain.grace, defaults.server.drain.grace);
  EXPECT_EQ(shown.admin.listen, defaults.admin.listen);
  EXPECT_EQ(shown.log.level, defaults.log.level);
  EXPECT_EQ(shown.log.format, defaults.log.format);
  const Model model;
  ASSERT_FALSE(shown.models.empty());
  EXPECT_EQ(shown.models[0].strategy, model.strategy);
  EXPECT_EQ(shown.models[0].affinity, model.affinity);
  EXPECT_EQ(shown.models[0].attempts, model.attempts);
  EXPECT_EQ(shown.models[0].retry_on, model.retry_on);
  EXPECT_EQ(shown.models[0].strict, model.strict);
  EXPECT_EQ(shown.models[0].timeouts.connect, model.timeouts.connect);
  EXPECT_EQ(shown.models[0].timeouts.first_byte, model.timeouts.first_byte);
  EXPECT_EQ(shown.models[0].timeouts.idle, model.timeouts.idle);
  EXPECT_EQ(shown.models[0].timeouts.total, model.timeouts.total);
}

TEST(ReferenceFile, shows_the_defaults_of_what_has_names) {
  const Config shown = load_file("sluice.yaml").config;
  const auto house = std::find_if(shown.providers.begin(), shown.providers.end(),
                                  [](const Provider& provider) { return provider.name == "house"; });
  ASSERT_NE(house, shown.providers.end());
  const Breaker breaker;
  EXPECT_EQ(house->breaker.failures, breaker.failures);
  EXPECT_EQ(house->breaker.cooldown, breaker.cooldown);
  EXPECT_EQ(house->breaker.max, breaker.max);
  const Target target;
  ASSERT_EQ(shown.models.at(0).targets.size(), 2u);
  EXPECT_EQ(shown.models[0].targets[0].weight, target.weight);
  EXPECT_EQ(shown.models[0].targets[1].concurrency.queue, target.concurrency.queue);
  EXPECT_EQ(shown.models[0].targets[1].concurrency.wait, target.concurrency.wait);
  EXPECT_EQ(shown.teams.at(0).priority, Team().priority);
}

TEST(ReferencePage, lists_every_kind) {
  const std::string page = content_of(SLUICE_CONFIG_FOLDER "/../docs/reference/configuration.md");
  for (const std::string& kind : known_kinds()) EXPECT_NE(page.find("| `" + kind + "` | "), std::string::npos) << kind;
}

TEST(ReferencePage, lists_every_endpoint) {
  const std::string page = content_of(SLUICE_CONFIG_FOLDER "/../docs/reference/configuration.md");
  for (const std::string_view name : endpoint_names())
    EXPECT_NE(page.find("`" + std::string(name) + "`"), std::string::npos) << name;
}

}  // namespace
}  // namespace sluice::config
