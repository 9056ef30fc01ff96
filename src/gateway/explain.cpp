#include <sluice/gateway/explain.hpp>

#include <algorithm>

#include "gateway/access.hpp"
#include "gateway/endpoints.hpp"
#include "gateway/names.hpp"
#include "gateway/plan.hpp"

namespace sluice {
namespace {

Error no_request(std::string message) {
  return Error(Fault::bad_request, Blame::client, "invalid_request", std::move(message));
}

class Explaining {
 public:
  Explaining(const Snapshot& world, const SharedTraffic& traffic, const Supposed& supposed)
      : world_(world), traffic_(traffic), supposed_(supposed) {}

  Result<Explanation> run() {
    const Found found = find_endpoint(http::Method::post, supposed_.path);
    const bool converses = found.endpoint != nullptr && found.endpoint->kind == Endpoint::Kind::converse;
    if (!converses || chat::is_form(found.endpoint->task)) {
      return no_request("no requests with a JSON body are routed at " + std::string(supposed_.path));
    }
    const Key* caller = nullptr;
    if (!supposed_.key.empty()) caller = world_.find_signer(supposed_.key).key;
    if (!supposed_.key.empty() && caller == nullptr) {
      return no_request("no key is called \"" + std::string(supposed_.key) + "\"");
    }
    return explain_at(*found.endpoint, caller);
  }

 private:
  Result<Explanation> explain_at(const Endpoint& endpoint, const Key* caller) {
    const chat::Dialect& spoken = endpoint.dialect();
    chat::Asked asked;
    asked.task = endpoint.task;
    asked.stream = endpoint.stream;
    asked.way = endpoint.way;
    std::string in_path;
    if (endpoint.names_model) {
      model_in_path(endpoint, supposed_.path, in_path);
      asked.model = in_path;
    }
    std::string scratch;
    const Result<chat::Outline> outline = spoken.outline(asked, supposed_.body, scratch);
    if (!outline) return outline.error();
    const Inquiry inquiry(Inquiry::Asked{.caller = caller,
                                         .endpoint = endpoint.name,
                                         .spoken = spoken,
                                         .path = asked,
                                         .model = outline->model,
                                         .stream = outline->stream,
                                         .body = supposed_.body,
                                         .random = supposed_.random,
                                         .hash_key = traffic_.hash_key,
                                         .utc = supposed_.utc});
    explain_decision(caller, inquiry);
    return std::move(explanation_);
  }

  void explain_decision(const Key* caller, const Inquiry& inquiry) {
    const std::string_view asked = inquiry.asked().model;
    if (!may_ask_for(caller, asked)) {
      explanation_.refusal = model_not_allowed(asked).message();
      return;
    }
    const Decision decision = decide(world_, inquiry);
    if (decision.route != nullptr) explanation_.route = decision.route->rule.name;
    if (decision.model == nullptr) {
      explanation_.refusal = no_such_model(asked).message();
      return;
    }
    explanation_.model = decision.model->name;
    explanation_.strategy = decision.model->strategy->name;
    std::vector<const Model*> models{decision.model};
    bool somebody = false;
    for (std::size_t i = 0; i < models.size(); ++i) {
      somebody = add(*models[i], decision, inquiry) || somebody;
      for (const Model* other : models[i]->fallback) {
        if (std::find(models.begin(), models.end(), other) == models.end()) models.push_back(other);
      }
    }
    if (!somebody) explanation_.refusal = "No target of this model may be asked.";
  }

  bool add(const Model& model, const Decision& decision, const Inquiry& inquiry) {
    Plan plan;
    const PlanMeans means{.affinity = traffic_.affinity, .now = supposed_.now, .with_prices = true};
    plan_for(model, decision, inquiry, means, plan);
    for (const Considered& considered : plan.considered) {
      Explanation::Candidate candidate;
      const Target& target = *considered.target;
      candidate.provider = target.provider->name;
      candidate.model = name_at(target, model, inquiry.asked().model);
      candidate.of = model.name;
      candidate.excluded = reason_of(considered, decision);
      candidate.weight = target.weight;
      candidate.first_token = considered.view.first_token;
      candidate.price = considered.price;
      explanation_.candidates.push_back(std::move(candidate));
    }
    return !plan.choices.empty();
  }

  const Snapshot& world_;
  const SharedTraffic& traffic_;
  const Supposed& supposed_;
  Explanation explanation_;
};

}  // namespace

Result<Explanation> explain(const Snapshot& world, const SharedTraffic& traffic, const Supposed& supposed) {
  return Explaining(world, traffic, supposed).run();
}

}  // namespace sluice
