#pragma once

#include <span>

#include <sluice/traffic/strategy.hpp>

// The orders behind strategies(), each in the file of its name. For all of them, targets of weight 0 stand behind all
// others, ordered among themselves in the same way; and what is given in another order comes out in the same.
namespace sluice::traffic {

void order_by_priority(std::span<Candidate> candidates, const Question& question);
void order_by_weight(std::span<Candidate> candidates, const Question& question);
void order_by_turn(std::span<Candidate> candidates, const Question& question);
void order_by_load(std::span<Candidate> candidates, const Question& question);
void order_by_latency(std::span<Candidate> candidates, const Question& question);
void order_by_price(std::span<Candidate> candidates, const Question& question);

}  // namespace sluice::traffic
