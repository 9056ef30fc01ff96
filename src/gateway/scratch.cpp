#include <sluice/gateway/exchange.hpp>

#include "gateway/routing.hpp"

namespace sluice {

Scratch::Scratch() : routing(std::make_unique<Routing>()) {}
Scratch::~Scratch() = default;

}  // namespace sluice
