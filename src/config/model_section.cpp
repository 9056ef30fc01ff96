#include <algorithm>
#include <utility>

#include <sluice/base/text.hpp>

#include "config/planned.hpp"
#include "config/sections.hpp"
#include "config/units.hpp"

namespace sluice::config {
namespace {

using std::chrono::milliseconds;

bool is_pattern(std::string_view name) { return name.find('*') != std::string_view::npos; }

void read_target_provider(const Value& value, const std::vector<Provider>& providers, std::string& name) {
  if (!value.written()) return value.wrong("is missing", "name one of the providers of this file");
  read_text(value, name);
  if (name.empty()) return;
  Names known;
  for (const Provider& provider : providers) {
    if (provider.name == name) return;
    known.push_back(provider.name);
  }
  const auto near = name.size() <= 64 ? nearest_name(name, known) : std::nullopt;
  value.wrong("no provider is called " + in_quotes(value.raw()),
              near ? "did you mean \"" + std::string(*near) + "\"?" : "add it to providers");
}

void read_target_model(const Value& value, std::string_view model, std::string& name) {
  read_text(value, name);
  if (name.empty()) return;
  if (!is_model_name(name)) return value.wrong("no usable name of a model", "up to 256 characters without spaces");
  if (name == "*" && !is_pattern(model))
    return value.wrong("\"*\" means what the model's * stands for, and the model " + in_quotes(model) + " has none",
                       "write the provider's name of the model, or leave it out to pass on the caller's");
  if (name != "*" && is_pattern(name))
    return value.wrong("a target's model is one name, or \"*\" alone",
                       "write \"*\" for what the model's first * stands for");
}

Target read_target(const Value& value, std::string_view model, const std::vector<Provider>& providers) {
  Target target;
  const Section section(value, {"provider", "model"}, planned_keys("models.*.targets"));
  if (value.shape() == Shape::nothing) {
    value.wrong("a target is missing here", "write {provider: NAME, model: NAME}");
  } else if (value.shape() == Shape::mapping) {
    read_target_provider(section["provider"], providers, target.provider);
    read_target_model(section["model"], model, target.model);
  }
  return target;
}

void read_targets(const Value& value, const std::vector<Provider>& providers, Model& model) {
  if (value.empty()) return value.wrong("a model needs targets", "write targets: [{provider: NAME, model: NAME}]");
  const auto items = value.items();
  if (items.empty() && value.shape() == Shape::sequence)
    return value.wrong("a model needs at least one target", "write {provider: NAME, model: NAME} items");
  for (const Value& item : items) model.targets.push_back(read_target(item, model.name, providers));
}

void read_model_timeouts(const Value& value, ModelTimeouts& timeouts) {
  const Section section(value, {"connect", "first_byte", "idle", "total"});
  read_duration(section["connect"], milliseconds(1), timeouts.connect);
  read_duration(section["first_byte"], milliseconds(1), timeouts.first_byte);
  read_duration(section["idle"], milliseconds(1), timeouts.idle);
  read_duration(section["total"], milliseconds(1), timeouts.total);
}

Model read_model(const Member& member, const std::vector<Provider>& providers) {
  Model model;
  model.name = member.name;
  const Section section(member.value, {"targets", "retry", "timeouts", "strict"}, planned_keys("models.*"));
  if (member.value.empty() || member.value.shape() == Shape::mapping)
    read_targets(section["targets"], providers, model);
  const Section retry(section["retry"], {"attempts"}, planned_keys("models.*.retry"));
  std::uint64_t attempts = model.attempts;
  read_number(retry["attempts"], 1, 100, attempts);
  model.attempts = static_cast<unsigned>(attempts);
  read_model_timeouts(section["timeouts"], model.timeouts);
  read_flag(section["strict"], model.strict);
  return model;
}

}  // namespace

void read_models(const Value& value, const std::vector<Provider>& providers, std::vector<Model>& models) {
  for (const Member& member : members(value)) {
    if (!is_model_name(member.name))
      member.value.wrong_key("no usable name of a model", "1 to 256 characters without spaces");
    models.push_back(read_model(member, providers));
  }
  if (models.empty() && (value.empty() || value.shape() == Shape::mapping))
    value.doubtful("no model is defined", "every request will be refused; name at least one under models");
}

}  // namespace sluice::config
