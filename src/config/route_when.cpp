#include "config/route_when.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <sluice/base/text.hpp>

#include "config/units.hpp"

namespace sluice::config {
namespace {

using When = Route::When;

// Fields in which callers show who they are. What is in them is never compared with patterns of a file.
constexpr std::array<std::string_view, 7> credential_fields{
    "authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-goog-api-key", "x-amz-security-token"};

std::string in_lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return out;
}

std::vector<std::string> read_model_patterns(const Value& value) {
  std::vector<std::string> out;
  for (const Value& item : one_or_more(value)) {
    std::string pattern;
    read_text(item, pattern);
    if (!pattern.empty() && !is_model_name(pattern))
      item.wrong("no usable pattern of models' names", "up to 256 characters without spaces");
    if (!pattern.empty()) out.push_back(std::move(pattern));
  }
  return out;
}

std::vector<When::Field> read_tags(const Value& value) {
  std::vector<When::Field> out;
  if (value.written() && value.empty()) value.wrong("has no value", "write NAME: PATTERN, or remove the key");
  for (const Member& member : members(value)) out.push_back({member.name, read_texts(member.value)});
  return out;
}

std::vector<When::Field> read_headers(const Value& value) {
  std::vector<When::Field> out;
  if (value.written() && value.empty()) value.wrong("has no value", "write NAME: PATTERN, or remove the key");
  for (const Member& member : members(value)) {
    const std::string name = in_lower_case(member.name);
    const auto is_same = [&](const When::Field& field) { return field.name == name; };
    if (!is_field_name(name)) {
      member.value.wrong_key("no name of a header", "letters, digits and dashes");
    } else if (std::find(credential_fields.begin(), credential_fields.end(), name) != credential_fields.end()) {
      member.value.wrong_key("carries a credential, which routes do not look at", "use key or team");
    } else if (std::any_of(out.begin(), out.end(), is_same)) {
      member.value.wrong_key("given twice, since headers are the same in capitals", "keep one of them");
    } else {
      out.push_back({name, read_texts(member.value)});
    }
  }
  return out;
}

void read_prompt_tokens(const Value& value, std::optional<When::Range>& out) {
  const Section section(value, {"min", "max"});
  if (!value.written() || (!value.empty() && value.shape() != Shape::mapping)) return;
  if (!section["min"].written() && !section["max"].written())
    return value.wrong("says no number", "write min or max, or both");
  When::Range range;
  read_number(section["min"], 0, most_tokens, range.min);
  read_number(section["max"], 0, most_tokens, range.max);
  if (range.min > range.max) section["max"].wrong("max is less than min", "write a max that is no less");
  out = range;
}

void read_condition(const Value& value, std::optional<bool>& out) {
  const auto text = value.text();
  if (!text) return;
  bool flag = false;
  read_flag(value, flag);
  out = flag;
}

// "12.5" in thousandths; nothing for anything that is not between 0 and 100 with one decimal at most.
std::optional<std::uint32_t> parse_percent(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const auto whole = parse_decimal(text.substr(0, point));
  const bool has_tenths = point != text.size();
  const auto tenths = has_tenths && text.size() == point + 2 ? parse_decimal(text.substr(point + 1)) : std::nullopt;
  if (!whole || *whole > 100 || (has_tenths && !tenths)) return std::nullopt;
  const auto permille = *whole * 10 + tenths.value_or(0);
  return permille <= 1'000 ? std::optional(static_cast<std::uint32_t>(permille)) : std::nullopt;
}

void read_share(const Value& value, std::optional<When::Share>& out) {
  const Section section(value, {"percent", "by"});
  if (!value.written() || (!value.empty() && value.shape() != Shape::mapping)) return;
  const Value percent = section["percent"];
  if (!percent.written()) percent.wrong("is missing", "write percent: NUMBER");
  When::Share share;
  if (const auto text = percent.text()) {
    const auto permille = parse_percent(*text);
    if (!permille)
      percent.wrong("found " + in_quotes(percent.raw()), "use a number between 0 and 100 with one decimal at most");
    share.permille = permille.value_or(share.permille);
  }
  std::string by = "conversation";
  read_choice(section["by"], {"key", "conversation"}, by);
  share.by_key = by == "key";
  out = share;
}

}  // namespace

When read_when(const Value& value, const RouteNames& names) {
  const Section section(value, {"key", "team", "model", "endpoint", "tags", "headers", "prompt_tokens", "tools",
                                "images", "json_schema", "stream", "time", "share"});
  When when;
  if (value.shape() != Shape::mapping) return when;
  when.keys = read_references(section["key"], names.keys);
  when.teams = read_references(section["team"], names.teams);
  when.models = read_model_patterns(section["model"]);
  when.endpoints = read_endpoints(section["endpoint"]);
  when.tags = read_tags(section["tags"]);
  when.headers = read_headers(section["headers"]);
  read_prompt_tokens(section["prompt_tokens"], when.prompt_tokens);
  read_condition(section["tools"], when.tools);
  read_condition(section["images"], when.images);
  read_condition(section["json_schema"], when.json_schema);
  read_condition(section["stream"], when.stream);
  read_hours(section["time"], when.time);
  read_share(section["share"], when.share);
  return when;
}

}  // namespace sluice::config
