#include "gateway/usage_cost.hpp"

#include <algorithm>

#include <sluice/base/text.hpp>
#include <sluice/chat/usage_place.hpp>

#include "gateway/charge.hpp"
#include "gateway/limit_fields.hpp"

namespace sluice {
namespace {

constexpr std::string_view name = ",\"cost\":";

bool asks_for_cost(const Exchange& exchange) {
  const std::string_view said = http::find(exchange.incoming.request().fields, "x-sluice-usage-cost").value_or("");
  return !(said.empty() || said == "0" || equals_ignoring_case(said, "false"));
}

}  // namespace

UsageCost::UsageCost(const Exchange& exchange) : exchange_(exchange), is_wanted_(asks_for_cost(exchange)) {}

bool UsageCost::tell() {
  const Bill& bill = exchange_.bill;
  if (!is_wanted_ || bill.tariff == nullptr || !exchange_.usage) return false;
  const Charge charge = charge_of(bill, exchange_.usage, true, true);
  name.copy(text_.data(), name.size());
  const auto room = std::span(text_).subspan(name.size());
  size_ = name.size() + usd_text(bill.cost + cost_of(bill, charge, true), room).size();
  return true;
}

std::optional<std::size_t> UsageCost::place_in(std::string_view json) {
  return tell() ? chat::end_of_usage(json) : std::nullopt;
}

void UsageCost::add_to(std::string& json) {
  if (const auto place = place_in(json)) json.insert(*place, member());
}

void UsageCost::add_to_events(std::string& events, std::size_t from) {
  constexpr std::string_view data = "data:";
  if (!tell()) return;
  while (from < events.size()) {
    const std::size_t end = std::min(events.find('\n', from), events.size());
    const std::string_view line = std::string_view(events).substr(from, end - from);
    const auto place = line.starts_with(data) ? chat::end_of_usage(line) : std::nullopt;
    if (place) events.insert(from + *place, member());
    from = end + 1 + (place ? size_ : 0);
  }
}

}  // namespace sluice
