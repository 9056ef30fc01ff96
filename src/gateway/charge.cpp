#include "gateway/charge.hpp"

#include <algorithm>
#include <string>

#include <sluice/base/utc_text.hpp>

namespace sluice {
namespace {

// What is set aside for an answer whose length nobody has limited. More is set aside while it streams.
constexpr std::uint64_t usual_output = 4096;
// Text of two bytes a token is about the densest there is: random letters and digits.
constexpr std::uint64_t least_bytes_of_token = 2;
// What a provider's own template may add beside what its family is known for, which varies by less than its double.
constexpr std::uint64_t around_a_prompt = 64;
constexpr std::uint64_t most_of_image = 3'000;
constexpr std::uint64_t most_of_medium = 20'000;
constexpr std::size_t bytes_of_token = 4;

std::string reached(const ledger::Refusal& refusal, const std::string& whose) {
  const bool of_places = refusal.why == ledger::Refusal::Why::concurrency;
  if (refusal.of_share) {
    return "This key's share of the limit " + refusal.what + " of " + whose +
           (of_places ? " is under way" : " is used up") + ": others of it want theirs.";
  }
  return of_places ? "Too many requests of " + whose + " are under way (" + refusal.what + ")."
                   : "The limit " + refusal.what + " of " + whose + " is reached.";
}

Error budget_refusal(const ledger::Refusal& refusal, const std::string& whose) {
  if (refusal.hopeless) {
    return Error(Fault::rate_limited, Blame::client, "insufficient_quota",
                 "The request may cost more than the " + refusal.what + " of " + whose + " as a whole ($" +
                     ledger::usd(refusal.budget) + "); ask for a shorter answer (max_tokens), or for a larger budget.")
        .never_again();
  }
  std::string message = "The " + refusal.what + " of " + whose + " has too little left for this request ($" +
                        ledger::usd(refusal.left) + " of $" + ledger::usd(refusal.budget) + ").";
  if (refusal.resets) message += " It begins anew at " + utc_text(*refusal.resets) + ".";
  Error error(Fault::rate_limited, Blame::client, "insufficient_quota", std::move(message));
  if (!refusal.resets || refusal.retry_after == Duration::max()) return std::move(error).never_again();
  return std::move(error)
      .with_retry_after(std::chrono::ceil<std::chrono::milliseconds>(refusal.retry_after))
      .never_again();
}

// A provider that counts nothing at all has not counted.
bool tells(const chat::Usage& usage) {
  return usage.all_input() > 0 || usage.all_output() > 0 || usage.billed.has_value();
}

}  // namespace

Size size_of(const chat::Features& features, chat::Task task, std::uint64_t body_bytes,
             std::optional<std::uint64_t> known_output, const config::TokenFamily& family) {
  Size size;
  size.was_read = true;
  const std::uint64_t added = family.prompt + features.messages * family.message + (features.tools ? family.tools : 0) +
                              (features.json_schema ? family.schema : 0);
  size.input = features.prompt_tokens() + added;
  const std::uint64_t media = features.documents + std::uint64_t{features.audio};
  size.input_bound = features.prompt_bytes / least_bytes_of_token + around_a_prompt + features.images * most_of_image +
                     media * most_of_medium + 2 * added;
  // What features do not tell apart, as inputs of embeddings, is text as a whole.
  if (features.prompt_bytes == 0 && media == 0 && features.images == 0) {
    size.input = body_bytes / bytes_of_token;
    size.input_bound = body_bytes / least_bytes_of_token + around_a_prompt;
  }
  if (task == chat::Task::image) size.images = features.choices;
  if (!chat::has_metered_stream(task)) return size;
  const std::uint64_t longest = known_output.value_or(UINT32_MAX);
  const std::uint64_t wanted = features.most_tokens > 0 ? features.most_tokens : usual_output;
  size.output_bound = std::min(wanted, longest) * features.choices;
  if (features.most_tokens > 0 || known_output) {
    size.output_limit = std::min(features.most_tokens > 0 ? features.most_tokens : longest, longest) * features.choices;
  }
  return size;
}

Size rough_size_of(std::uint64_t body_bytes) {
  Size size;
  size.input = body_bytes / bytes_of_token;
  size.input_bound = body_bytes / least_bytes_of_token + around_a_prompt;
  size.output_bound = usual_output;
  return size;
}

ledger::Counts counts_of(const chat::Usage& usage) {
  ledger::Counts counts;
  if (usage.billed) {
    counts.input = usage.billed->input;
    counts.output = usage.billed->output;
    return counts;
  }
  counts.input = usage.input;
  counts.cache_read = usage.cache_read;
  counts.cache_write = usage.cache_write;
  counts.cache_write_1h = usage.cache_write_1h;
  counts.output = usage.output;
  counts.reasoning = usage.reasoning;
  return counts;
}

Charge charge_of(const Bill& bill, const std::optional<chat::Usage>& usage, bool begun, bool complete) {
  Charge charge;
  if (usage && tells(*usage)) {
    charge.counts = counts_of(*usage);
    charge.source = ledger::CountSource::reported;
    charge.input = usage->all_input();
    charge.output = usage->all_output();
    // Some tell the prompt's length first and the answer's last: a stream that broke has told one half.
    if (!complete && bill.counted_output > charge.output) {
      charge.counts.output += bill.counted_output - charge.output;
      charge.output = bill.counted_output;
      charge.source = ledger::CountSource::counted;
    }
  } else if (begun) {
    charge.counts.input = charge.input = bill.size.input;
    charge.counts.output = charge.output = bill.counted_output;
    charge.source = bill.counted_output > 0 ? ledger::CountSource::counted : ledger::CountSource::estimated;
  }
  if (begun && complete) charge.counts.images = bill.size.images;
  return charge;
}

ledger::NanoUsd cost_of(const Bill& bill, const Charge& charge, bool begun) {
  if (bill.tariff == nullptr || !begun) return 0;
  return ledger::cost_of(bill.tariff->price, charge.counts);
}

Error refusal_of(const ledger::Refusal& refusal) {
  const std::string whose = std::string(to_string(refusal.level)) + " '" + refusal.name + "'";
  if (refusal.why == ledger::Refusal::Why::budget) return budget_refusal(refusal, whose);
  if (refusal.hopeless) {
    return Error(Fault::rate_limited, Blame::client, "rate_limit_exceeded",
                 "The request is larger than the limit " + refusal.what + " of " + whose + " as a whole.")
        .never_again();
  }
  return Error(Fault::rate_limited, Blame::client, "rate_limit_exceeded", reached(refusal, whose))
      .with_retry_after(std::chrono::ceil<std::chrono::milliseconds>(refusal.retry_after));
}

void StreamCount::note(std::size_t event_bytes) {
  shortest_ = std::min(shortest_, event_bytes);
  tokens_ += std::max<std::uint64_t>(1, (event_bytes - shortest_) / bytes_of_token);
}

}  // namespace sluice
