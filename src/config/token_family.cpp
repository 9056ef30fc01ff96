#include "config/token_family.hpp"

#include <array>
#include <optional>

#include <sluice/base/text.hpp>

namespace sluice::embedded {
extern const std::string_view token_families_csv;
}

namespace sluice::config {
namespace {

constexpr std::string_view families_header = "models,prompt,message,tools,schema";
constexpr std::uint64_t most_added = 10'000;

std::optional<TokenFamily> family_in(std::string_view line) {
  std::array<std::string_view, 5> cells;
  for (std::size_t at = 0; at < cells.size(); ++at) {
    const std::size_t comma = line.find(',');
    if ((comma == std::string_view::npos) != (at + 1 == cells.size())) return std::nullopt;
    cells[at] = line.substr(0, comma);
    line.remove_prefix(comma == std::string_view::npos ? line.size() : comma + 1);
  }
  TokenFamily family{cells[0]};
  std::size_t at = 1;
  for (std::uint64_t* number : {&family.prompt, &family.message, &family.tools, &family.schema}) {
    const auto read = parse_decimal(cells[at++]);
    if (!read || *read > most_added) return std::nullopt;
    *number = *read;
  }
  return family.models.empty() ? std::nullopt : std::optional(family);
}

TokenFamilies faulty(std::size_t line, std::string_view why) {
  return {{}, "line " + std::to_string(line) + ": " + std::string(why)};
}

}  // namespace

TokenFamilies read_token_families(std::string_view text) {
  TokenFamilies table;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    ++number;
    if (end == std::string_view::npos) return faulty(number, "it has no end");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (number == 1 && !line.starts_with("# ")) return faulty(1, "its date and sources are missing");
    if (number == 2 && line != families_header) return faulty(2, "it does not name the columns");
    if (number <= 2) continue;
    if (!table.families.empty() && table.families.back().models == "*") return faulty(number, "nothing gets here");
    const auto family = family_in(line);
    if (!family) return faulty(number, "it is no pattern with four numbers of tokens");
    table.families.push_back(*family);
  }
  if (table.families.empty() || table.families.back().models != "*") return faulty(number, "the last is not for all");
  return table;
}

const TokenFamily& token_family_of(std::string_view model) {
  static const TokenFamilies table = read_token_families(embedded::token_families_csv);
  static const TokenFamily unread{"*"};  // of a table that a test would have refused
  thread_local std::string name;         // keeps its memory
  name.assign(model);
  for (char& letter : name) letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  for (const TokenFamily& family : table.families) {
    if (glob_matches(family.models, name)) return family;
  }
  return unread;
}

}  // namespace sluice::config
