#include "gateway/plan.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "gateway/abilities.hpp"

namespace sluice {
namespace {

using config::Capability;
using Require = config::Route::Require;

void exclude(Considered& considered, Exclusion why, std::optional<Capability> lacks = std::nullopt) {
  if (considered.excluded != Exclusion::none) return;
  considered.excluded = why;
  considered.lacks = lacks;
}

void apply(const Require& require, const Abilities& abilities, Considered& considered) {
  const Provider& provider = *considered.target->provider;
  if (!is_one_of(require.residency, provider.residency)) exclude(considered, Exclusion::residency);
  if (!is_one_of(require.providers, provider.name)) exclude(considered, Exclusion::provider);
  if (!is_one_of(require.retention, provider.retention)) exclude(considered, Exclusion::retention);
  for (const Capability capability : require.capabilities) {
    if (!abilities.has(capability)) exclude(considered, Exclusion::capability, capability);
  }
}

// What the request needs of a model, that it is known to lack.
void apply_needs(const chat::Features& features, const Abilities& abilities, Considered& considered) {
  struct Need {
    bool is_there;
    Capability capability;
  };
  const std::array needs{Need{features.images > 0, Capability::vision}, Need{features.tools, Capability::tools},
                         Need{features.json_schema, Capability::json_schema},
                         Need{features.audio > 0, Capability::audio}, Need{features.documents > 0, Capability::pdf}};
  for (const Need& need : needs) {
    if (need.is_there && abilities.lacks(need.capability)) {
      exclude(considered, Exclusion::capability, need.capability);
    }
  }
  const auto context = abilities.context();
  if (context && features.prompt_tokens() > *context) exclude(considered, Exclusion::context);
}

bool may_be_asked(const Considered& considered) { return considered.excluded == Exclusion::none; }

// Healthy, then rather not, then closed.
int rank_of(const traffic::LaneView& view) {
  if (view.closed != traffic::Closed::no) return 2;
  return view.is_shaky || view.is_short ? 1 : 0;
}

// Plans for one model.
class Planning {
 public:
  Planning(const Model& model, const Decision& decision, const Inquiry& inquiry, const PlanMeans& means, Plan& plan)
      : model_(model), decision_(decision), inquiry_(inquiry), means_(means), plan_(plan) {
    begin_ = plan_.considered.size();
  }

  void run() {
    judge_all();
    look_at_lanes();
    pin();
    order();
    for (const Considered& considered : mine()) {
      if (may_be_asked(considered)) add_choices(considered);
    }
  }

 private:
  Abilities abilities_of(const Considered& considered) const {
    return {*considered.target, model_, inquiry_.asked().model};
  }

  std::span<Considered> mine() { return std::span(plan_.considered).subspan(begin_); }

  void judge_all() {
    for (const Target& target : model_.targets) {
      Considered considered;
      considered.model = &model_;
      considered.target = &target;
      if (target.provider->voice_for(inquiry_.asked().spoken, inquiry_.asked().path.task) == nullptr) {
        exclude(considered, Exclusion::endpoint);
      }
      for (const Rule* route : {decision_.route, decision_.naming}) {
        if (route != nullptr && !route->rule.require.empty()) {
          apply(route->rule.require, abilities_of(considered), considered);
        }
      }
      plan_.considered.push_back(considered);
    }
    if (model_.targets.size() > 1) judge_needs();
  }

  // What the table of models says may be out of date: where it would leave nobody, the provider shall say so itself.
  void judge_needs() {
    plan_.before.assign(mine().begin(), mine().end());
    for (Considered& considered : mine()) {
      if (!may_be_asked(considered)) continue;
      const Abilities abilities = abilities_of(considered);
      if (abilities.facts() == nullptr && !considered.target->capabilities && !considered.target->context) continue;
      apply_needs(inquiry_.features(), abilities, considered);
    }
    if (std::none_of(mine().begin(), mine().end(), may_be_asked)) {
      std::copy(plan_.before.begin(), plan_.before.end(), mine().begin());
    }
  }

  // Of several keys the one whose turn it is, but one that is well before one that is not.
  void look_at_lanes() {
    for (Considered& considered : mine()) {
      const auto& lanes = considered.target->lanes;
      for (std::uint32_t i = 0; i < lanes.size(); ++i) {
        const auto key = static_cast<std::uint32_t>((means_.turn + i) % lanes.size());
        const traffic::LaneView view = lanes[key]->look(means_.now);
        if (i > 0 && rank_of(view) >= rank_of(considered.view)) continue;
        considered.first_key = key;
        considered.view = view;
      }
    }
  }

  // Where the conversation was before: its cache is warm, or it is the only one that can read what it said.
  void pin() {
    if (lane_count() < 2) return;
    const std::uint64_t conversation = inquiry_.conversation();  // remembered afterwards, followed or not
    const bool stays = model_.affinity && model_.strategy->keeps_affinity;
    const chat::Features& features = inquiry_.features();
    if (!stays && !features.is_sealed) return;
    std::optional<std::uint64_t> lane;
    if (!features.previous_response.empty()) {
      lane = means_.affinity.find(
          key_of_answer(features.previous_response, inquiry_.asked().caller, inquiry_.asked().hash_key), means_.now);
    }
    if (!lane && conversation != 0) lane = means_.affinity.find(conversation, means_.now);
    if (lane) keep_to(*lane, features.is_sealed);
  }

  std::size_t lane_count() {
    std::size_t count = 0;
    for (const Considered& considered : mine()) {
      if (may_be_asked(considered)) count += considered.target->lanes.size();
    }
    return count;
  }

