#include "gateway/rules.hpp"

#include <algorithm>
#include <chrono>

#include <sluice/base/text.hpp>

namespace sluice {
namespace {

using When = config::Route::When;

bool matches_one_of(const std::vector<std::string>& patterns, std::string_view text) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(),
                                         [text](const std::string& pattern) { return glob_matches(pattern, text); });
}

bool is_caller(const When& when, const Key* caller) {
  if (when.keys.empty() && when.teams.empty()) return true;
  if (caller == nullptr || !is_one_of(when.keys, caller->name)) return false;
  return when.teams.empty() || (caller->team != nullptr && is_one_of(when.teams, caller->team->name));
}

bool has_fields(const When& when, const Inquiry& inquiry) {
  const bool headers = std::all_of(when.headers.begin(), when.headers.end(), [&](const When::Field& field) {
    const auto value = http::find(inquiry.asked().fields, field.name);
    return value && matches_one_of(field.patterns, *value);
  });
  return headers && std::all_of(when.tags.begin(), when.tags.end(), [&](const When::Field& field) {
           const auto value = inquiry.tag(field.name);
           return value && matches_one_of(field.patterns, *value);
         });
}

bool is_about(const When& when, const Inquiry& inquiry) {
  if (when.prompt_tokens) {
    const std::uint64_t tokens = inquiry.features().prompt_tokens();
    if (tokens < when.prompt_tokens->min || tokens > when.prompt_tokens->max) return false;
  }
  if (when.tools && *when.tools != inquiry.features().tools) return false;
  if (when.images && *when.images != (inquiry.features().images > 0)) return false;
  return !when.json_schema || *when.json_schema == inquiry.features().json_schema;
}

bool is_within(const When::Hours& hours, UtcTime utc) {
  using namespace std::chrono;
  const auto local = floor<minutes>(utc) + minutes(hours.zone);
  auto day = floor<days>(local);
  const auto minute = static_cast<unsigned>((local - day).count());
  const bool over_midnight = hours.from > hours.to;
  const bool is_in = hours.from == hours.to ? true
                     : over_midnight        ? minute >= hours.from || minute < hours.to
                                            : minute >= hours.from && minute < hours.to;
  if (!is_in) return false;
  // What goes over midnight belongs to the day it began on.
  if (over_midnight && minute < hours.to) day -= days(1);
  const unsigned weekday = std::chrono::weekday(day).iso_encoding() - 1;  // 0: Monday
  return (hours.days >> weekday & 1u) != 0;
}

bool is_in_share(const Rule& route, const When::Share& share, const Inquiry& inquiry) {
  const Inquiry::Asked& asked = inquiry.asked();
  std::uint64_t whose = asked.random;  // of a request that has nothing in common with others
  if (!share.by_key) {
    if (const std::uint64_t conversation = inquiry.conversation(); conversation != 0) whose = conversation;
  } else if (asked.caller != nullptr) {
    whose = hash_of({asked.caller->name}, asked.hash_key);
  }
  return hash_of({route.rule.name}, whose) % 1000 < share.permille;
}

}  // namespace

bool is_one_of(const std::vector<std::string>& names, std::string_view name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

bool matches(const Rule& route, const Inquiry& inquiry) {
  const When& when = route.rule.when;
  const Inquiry::Asked& asked = inquiry.asked();
  // What costs least to look at comes first.
  return is_caller(when, asked.caller) && is_one_of(when.endpoints, asked.endpoint) &&
         matches_one_of(when.models, asked.model) && (!when.stream || *when.stream == asked.stream) &&
         (!when.time || is_within(*when.time, asked.utc)) && has_fields(when, inquiry) && is_about(when, inquiry) &&
         (!when.share || is_in_share(route, *when.share, inquiry));
}

Decision decide(const Snapshot& world, const Inquiry& inquiry) {
  Decision decision;
  decision.world = &world;
  for (const Rule& route : world.routes()) {
    if (decision.route != nullptr && route.use == nullptr) continue;
    if (!matches(route, inquiry)) continue;
    if (decision.route == nullptr) {
      decision.route = &route;
      decision.model = route.use != nullptr ? route.use : world.find_model(inquiry.asked().model);
    } else {
      decision.naming = &route;
      decision.model = route.use;
    }
    if (decision.model != nullptr) return decision;
  }
  if (decision.route == nullptr) decision.model = world.find_model(inquiry.asked().model);
  return decision;
}

}  // namespace sluice
