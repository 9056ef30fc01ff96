#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/reader.hpp"

// Values that are words, or several of them, or the names of something else in the file.
namespace sluice::config {

// The items of a list, or the one value that stands in its place. None, after complaining, when there is nothing in it.
std::vector<Value> one_or_more(const Value& value);

// Texts that stand alone or in a list. Empty ones are complained of and left out.
std::vector<std::string> read_texts(const Value& value);

// Names of endpoints, alone or in a list.
std::vector<std::string> read_endpoints(const Value& value);

// What operators call something by that means nothing to us: 1 to 64 of [a-z0-9-].
void read_word(const Value& value, std::string& out);

// Everything of one sort that the rest of a file refers to by name.
struct Register {
  std::string_view what;     // "provider"
  std::string_view section;  // where more of them are written: "providers"
  Names names;
};

// The register of a list of things that have a `name`. They outlive it and stay where they are.
template <class Things>
Register register_of(std::string_view what, std::string_view section, const Things& things) {
  Register known{what, section, {}};
  for (const auto& thing : things) known.names.push_back(thing.name);
  return known;
}

// Whether something is called `name`, as `value` has it; complains if not.
bool check_reference(const Value& value, std::string_view name, const Register& known);
// Names of them that stand alone or in a list. Those that nothing is called by are complained of and kept.
std::vector<std::string> read_references(const Value& value, const Register& known);

}  // namespace sluice::config
