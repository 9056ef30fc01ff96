#pragma once

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sluice/config/load.hpp>

#include "config/catalogue.hpp"

// Configurations and what is said about them.
namespace sluice::config::testing {

// Surroundings with a few variables and files. Nothing of what they hold may ever be shown.
inline Surroundings surroundings() {
  const std::map<std::string, std::string> variables{
      {"OPENAI_API_KEY", "canary-openai"},
      {"TEAM_KEY", "canary-team-key"},
      {"OTHER_KEY", "canary-other-key"},
      {"EMPTY", ""},
      {"PORT", "8123"},
      {"FOLDER", "/secrets"},
      {"SPACED", "canary with spaces"},
      {"LEVEL", "canary-level"},
  };
  const std::map<std::string, std::string> files{{"/secrets/key", "canary-from-file\n"},
                                                 {"/secrets/windows", "canary-from-windows\r\n\r\n"},
                                                 {"/secrets/empty", "\n"},
                                                 {"/secrets/lines", "canary-one\ncanary-two\n"}};
  const auto find = [](const std::map<std::string, std::string>& all, const std::string& name) {
    const auto found = all.find(name);
    return found == all.end() ? std::nullopt : std::optional(found->second);
  };
  return {[=](const std::string& name) { return find(variables, name); },
          [=](const std::string& path) { return find(files, path); }};
}

// "a, b, c"
template <class Names>
std::string listed_names(const Names& names) {
  std::string text;
  for (const auto& name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}
inline std::string kinds_listed() { return "known kinds: " + listed_names(shipped_catalogue().names()); }
inline std::string dialects_listed() { return listed_names(shipped_catalogue().dialects); }

// A provider and a model, for the end of texts that are about something else.
inline const std::string world = "providers: {demo: {}}\nmodels: {m: {targets: [{provider: demo}]}}\n";

// A complaint as "f:LINE:COL: path: what; remedy"; a warning begins with "warning ". Complaint::text() says of each
// which it is, which would be noise in every expectation.
inline std::string line_of(const Complaint& complaint) {
  std::string line = complaint.text("f");
  const std::string severity = complaint.warning ? "warning: " : "error: ";
  line.erase(line.find(severity), severity.size());
  return (complaint.warning ? "warning " : "") + line;
}

// All complaints of `text`.
inline std::vector<std::string> complaints_of(const std::string& text) {
  std::vector<std::string> lines;
  for (const Complaint& complaint : load(text, surroundings()).complaints) lines.push_back(line_of(complaint));
  return lines;
}

struct Case {
  std::string name;
  std::string yaml;
  std::vector<std::string> complaints;  // all of them, in order
};

inline std::string name_of(const ::testing::TestParamInfo<Case>& info) { return info.param.name; }

class Complains : public ::testing::TestWithParam<Case> {
 protected:
  void check() const {
    const auto said = complaints_of(GetParam().yaml);
    EXPECT_EQ(said, GetParam().complaints);
    for (const std::string& line : said) EXPECT_EQ(line.find("canary"), std::string::npos) << line;
  }
};

}  // namespace sluice::config::testing
