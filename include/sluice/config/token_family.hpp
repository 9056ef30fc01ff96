#pragma once

#include <cstdint>
#include <string_view>

// How providers make tokens of prompts: config/token_families.csv, compiled in. Medians of a day (see its first line),
// for estimates only: what counts in the end is what the provider reports.
namespace sluice::config {

// What a family of models adds to what the caller has written, in tokens.
struct TokenFamily {
  std::string_view models;    // a pattern of their names
  std::uint64_t prompt = 0;   // to each prompt
  std::uint64_t message = 0;  // to each message
  std::uint64_t tools = 0;    // where tools are offered
  std::uint64_t schema = 0;   // where the answer has to follow a schema
};

// The family of a model, by its provider's name of it in any case; one that nobody knows belongs to the last. Never
// changes; the reference lives as long as the program. Thread-safe, without a lock or an allocation after the first
// call.
const TokenFamily& token_family_of(std::string_view model);

}  // namespace sluice::config
