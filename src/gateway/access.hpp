#pragma once

#include <string>
#include <string_view>

#include <sluice/gateway/exchange.hpp>

namespace sluice {

// Whether a caller may ask for a model, by the key's list and the team's. The name asked for counts, not what it leads
// to. Null: nobody needed a key.
inline bool may_ask_for(const Key* caller, std::string_view model) {
  return caller == nullptr ||
         (caller->models.allows(model) && (caller->team == nullptr || caller->team->models.allows(model)));
}

inline bool may_ask_for(const Exchange& exchange, std::string_view model) {
  return may_ask_for(exchange.caller, model);
}

inline Error no_such_model(std::string_view model) {
  return Error(Fault::not_found, Blame::client, "model_not_found",
               "The model '" + std::string(model) + "' does not exist or is not configured here.")
      .with_param("model");
}

inline Error model_not_allowed(std::string_view model) {
  return Error(Fault::forbidden, Blame::client, "model_not_allowed",
               "This API key may not use the model '" + std::string(model) + "'.")
      .with_param("model");
}

}  // namespace sluice
