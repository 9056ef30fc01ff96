#include "config/exhausted.hpp"

#include <algorithm>

#include <sluice/base/text.hpp>

#include "config/lists.hpp"
#include "config/units.hpp"

namespace sluice::config {
namespace {

// The models with a name of their own.
Register models_by_name(const std::vector<Model>& models) {
  Register known{"model", "models", {}};
  for (const Model& model : models) {
    if (!is_pattern(model.name)) known.names.push_back(model.name);
  }
  return known;
}

std::optional<Exhausted> read_downgrade(const Value& value) {
  if (!value.written()) {
    value.wrong("is missing", "write downgrade: MODEL");
    return std::nullopt;
  }
  std::string name;
  read_text(value, name);
  if (name.empty()) return std::nullopt;
  if (is_pattern(name)) {
    value.wrong("a pattern names no model", "write the whole name of a model of this file");
    return std::nullopt;
  }
  return Exhausted{std::move(name)};
}

}  // namespace

std::optional<Exhausted> read_exhausted(const Value& value) {
  if (!value.written()) return std::nullopt;
  if (value.shape() == Shape::mapping) {
    const Section section(value, {"downgrade"});
    return read_downgrade(section["downgrade"]);
  }
  const auto text = value.text();
  if (!text) return std::nullopt;
  if (*text == "refuse") return Exhausted{};
  value.wrong("found " + in_quotes(value.raw()), "write refuse, or {downgrade: MODEL}");
  return std::nullopt;
}

std::optional<Exhausted> read_exhausted(const Value& value, const std::vector<Model>& models,
                                        const std::optional<std::vector<std::string>>& allowed) {
  std::optional<Exhausted> exhausted = read_exhausted(value);
  if (!exhausted || exhausted->downgrade.empty()) return exhausted;
  const Value model = value["downgrade"];
  if (check_reference(model, exhausted->downgrade, models_by_name(models)) &&
      !is_allowed(allowed, exhausted->downgrade)) {
    model.wrong(in_quotes(model.raw()) + " may not be asked for here", "add it to models beside this key");
  }
  return exhausted;
}

bool is_allowed(const std::optional<std::vector<std::string>>& patterns, std::string_view name) {
  return !patterns || std::any_of(patterns->begin(), patterns->end(),
                                  [&](const std::string& pattern) { return glob_matches(pattern, name); });
}

}  // namespace sluice::config
