#include <algorithm>
#include <utility>

#include <sluice/base/text.hpp>

#include "config/route_reach.hpp"
#include "config/units.hpp"

namespace sluice::config {
namespace {

using When = Route::When;
using Texts = std::vector<std::string>;

bool contains(const Texts& texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

// Empty lists allow everything.
bool covers_names(const Texts& wide, const Texts& narrow) {
  if (wide.empty()) return true;
  return !narrow.empty() &&
         std::all_of(narrow.begin(), narrow.end(), [&](const auto& name) { return contains(wide, name); });
}

// A pattern covers another if it matches it as a text: only a star of its own can stand for the other's star.
bool covers_patterns(const Texts& wide, const Texts& narrow) {
  if (wide.empty()) return true;
  return !narrow.empty() && std::all_of(narrow.begin(), narrow.end(), [&](const auto& text) {
    return std::any_of(wide.begin(), wide.end(), [&](const auto& pattern) { return glob_matches(pattern, text); });
  });
}

bool covers_fields(const std::vector<When::Field>& wide, const std::vector<When::Field>& narrow) {
  return std::all_of(wide.begin(), wide.end(), [&](const When::Field& field) {
    return std::any_of(narrow.begin(), narrow.end(), [&](const When::Field& other) {
      return other.name == field.name && covers_patterns(field.patterns, other.patterns);
    });
  });
}

// A key that is named brings its team with it.
bool covers_teams(const When& wide, const When& narrow, const Config& config) {
  if (covers_names(wide.teams, narrow.teams)) return true;
  return !narrow.keys.empty() && std::all_of(narrow.keys.begin(), narrow.keys.end(), [&](const std::string& name) {
    const auto key = std::find_if(config.keys.begin(), config.keys.end(), [&](const Key& k) { return k.name == name; });
    return key != config.keys.end() && contains(wide.teams, key->team);
  });
}

bool covers_range(const std::optional<When::Range>& wide, const std::optional<When::Range>& narrow) {
  if (!wide) return true;
  const When::Range inner = narrow.value_or(When::Range{});
  return wide->min <= inner.min && inner.max <= wide->max;
}

bool covers_flag(const std::optional<bool>& wide, const std::optional<bool>& narrow) { return !wide || wide == narrow; }

bool covers_hours(const std::optional<When::Hours>& wide, const std::optional<When::Hours>& narrow) {
  if (!wide) return true;
  return narrow && wide->from == narrow->from && wide->to == narrow->to && wide->days == narrow->days &&
         wide->zone == narrow->zone;
}

// Both lists' common names. False when there are none.
bool join_names(const Texts& one, const Texts& other, Texts& out) {
  if (one.empty() || other.empty()) {
    out = one.empty() ? other : one;
    return true;
  }
  std::copy_if(one.begin(), one.end(), std::back_inserter(out),
               [&](const auto& name) { return contains(other, name); });
  return !out.empty();
}

// Of two patterns that overlap without one covering the other, the first stands for both.
bool join_patterns(const Texts& one, const Texts& other, Texts& out) {
  if (one.empty() || other.empty()) {
    out = one.empty() ? other : one;
    return true;
  }
  for (const std::string& left : one) {
    for (const std::string& right : other) {
      if (patterns_overlap(left, right)) out.push_back(glob_matches(left, right) ? right : left);
    }
  }
  return !out.empty();
}

bool join_flag(const std::optional<bool>& one, const std::optional<bool>& other, std::optional<bool>& out) {
  out = one ? one : other;
  return !one || !other || *one == *other;
}

bool join_range(const std::optional<When::Range>& one, const std::optional<When::Range>& other,
                std::optional<When::Range>& out) {
  out = one ? one : other;
  if (!one || !other) return true;
  out->min = std::max(one->min, other->min);
  out->max = std::min(one->max, other->max);
  return out->min <= out->max;
}

std::vector<When::Field> join_fields(const std::vector<When::Field>& one, const std::vector<When::Field>& other) {
  auto out = one;
  out.insert(out.end(), other.begin(), other.end());
  return out;
}

}  // namespace

bool covers(const When& wide, const When& narrow, const Config& config) {
  return covers_names(wide.keys, narrow.keys) && covers_teams(wide, narrow, config) &&
         covers_patterns(wide.models, narrow.models) && covers_names(wide.endpoints, narrow.endpoints) &&
         covers_fields(wide.tags, narrow.tags) && covers_fields(wide.headers, narrow.headers) &&
         covers_range(wide.prompt_tokens, narrow.prompt_tokens) && covers_flag(wide.tools, narrow.tools) &&
         covers_flag(wide.images, narrow.images) && covers_flag(wide.json_schema, narrow.json_schema) &&
         covers_flag(wide.stream, narrow.stream) && covers_hours(wide.time, narrow.time) &&
         (!wide.share || wide.share->permille == 1'000);
}

std::optional<When> joint(const When& one, const When& other) {
  When both;
  const bool possible = join_names(one.keys, other.keys, both.keys) && join_names(one.teams, other.teams, both.teams) &&
                        join_patterns(one.models, other.models, both.models) &&
                        join_names(one.endpoints, other.endpoints, both.endpoints) &&
                        join_range(one.prompt_tokens, other.prompt_tokens, both.prompt_tokens) &&
                        join_flag(one.tools, other.tools, both.tools) &&
                        join_flag(one.images, other.images, both.images) &&
                        join_flag(one.json_schema, other.json_schema, both.json_schema) &&
                        join_flag(one.stream, other.stream, both.stream);
  if (!possible) return std::nullopt;
  both.tags = join_fields(one.tags, other.tags);
  both.headers = join_fields(one.headers, other.headers);
  // Whoever covers one of the two covers both, so that either may stand for them.
  both.time = one.time ? one.time : other.time;
  both.share = one.share ? one.share : other.share;
  return both;
}

}  // namespace sluice::config
