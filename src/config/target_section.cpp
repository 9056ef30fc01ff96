#include "config/target_section.hpp"

#include <algorithm>
#include <utility>

#include "config/capability.hpp"
#include "config/units.hpp"

namespace sluice::config {
namespace {

void read_target_provider(const Value& value, const Register& providers, std::string& name) {
  if (!value.written()) return value.wrong("is missing", "name one of the providers of this file");
  read_text(value, name);
  if (!name.empty()) check_reference(value, name, providers);
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

void read_count(const Value& value, std::uint64_t least, std::uint64_t most, std::uint32_t& out) {
  std::uint64_t count = out;
  read_number(value, least, most, count);
  out = static_cast<std::uint32_t>(count);
}

// A number alone, or a mapping that says what becomes of those beyond it.
void read_concurrency(const Value& value, Concurrency& concurrency) {
  constexpr std::uint64_t most = 1'000'000;
  if (value.shape() == Shape::scalar) return read_count(value, 1, most, concurrency.limit);
  const Section section(value, {"limit", "queue", "wait"});
  if (!value.written()) return;
  if (value.empty()) return value.wrong("has no value", "write a number, or {limit: NUMBER}");
  if (value.shape() != Shape::mapping) return;
  const Value limit = section["limit"];
  if (!limit.written()) limit.wrong("is missing", "write how many requests there may be at a time");
  read_count(limit, 1, most, concurrency.limit);
  read_count(section["queue"], 0, most, concurrency.queue);
  read_duration(section["wait"], std::chrono::milliseconds(0), concurrency.wait);
}

void read_context(const Value& value, std::optional<std::uint64_t>& context) {
  std::uint64_t tokens = 0;
  read_number(value, 1, most_tokens, tokens);
  if (tokens != 0) context = tokens;
}

Target read_target(const Value& value, std::string_view model, const Register& providers) {
  Target target;
  const Section section(value, {"provider", "model", "weight", "concurrent", "capabilities", "context"});
  if (value.shape() == Shape::nothing) {
    value.wrong("a target is missing here", "write {provider: NAME, model: NAME}");
  } else if (value.shape() == Shape::mapping) {
    read_target_provider(section["provider"], providers, target.provider);
    read_target_model(section["model"], model, target.model);
    read_count(section["weight"], 0, 1'000'000, target.weight);
    read_concurrency(section["concurrent"], target.concurrency);
    target.capabilities = read_capabilities(section["capabilities"]);
    read_context(section["context"], target.context);
  }
  return target;
}

}  // namespace

void read_targets(const Value& value, const Register& providers, Model& model) {
  if (value.empty()) return value.wrong("a model needs targets", "write targets: [{provider: NAME, model: NAME}]");
  const auto items = value.items();
  if (items.empty() && value.shape() == Shape::sequence)
    return value.wrong("a model needs at least one target", "write {provider: NAME, model: NAME} items");
  for (const Value& item : items) model.targets.push_back(read_target(item, model.name, providers));
}

std::optional<std::vector<Capability>> read_capabilities(const Value& value) {
  if (!value.written()) return std::nullopt;
  std::vector<Capability> out;
  if (value.empty()) value.wrong("has no value", "list what the model can do, or remove the key");
  for (const Value& item : value.items()) {
    std::string name;
    read_choice(item, capability_names(), name);
    const auto capability = capability_named(name);
    if (capability && std::find(out.begin(), out.end(), *capability) == out.end()) out.push_back(*capability);
  }
  return out;
}

}  // namespace sluice::config
