#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <sluice/config/config.hpp>

// What is publicly known of models: config/models.csv, compiled in. Facts of a day (see its first line); what an
// operator writes wins.
namespace sluice::config {

// What it costs, in nano-USD: tokens by the million (so $3 per million are 3,000,000,000), images made and requests
// each. Nothing: not known.
struct KnownPrices {
  std::optional<std::int64_t> input;
  std::optional<std::int64_t> output;
  std::optional<std::int64_t> cache_read;
  std::optional<std::int64_t> cache_write;
  std::optional<std::int64_t> cache_write_1h;
  std::optional<std::int64_t> reasoning;
  std::optional<std::int64_t> input_above_200k;
  std::optional<std::int64_t> output_above_200k;
  std::optional<std::int64_t> audio_input;
  std::optional<std::int64_t> audio_output;
  std::optional<std::int64_t> image;
  std::optional<std::int64_t> request;
};

struct ModelFacts {
  std::optional<std::uint64_t> context;  // tokens it reads, its answer included where that counts
  std::optional<std::uint64_t> max_output;
  // What it is known to have and known to lack; a capability in neither list is not known.
  std::vector<Capability> can;
  std::vector<Capability> cannot;
  KnownPrices prices;
};

// What is known of a model as a provider of this kind calls it, or null. Names are tried as they are, then without a
// provider's prefix ("vendor/"), a region ("eu.") and a version behind the name (a date, "@…", "-v1:0", "-latest").
// Never changes; the pointer lives as long as the program. Thread-safe.
const ModelFacts* facts_of(std::string_view kind, std::string_view model);

// The first line of the table: its date and sources.
std::string_view model_table_version();
// Only the date, which stands first in it: "2026-07-24".
std::string_view model_table_date();

}  // namespace sluice::config
