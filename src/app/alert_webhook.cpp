#include "app/alert_webhook.hpp"

#include <array>
#include <span>
#include <utility>

#include <sluice/base/digest.hpp>
#include <sluice/base/text.hpp>
#include <sluice/base/utc_text.hpp>

namespace sluice::app {
namespace {

constexpr std::size_t most_waiting = 100;
constexpr unsigned most_tries = 5;

// Tells one alert from another, for receivers who got it twice.
std::string random_id() {
  std::array<std::uint8_t, 16> bytes{};
  fill_with_random(bytes);
  return hex(bytes);
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  append_json_escaped(out, text);
  return out += '"';
}

std::string signature_of(std::string_view body, const Secret& secret) {
  const std::string_view key = secret.reveal();
  const Hmac hmac(std::span(reinterpret_cast<const std::uint8_t*>(key.data()), key.size()));
  return "sha256=" + hex(hmac(body));
}

}  // namespace

Result<AlertReceiver> alert_receiver_of(const config::Config& config, TrustShelf& trusts) {
  AlertReceiver receiver;
  if (!config.alerts) return receiver;
  receiver.peer = config.alerts->webhook;
  receiver.secret = config.alerts->secret;
  auto trust = trust_for(receiver.peer, trusts);
  if (!trust) return std::move(trust).error();
  receiver.trust = *std::move(trust);
  return receiver;
}

// Amounts are numbers that are exact as they are written.
std::string alert_json(const ledger::Alert& alert, std::string_view id, UtcTime when) {
  const ledger::BudgetStanding& budget = alert.standing;
  std::string json = "{\"event\":\"budget.threshold\"";
  const auto add = [&json](std::string_view name, std::string_view value) {
    json.append(",\"").append(name).append("\":").append(value);
  };
  add("id", quoted(id));
  add("time", quoted(utc_text(when)));
  add("level", quoted(to_string(budget.level)));
  add("name", quoted(budget.name));
  add("window", quoted(to_string(budget.window)));
  add("percent", std::to_string(alert.percent));
  add("limit_usd", ledger::usd(budget.limit));
  add("spent_usd", ledger::usd(budget.spent));
  add("resets", budget.resets ? quoted(utc_text(*budget.resets)) : "null");
  return json += '}';
}

AlertWebhook::AlertWebhook(Errands& errands, const Clock& clock, Log& log, std::string agent, Duration first_pause)
    : errands_(errands), clock_(clock), log_(log), agent_(std::move(agent)), first_pause_(first_pause) {}

void AlertWebhook::follow(AlertReceiver receiver) {
  const bool nobody = receiver.peer.url.empty();
  const std::lock_guard lock(mutex_);
  receiver_ = nobody ? nullptr : std::make_shared<const AlertReceiver>(std::move(receiver));
  if (!nobody) return;
  dropped_ += queue_.size();
  queue_.clear();
}

void AlertWebhook::tell(const ledger::Alert& alert) {
  ++raised_;
  std::string body = alert_json(alert, random_id(), clock_.utc());
  {
    const std::lock_guard lock(mutex_);
    if (receiver_ == nullptr) return;
    if (queue_.size() >= most_waiting) {
      ++dropped_;
      return;
    }
    queue_.push_back({std::move(body)});
  }
  errands_.post([this] { send_next(); });
}

// Takes the oldest that waits. False: none does, or nobody is told.
bool AlertWebhook::take_next() {
  const std::lock_guard lock(mutex_);
  if (queue_.empty() || receiver_ == nullptr) return false;
  sent_ = std::move(queue_.front());
  queue_.pop_front();
  return true;
}

void AlertWebhook::send_next() {
  if (is_sending_ || !take_next()) return;
  is_sending_ = true;
  send_again();
}

// To whoever is told now.
void AlertWebhook::send_again() {
  ReceiverPtr receiver;
  {
    const std::lock_guard lock(mutex_);
    receiver = receiver_;
  }
  if (receiver == nullptr) {
    ++dropped_;
    return done();
  }
  ++sent_.tries;
  errands_.run(errand_to(*receiver), [this](const Result<ErrandAnswer>& answer) { answered(answer); });
}

void AlertWebhook::done() {
  is_sending_ = false;
  send_next();
}

void AlertWebhook::answered(const Result<ErrandAnswer>& answer) {
  if (answer && answer->status >= 200 && answer->status < 300) {
    ++delivered_;
    return done();
  }
  if (sent_.tries < most_tries) {
    return errands_.post_at(clock_.now() + first_pause_ * (1u << (sent_.tries - 1)), [this] { send_again(); });
  }
  ++failed_;
  log_.error("an alert could not be delivered",
             {{"reason", answer ? "the answer was " + std::to_string(answer->status) : answer.error().message()},
              {"alert", sent_.body}});
  done();
}

Errand AlertWebhook::errand_to(const AlertReceiver& receiver) const {
  std::string lines = "content-type: application/json\r\ncontent-length: " + std::to_string(sent_.body.size()) + "\r\n";
  if (!receiver.secret.empty()) lines += "x-sluice-signature: " + signature_of(sent_.body, receiver.secret) + "\r\n";
  return {origin_of(receiver.peer, receiver.trust), head_for(receiver.peer, "POST", agent_, lines), sent_.body};
}

Gauges::Alerts AlertWebhook::gauges() const { return {raised_, delivered_, failed_, dropped_}; }

}  // namespace sluice::app
