#include "app/explain.hpp"

#include <ostream>
#include <vector>

#include <nlohmann/json.hpp>
#include <sluice/gateway/explain.hpp>
#include <sluice/ledger/money.hpp>

#include "app/exit_codes.hpp"
#include "app/surroundings.hpp"
#include "app/trust_shelf.hpp"
#include "app/version.hpp"

namespace sluice::app {
namespace {

constexpr std::size_t readable_behind = 64;

void write_text(const Explanation& explanation, std::ostream& out, std::ostream& err) {
  for (const Explanation::Candidate& candidate : explanation.candidates) {
    out << candidate.provider << '/' << candidate.model;
    if (!candidate.excluded.empty()) {
      out << " excluded: " << candidate.excluded << '\n';
      continue;
    }
    if (candidate.of != explanation.model) out << " fallback: " << candidate.of;
    if (explanation.strategy == "weighted") out << " weight: " << candidate.weight;
    if (candidate.price) out << " price: about " << '$' << ledger::usd(*candidate.price);
    out << '\n';
  }
  if (!explanation.model.empty()) {
    err << "model " << explanation.model << ", strategy " << explanation.strategy;
    if (!explanation.route.empty()) err << ", route " << explanation.route;
    err << '\n';
  }
  if (!explanation.refusal.empty()) err << "refused: " << explanation.refusal << '\n';
}

void write_json(const Explanation& explanation, std::ostream& out) {
  using Json = nlohmann::ordered_json;
  const auto text_or_null = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
  Json candidates = Json::array();
  int order = 0;
  for (const Explanation::Candidate& candidate : explanation.candidates) {
    Json item;
    item["provider"] = candidate.provider;
    item["model"] = candidate.model;
    item["of"] = candidate.of;
    item["order"] = candidate.excluded.empty() ? Json(++order) : Json(nullptr);
    item["excluded"] = text_or_null(candidate.excluded);
    item["weight"] = candidate.weight;
    item["price_nano_usd"] = candidate.price ? Json(*candidate.price) : Json(nullptr);
    candidates.push_back(std::move(item));
  }
  Json document;
  document["route"] = text_or_null(explanation.route);
  document["model"] = text_or_null(explanation.model);
  document["strategy"] = text_or_null(explanation.strategy);
  document["refusal"] = text_or_null(explanation.refusal);
  document["candidates"] = std::move(candidates);
  out << document.dump(2) << '\n';
}

Result<std::shared_ptr<const Snapshot>> compile(const config::Config& config, Metrics& metrics,
                                                const SharedTraffic& traffic, ledger::Book& book) {
  const Clock& clock = system_clock();
  const auto shelf = std::make_shared<TrustShelf>();
  // Nobody is asked, so where the built-in provider would listen does not matter.
  const Snapshot::Means means{metrics,
                              1,
                              "sluice/" + std::string(version()),
                              [shelf](const std::string& path) { return shelf->get(path); },
                              *traffic.health,
                              book,
                              {clock.now(), clock.utc()},
                              nullptr};
  return Snapshot::compile(config, means);
}

}  // namespace

int explain(const ExplainOptions& options, const config::Surroundings& surroundings, std::ostream& out,
            std::ostream& err) {
  const auto text = read_configuration_file(options.config);
  if (!text) {
    err << "sluice: " << text.error().message() << '\n';
    return text.error().fault() == Fault::too_large ? exit_config : exit_no_input;
  }
  const auto body = read_configuration_file(options.request);
  if (!body) {
    err << "sluice: " << body.error().message() << '\n';
    return body.error().fault() == Fault::too_large ? exit_data : exit_no_input;
  }
  const config::Loaded loaded = config::load(*text, surroundings);
  if (!loaded.ok()) {
    for (const config::Complaint& complaint : loaded.complaints) err << complaint.text(options.config) << '\n';
    return exit_config;
  }
  const auto metrics = make_metrics(version(), revision());
  const auto traffic = SharedTraffic::make();
  const auto book = ledger::Book::make({}, {});  // explaining spends nothing, and asks nobody what was spent
  const auto world = compile(loaded.config, *metrics, *traffic, *book);
  if (!world) {
    err << "sluice: " << world.error().message() << '\n';
    return exit_config;
  }
  const std::string padded = *body + std::string(readable_behind, '\0');
  const Clock& clock = system_clock();
  Random random = random_from_system();
  const Supposed supposed{options.path, std::string_view(padded).substr(0, body->size()),
                          options.key,  clock.now(),
                          clock.utc(),  random.next()};
  const Result<Explanation> explanation = sluice::explain(**world, *traffic, supposed);
  if (!explanation) {
    err << "sluice: " << explanation.error().message() << '\n';
    return exit_data;
  }
  if (options.format == "json") {
    write_json(*explanation, out);
  } else {
    write_text(*explanation, out, err);
  }
  return 0;
}

}  // namespace sluice::app
