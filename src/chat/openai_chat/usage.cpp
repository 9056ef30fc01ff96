#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <system_error>

#include <sluice/base/text.hpp>

#include "chat/json_walk.hpp"
#include "chat/openai_chat/parts.hpp"

namespace sluice::chat::openai {
namespace {

using json::Kind;
using json::Member;

// The greatest count that every JSON reader keeps exactly (RFC 8259 §6).
constexpr std::uint64_t greatest_count = std::uint64_t{1} << 53;

// A count that may be left out. Providers write "none" by leaving it out or by null.
struct Count {
  bool valid = true;
  bool present = false;
  std::uint64_t value = 0;
};

Count count_of(const Member& member, std::string_view text) {
  if (member.kind == Kind::none || member.kind == Kind::null) return {};
  if (member.kind != Kind::number) return {.valid = false};
  const std::string_view digits = json::value_of(member, text);
  if (const auto whole = parse_decimal(digits)) {
    return {.valid = *whole <= greatest_count, .present = true, .value = *whole};
  }
  // Some servers write whole numbers as 12.0.
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || value < 0 || value > static_cast<double>(greatest_count) || value != std::floor(value)) {
    return {.valid = false};
  }
  return {.present = true, .value = static_cast<std::uint64_t>(value)};
}

// Reads some counts of an object; false if one cannot be used. No object at all has no counts.
bool read_counts(std::string_view object, std::span<Member> members, std::span<Count> counts) {
  if (object.empty()) return true;
  if (!json::read(object, members)) return false;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    counts[i] = count_of(members[i], object);
    if (!counts[i].valid) return false;
  }
  return true;
}

// The bytes of a member that is an object, else nothing; false if it is neither an object nor left out.
bool read_details(const Member& member, std::string_view text, std::string_view& object) {
  if (member.kind == Kind::object) object = json::value_of(member, text);
  return member.kind == Kind::object || member.kind == Kind::none || member.kind == Kind::null;
}

std::uint64_t without(std::uint64_t whole, std::uint64_t part) { return whole > part ? whole - part : 0; }

std::uint64_t first_present(std::initializer_list<Count> counts) {
  for (const Count& count : counts) {
    if (count.present) return count.value;
  }
  return 0;
}

enum Whole : std::size_t { prompt, completion, total, cache_hit, cached_top, cached_num, input, output, wholes };
enum Detail : std::size_t { cached, cache_write, prompt_parts };

}  // namespace

std::optional<Usage> read_usage(std::string_view object) {
  std::array<Member, wholes + 2> members{{{.name = "prompt_tokens"},
                                          {.name = "completion_tokens"},
                                          {.name = "total_tokens"},
                                          {.name = "prompt_cache_hit_tokens"},
                                          {.name = "cached_tokens"},
                                          {.name = "num_cached_tokens"},
                                          {.name = "input_tokens"},
                                          {.name = "output_tokens"},
                                          {.name = "prompt_tokens_details"},
                                          {.name = "completion_tokens_details"}}};
  std::array<Count, wholes> whole;
  if (object.empty() || !read_counts(object, members, whole)) return std::nullopt;

  std::string_view of_prompt;
  std::string_view of_completion;
  if (!read_details(members[wholes], object, of_prompt)) return std::nullopt;
  if (!read_details(members[wholes + 1], object, of_completion)) return std::nullopt;
  std::array<Member, prompt_parts> prompt_members{{{.name = "cached_tokens"}, {.name = "cache_write_tokens"}}};
  std::array<Count, prompt_parts> part;
  std::array<Member, 1> completion_members{{{.name = "reasoning_tokens"}}};
  std::array<Count, 1> reasoning;
  if (!read_counts(of_prompt, prompt_members, part)) return std::nullopt;
  if (!read_counts(of_completion, completion_members, reasoning)) return std::nullopt;

  // Pictures and transcripts are counted under other names.
  if (!whole[prompt].present) whole[prompt] = whole[input];
  if (!whole[completion].present) whole[completion] = whole[output];
  // Embeddings of some servers are counted by their total alone.
  if (!whole[prompt].present && (whole[completion].present || !whole[total].present)) return std::nullopt;
  const std::uint64_t all_input = whole[prompt].present ? whole[prompt].value : whole[total].value;
  Usage usage;
  usage.cache_read = first_present({part[cached], whole[cache_hit], whole[cached_top], whole[cached_num]});
  usage.cache_write = part[cache_write].value;
  usage.input = without(without(all_input, usage.cache_read), usage.cache_write);
  usage.reasoning = reasoning[0].value;
  // Some servers count reasoning beside the completion instead of inside; their total gives it away.
  const bool beside = whole[total].present && usage.reasoning > 0 &&
                      whole[total].value == all_input + whole[completion].value + usage.reasoning;
  usage.output = beside ? whole[completion].value : without(whole[completion].value, usage.reasoning);
  return usage;
}

}  // namespace sluice::chat::openai
