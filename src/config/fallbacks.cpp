#include "config/fallbacks.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "config/lists.hpp"

namespace sluice::config {
namespace {

using List = std::vector<std::string> Model::*;
constexpr std::size_t nobody = static_cast<std::size_t>(-1);

// One model that another one leads to, and where that is written.
struct Arrow {
  std::size_t to;
  Value at;
};
using Arrows = std::vector<std::vector<Arrow>>;  // of each model

// Models by their names; patterns are no names.
struct Directory {
  std::map<std::string_view, std::size_t> places;
  Register known{"model", "models", {}};

  explicit Directory(const std::vector<Model>& models) {
    for (std::size_t i = 0; i < models.size(); ++i) {
      if (models[i].name.find('*') != std::string::npos) continue;
      places.emplace(models[i].name, i);
      known.names.push_back(models[i].name);
    }
  }
};

// The model an item names, or `nobody` after complaining.
std::size_t find_model(const Value& item, const std::string& name, const Directory& directory) {
  if (name.find('*') != std::string::npos) {
    item.wrong("a pattern names no model", "write the whole name of a model of this file");
    return nobody;
  }
  const auto found = directory.places.find(name);
  if (found != directory.places.end()) return found->second;
  check_reference(item, name, directory.known);
  return nobody;
}

std::vector<Arrow> read_list(const Value& value, const Directory& directory, const Model& model,
                             std::vector<std::string>& out) {
  std::vector<Arrow> arrows;
  if (value.written() && value.empty()) value.wrong("has no value", "list names of models, or remove the key");
  for (const Value& item : value.items()) {
    std::string name;
    read_text(item, name);
    const std::size_t place = name.empty() ? nobody : find_model(item, name, directory);
    if (place == nobody) continue;
    if (name == model.name) {
      item.wrong("a model cannot stand in for itself", "name another one");
    } else if (std::find(out.begin(), out.end(), name) != out.end()) {
      item.wrong("named twice", "keep one of them");
    } else {
      out.push_back(std::move(name));
      arrows.push_back({place, item});
    }
  }
  return arrows;
}

// Walks along the arrows, depth first, and complains of every one that leads back to where the walk came through.
class Walk {
 public:
  Walk(const Arrows& arrows, const std::vector<Model>& models)
      : arrows_(arrows), models_(models), states_(models.size(), State::fresh) {}

  void from(std::size_t start) {
    if (states_[start] != State::fresh) return;
    enter(start);
    while (!path_.empty()) {
      Step& step = path_.back();
      if (step.next == arrows_[step.model].size()) {
        states_[step.model] = State::done;
        path_.pop_back();
        continue;
      }
      const Arrow& arrow = arrows_[step.model][step.next++];
      if (states_[arrow.to] == State::on_the_path) complain(arrow);
      if (states_[arrow.to] == State::fresh) enter(arrow.to);
    }
  }

 private:
  enum class State : std::uint8_t { fresh, on_the_path, done };
  struct Step {
    std::size_t model;
    std::size_t next = 0;  // which of its arrows
  };

  void enter(std::size_t model) {
    states_[model] = State::on_the_path;
    path_.push_back({model});
  }

  void complain(const Arrow& arrow) const {
    const auto begin =
        std::find_if(path_.begin(), path_.end(), [&](const Step& step) { return step.model == arrow.to; });
    std::string circle;
    for (auto step = begin; step != path_.end(); ++step) circle += models_[step->model].name + " -> ";
    arrow.at.wrong("leads in a circle: " + circle + models_[arrow.to].name, "take one of them out");
  }

  const Arrows& arrows_;
  const std::vector<Model>& models_;
  std::vector<State> states_;
  std::vector<Step> path_;
};

void read_kind(const std::vector<Value>& values, std::string_view key, const Directory& directory,
               std::vector<Model>& models, List list) {
  Arrows arrows;
  for (std::size_t i = 0; i < models.size(); ++i)
    arrows.push_back(read_list(values[i][key], directory, models[i], models[i].*list));
  Walk walk(arrows, models);
  for (std::size_t i = 0; i < models.size(); ++i) walk.from(i);
}

}  // namespace

void read_fallbacks(const std::vector<Value>& values, std::vector<Model>& models) {
  const Directory directory(models);
  read_kind(values, "fallback", directory, models, &Model::fallback);
  read_kind(values, "context_fallback", directory, models, &Model::context_fallback);
}

}  // namespace sluice::config
