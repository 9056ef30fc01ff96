#include <algorithm>
#include <array>
#include <utility>

#include "gateway/access.hpp"
#include "gateway/charge.hpp"
#include "gateway/names.hpp"
#include "gateway/routing.hpp"
#include "gateway/usage_record.hpp"
#include "gateway/verbs.hpp"

namespace sluice {
namespace {

// Everybody who answers for a request.
struct Payers {
  static constexpr std::size_t most = 16;  // further tags are not held to anything
  std::array<ledger::Account*, most> accounts{};
  std::size_t count = 0;

  void add(const std::shared_ptr<ledger::Account>& account) {
    if (account != nullptr && count < most) accounts[count++] = account.get();
  }
  std::span<ledger::Account* const> all() const { return {accounts.data(), count}; }
};

class Admit final : public Middleware {
 public:
  explicit Admit(const GatewayParts& parts) : parts_(parts) {}

  Async<> handle(Exchange& exchange, Next next) const override {
    std::optional<ledger::Refusal> refusal = open(exchange);
    const bool is_poor = refusal ? refusal->why == ledger::Refusal::Why::budget : !can_afford(exchange);
    if (is_poor && downgrade(exchange)) {
      let_go(exchange);
      refusal = open(exchange, true);
    }
    if (refusal) {
      parts_.metrics.rejected(reason_of(*refusal));
      note_standings(exchange, *refusal);
      co_return refusal_of(*refusal);
    }
    if (parts_.recorder != nullptr) {
      Result<std::unique_ptr<ledger::Entry>> entry = parts_.recorder->open(begin_record(exchange, parts_.clock.utc()));
      if (!entry) co_return std::move(entry).error();
      exchange.bill.entry = *std::move(entry);
    }
    co_return co_await next(exchange);
  }

 private:
  // Of the place and the tokens that were held for the model which is not asked after all.
  static void let_go(Exchange& exchange) {
    if (exchange.bill.tab) exchange.bill.tab->used(0, 0);
    exchange.bill.tab.reset();
  }

  static Payers payers_of(const Exchange& exchange) {
    Payers payers;
    const Snapshot& world = *exchange.world;
    if (const Key* caller = exchange.caller; caller != nullptr) {
      payers.add(caller->account);
      if (caller->team != nullptr) payers.add(caller->team->account);
    }
    payers.add(world.organisation().account);
    payers.add(exchange.model->account);
    const Inquiry& inquiry = *exchange.scratch.routing->inquiry;
    for (const TagAccount& tag : world.tag_accounts()) {
      if (inquiry.tag(tag.name) == std::string_view(tag.value)) payers.add(tag.account);
    }
    return payers;
  }

  // As its first target will see it, who is asked in most cases.
  static Size size_of_prompt(const Exchange& exchange) {
    const Target& first = exchange.model->targets.front();
    const std::string_view name = name_at(first, *exchange.model, exchange.outline.model);
    return size_of(exchange.scratch.routing->inquiry->features(), exchange.endpoint.task, exchange.body.size(),
                   longest_answer(exchange), first.family_of(name));
  }

  // What is asked of whom, with the model as it is decided now.
  std::optional<ledger::Refusal> open(Exchange& exchange, bool beyond_budget = false) const {
    const Payers payers = payers_of(exchange);
    exchange.bill.size = payers.count > 0 ? size_of_prompt(exchange) : rough_size_of(exchange.body.size());
    const Size& size = exchange.bill.size;
    return parts_.book.open(payers.all(), {size.input, size.output_bound, beyond_budget}, now(), exchange.bill.tab);
  }

  void note_standings(Exchange& exchange, const ledger::Refusal& refusal) const {
    const Payers payers = payers_of(exchange);
    ledger::Standings& standings = exchange.bill.refused.emplace(parts_.book.standings(payers.all(), now()));
    if (refusal.why != ledger::Refusal::Why::limit) return;
    auto& refused = reason_of(refusal) == Rejection::rpm ? standings.requests : standings.tokens;
    if (refused) refused->left = 0;  // too little for this request is nothing
  }

  // Whether the budgets reach for the first of the model's targets that has a price; asked only of those who may be
  // sent elsewhere.
  bool can_afford(Exchange& exchange) const {
    if (cheaper_for(exchange) == nullptr) return true;
    const Tariff* tariff = nullptr;
    for (const Target& target : exchange.model->targets) {
      const std::string_view name = name_at(target, *exchange.model, exchange.outline.model);
      tariff = exchange.world->tariff_of(target, name, exchange.bill.looked_up);
      if (tariff != nullptr) break;
    }
    if (tariff == nullptr) return true;
    const Size& size = exchange.bill.size;
    std::optional<ledger::Permit> tried;
    const auto bound = ledger::bound_of(tariff->price, size.input_bound, size.output_bound, size.images);
    return !exchange.bill.tab->reserve(bound, now(), tried);
  }

  static const Model* cheaper_for(const Exchange& exchange) {
    const Key* const caller = exchange.caller;
    if (caller == nullptr || caller->refuses) return nullptr;
    const Model* cheaper = caller->downgrade;
    if (cheaper == nullptr && caller->team != nullptr) cheaper = caller->team->downgrade;
    return cheaper == exchange.model ? nullptr : cheaper;
  }

  // Who has used its budget up may have said what else will do. A rule's demands hold for that model too.
  static bool downgrade(Exchange& exchange) {
    const Model* const cheaper = cheaper_for(exchange);
    if (cheaper == nullptr) return false;
    exchange.model = cheaper;
    exchange.scratch.routing->decision.model = cheaper;
    return true;
  }

  // Of the model's targets, where the table of models says so; the longest counts.
  static std::optional<std::uint64_t> longest_answer(const Exchange& exchange) {
    std::optional<std::uint64_t> longest;
    for (const Target& target : exchange.model->targets) {
      if (target.known == nullptr || !target.known->max_output) return std::nullopt;
      longest = std::max(longest.value_or(0), *target.known->max_output);
    }
    return longest;
  }

  static Rejection reason_of(const ledger::Refusal& refusal) {
    switch (refusal.why) {
      case ledger::Refusal::Why::budget:
        return Rejection::budget;
      case ledger::Refusal::Why::concurrency:
        return Rejection::concurrency;
      case ledger::Refusal::Why::limit:
        break;
    }
    return refusal.what.starts_with("rp") ? Rejection::rpm : Rejection::tpm;
  }

  ledger::Now now() const { return {parts_.clock.now(), parts_.clock.utc()}; }

  const GatewayParts parts_;
};

}  // namespace

std::unique_ptr<Middleware> admit(const GatewayParts& parts) { return std::make_unique<Admit>(parts); }

}  // namespace sluice
