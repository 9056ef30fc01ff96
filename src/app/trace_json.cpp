#include "app/trace_json.hpp"

#include <chrono>

#include <nlohmann/json.hpp>

namespace sluice::app {
namespace {

using Json = nlohmann::ordered_json;

double milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

Json json_of(const Trace::Target& target, const Metrics& labels) {
  Json out;
  out["provider"] = labels.text(target.provider);
  out["deployment"] = labels.text(target.deployment);
  if (target.excluded != Exclusion::none) {
    std::string reason(to_string(target.excluded));
    if (target.lacks) reason.append(": ").append(to_string(*target.lacks));
    out["excluded"] = reason;
  } else if (target.closed != traffic::Closed::no) {
    out["closed"] = to_string(target.closed);
  }
  out["warm"] = target.is_warm;
  out["shaky"] = target.is_shaky;
  out["short_of_quota"] = target.is_short;
  out["in_flight"] = target.in_flight;
  if (target.first_token) out["first_token_ms"] = milliseconds(*target.first_token);
  if (target.price) out["price_nano_usd"] = *target.price;
  return out;
}

Json json_of(const Trace::Attempt& attempt, const Metrics& labels) {
  Json out;
  out["provider"] = labels.text(attempt.provider);
  out["deployment"] = labels.text(attempt.deployment);
  out["key"] = attempt.key;
  out["repeated"] = attempt.repeated;
  out["outcome"] = to_string(attempt.outcome);
  out["code"] = labels.text(attempt.code);
  out["took_ms"] = milliseconds(attempt.took);
  return out;
}

}  // namespace

std::string trace_json(const Trace& trace, const Metrics& labels) {
  const auto since_1970 = std::chrono::duration_cast<std::chrono::milliseconds>(trace.time.time_since_epoch());
  Json out;
  out["id"] = trace.request_id();
  out["time_unix_ms"] = since_1970.count();
  out["route"] = labels.text(trace.route);
  out["model"] = labels.text(trace.model);
  out["status"] = trace.status;
  out["duration_ms"] = milliseconds(trace.took);
  out["candidates"] = Json::array();
  for (const Trace::Target& target : trace.noted_targets()) out["candidates"].push_back(json_of(target, labels));
  out["attempts"] = Json::array();
  for (const Trace::Attempt& attempt : trace.noted_attempts()) out["attempts"].push_back(json_of(attempt, labels));
  return out.dump() + '\n';
}

}  // namespace sluice::app
