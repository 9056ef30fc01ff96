#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include <sluice/chat/conversation.hpp>

// What applications say and providers answer, in no dialect's words: the features that the matrix of dialects is about.
namespace sluice::test {

struct Scenario {
  std::string name;  // of the feature: "parallel tools"
  chat::Request request;
  chat::Response answer;
  bool comes_back = false;  // the model's turn is one that the caller has got from us
};
std::vector<Scenario> dialect_scenarios();

// Everything a conversation says, one fact a line, in a form in which two dialects' ways of saying it are equal: roles,
// words, calls with their arguments parsed, results, schemas, limits.
std::multiset<std::string> facts_of(const chat::Request& request);
std::multiset<std::string> facts_of(const chat::Response& answer);

}  // namespace sluice::test
