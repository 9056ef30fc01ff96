#pragma once

#include <string>
#include <string_view>

#include "gateway/stage.hpp"

namespace sluice::test {

// A running gateway whose providers are scripted, and a caller who asks it: what routing promises, seen from outside.
class Routed : public ::testing::Test {
 protected:
  // Adds a provider that plays this; `more` has further members of its in YAML's flow style, its keys among them if it
  // has others than the usual one.
  ScriptedUpstream& provider(const std::string& name, const Script& script, const std::string& more = "");
  // Starts the gateway: `models` and `more` are whole lines, the one indented, the other at the end of the file.
  GatewayUnderTest& open(const std::string& models, const std::string& more = "", int workers = 1);

  // One conversation for that model, begun by those words.
  Answer ask(std::string_view model = "m", const std::string& fields = "", std::string_view words = "hi");
  // What operators are told at that path, who show the token.
  Answer operators(const std::string& path, bool with_token = true);
  // The same once it is there, as JSON.
  nlohmann::json told(const std::string& path);

  void TearDown() override { stage_.settle(); }

  Stage stage_;

 private:
  std::string providers_;
};

// A request of the chat dialect.
std::string request_of(std::string_view model, const std::string& fields = "", std::string_view words = "hi");
// An error of the chat dialect with that code, written as no gateway writes it: bytes to be found again.
std::string odd_refusal(std::string_view code);
// Always that.
Script refusing(int status, std::string_view code, const std::string& fields = "");
// How many of the requests that were seen have that text in their heads or bodies.
std::size_t seen_with(const ScriptedUpstream& upstream, std::string_view text);

}  // namespace sluice::test
