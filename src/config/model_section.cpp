#include <utility>

#include <sluice/traffic/strategy.hpp>

#include "config/allowance.hpp"
#include "config/fallbacks.hpp"
#include "config/sections.hpp"
#include "config/target_section.hpp"
#include "config/units.hpp"

namespace sluice::config {
namespace {

using std::chrono::milliseconds;
using traffic::FailureClass;

// As traffic calls them; the first is the default.
Names strategy_names() {
  Names names;
  for (const traffic::Strategy& strategy : traffic::strategies()) names.push_back(strategy.name);
  return names;
}

// What a provider's failure may be so that the next attempt is made: the usual ones, and what has to be asked for.
Names failure_names() {
  Names names;
  for (const auto failure :
       {FailureClass::connection, FailureClass::timeout, FailureClass::rate_limited, FailureClass::overloaded,
        FailureClass::server_error, FailureClass::model_not_found, FailureClass::content_refusal}) {
    names.push_back(to_string(failure));
  }
  return names;
}

void read_retry_on(const Value& value, traffic::FailureClasses& retry_on) {
  if (!value.written()) return;
  if (value.empty()) return value.wrong("has no value", "list what is tried again, or remove the key");
  traffic::FailureClasses listed;
  for (const Value& item : value.items()) {
    std::string name;
    read_choice(item, failure_names(), name);
    if (const auto failure = traffic::failure_class_named(name)) listed.add(*failure);
  }
  if (value.shape() == Shape::sequence) retry_on = listed;
}

void read_retry(const Value& value, Model& model) {
  const Section section(value, {"attempts", "on"});
  std::uint64_t attempts = model.attempts;
  read_number(section["attempts"], 1, 100, attempts);
  model.attempts = static_cast<unsigned>(attempts);
  read_retry_on(section["on"], model.retry_on);
}

void read_model_timeouts(const Value& value, ModelTimeouts& timeouts) {
  const Section section(value, {"connect", "first_byte", "idle", "total"});
  read_duration(section["connect"], milliseconds(1), timeouts.connect);
  read_duration(section["first_byte"], milliseconds(1), timeouts.first_byte);
  read_duration(section["idle"], milliseconds(1), timeouts.idle);
  read_duration(section["total"], milliseconds(1), timeouts.total);
}

Model read_model(const Member& member, const Register& providers) {
  Model model;
  model.name = member.name;
  const Section section(member.value, {"targets", "strategy", "affinity", "retry", "timeouts", "fallback",
                                       "context_fallback", "strict", "limits", "budget"});
  if (member.value.empty() || member.value.shape() == Shape::mapping)
    read_targets(section["targets"], providers, model);
  read_choice(section["strategy"], strategy_names(), model.strategy);
  std::string affinity = "auto";
  read_choice(section["affinity"], {"auto", "off"}, affinity);
  model.affinity = affinity == "auto";
  read_retry(section["retry"], model);
  read_model_timeouts(section["timeouts"], model.timeouts);
  read_flag(section["strict"], model.strict);
  model.terms = read_allowance(member.value);
  return model;
}

}  // namespace

void read_models(const Value& value, const std::vector<Provider>& providers, std::vector<Model>& models) {
  const Register known = register_of("provider", "providers", providers);
  std::vector<Value> values;
  for (const Member& member : members(value)) {
    if (!is_model_name(member.name))
      member.value.wrong_key("no usable name of a model", "1 to 256 characters without spaces");
    models.push_back(read_model(member, known));
    values.push_back(member.value);
  }
  read_fallbacks(values, models);
  if (models.empty() && (value.empty() || value.shape() == Shape::mapping))
    value.doubtful("no model is defined", "every request will be refused; name at least one under models");
}

}  // namespace sluice::config