  void keep_to(std::uint64_t lane, bool strictly) {
    const auto is_mine = [lane](const std::shared_ptr<traffic::Lane>& candidate) { return candidate->id() == lane; };
    for (Considered& considered : mine()) {
      if (!may_be_asked(considered)) continue;
      const auto& lanes = considered.target->lanes;
      const auto found = std::find_if(lanes.begin(), lanes.end(), is_mine);
      if (found == lanes.end()) continue;
      const traffic::LaneView view = (*found)->look(means_.now);
      const std::uint32_t limit = considered.target->concurrency.limit;
      const bool is_full = limit > 0 && view.in_flight >= limit;
      if (!strictly && (rank_of(view) != 0 || is_full)) return;
      considered.is_warm = true;
      considered.first_key = static_cast<std::uint32_t>(found - lanes.begin());
      considered.view = view;
      plan_.is_pinned = strictly;
      break;
    }
    if (!plan_.is_pinned) return;
    for (Considered& considered : mine()) {
      if (!considered.is_warm) exclude(considered, Exclusion::pinned);
    }
  }

  void order() {
    const auto asked = std::stable_partition(mine().begin(), mine().end(), may_be_asked);
    const auto count = static_cast<std::size_t>(asked - mine().begin());
    const std::span<Considered> candidates = mine().first(count);
    price(candidates);
    if (count < 2) return;
    std::vector<traffic::Candidate>& sorted = plan_.sorted;
    sorted.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      const Considered& from = candidates[i];
      sorted[i] = {static_cast<std::uint32_t>(i), from.target->weight, from.view.in_flight, from.view.first_token,
                   from.price};
    }
    model_.strategy->order(sorted, {inquiry_.asked().random, means_.turn, means_.now});
    plan_.before.assign(candidates.begin(), candidates.end());
    for (std::size_t i = 0; i < count; ++i) candidates[i] = plan_.before[sorted[i].target];
    std::stable_sort(candidates.begin(), candidates.end(), [](const Considered& left, const Considered& right) {
      if (left.is_warm != right.is_warm) return left.is_warm;
      return rank_of(left.view) < rank_of(right.view);
    });
  }

  void price(std::span<Considered> candidates) {
    if (!means_.with_prices && (!model_.strategy->needs_price || candidates.size() < 2)) return;
    for (Considered& considered : candidates) {
      const std::string_view name = name_at(*considered.target, model_, inquiry_.asked().model);
      std::optional<Tariff> room;
      const Tariff* const tariff = decision_.world->tariff_of(*considered.target, name, room);
      if (tariff == nullptr) continue;
      considered.price = expected_price(tariff->price, inquiry_.features(), considered.view.cached_permille);
    }
  }

  void add_choices(const Considered& considered) {
    const auto keys = static_cast<std::uint32_t>(considered.target->lanes.size());
    for (std::uint32_t i = 0; i < keys; ++i) {
      const std::uint32_t key = (considered.first_key + i) % keys;
      if (plan_.is_pinned && i > 0) break;
      plan_.choices.push_back({&model_, considered.target, key});
    }
  }

  const Model& model_;
  const Decision& decision_;
  const Inquiry& inquiry_;
  const PlanMeans& means_;
  Plan& plan_;
  std::size_t begin_ = 0;
};

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// What the rules that hold demand, of one property.
std::string demanded(const Decision& decision, std::vector<std::string> Require::*property) {
  for (const Rule* route : {decision.route, decision.naming}) {
    if (route != nullptr && !(route->rule.require.*property).empty()) return listed(route->rule.require.*property);
  }
  return {};
}

std::string mismatch(std::string_view property, std::string_view value, const std::string& wanted) {
  std::string text(property);
  if (value.empty()) return text + " is not told, and has to be one of " + wanted;
  return text.append(" ").append(value).append(" is not one of ") + wanted;
}

}  // namespace

void Plan::clear() {
  considered.clear();
  choices.clear();
  is_pinned = false;
}

void plan_for(const Model& model, const Decision& decision, const Inquiry& inquiry, const PlanMeans& means,
              Plan& plan) {
  Planning(model, decision, inquiry, means, plan).run();
}

Trace::Target traced(const Considered& considered) {
  const traffic::LaneView& view = considered.view;
  return {considered.target->provider->label,
          considered.target->deployment,
          considered.excluded,
          considered.lacks,
          view.closed,
          considered.is_warm,
          view.is_shaky,
          view.is_short,
          view.in_flight,
          view.first_token,
          considered.price};
}

std::string reason_of(const Considered& considered, const Decision& decision) {
  const Provider& provider = *considered.target->provider;
  switch (considered.excluded) {
    case Exclusion::none:
      return {};
    case Exclusion::endpoint:
      return "endpoint: the provider's dialect has no such request";
    case Exclusion::provider:
      return mismatch("provider", provider.name, demanded(decision, &Require::providers));
    case Exclusion::residency:
      return mismatch("residency", provider.residency, demanded(decision, &Require::residency));
    case Exclusion::retention:
      return mismatch("retention", provider.retention, demanded(decision, &Require::retention));
    case Exclusion::capability:
      return "capability: the model has no " + std::string(to_string(*considered.lacks));
    case Exclusion::context:
      return "context: the prompt is longer than the model reads";
    case Exclusion::pinned:
      return "affinity: only the target that answered before can read what the request brings";
  }
  return {};
}

std::uint64_t key_of_answer(std::string_view answer_id, const Key* caller, std::uint64_t hash_key) {
  return hash_of({"answer", answer_id, name_of(caller)}, hash_key);
}

}  // namespace sluice
