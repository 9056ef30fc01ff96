#pragma once

#include <string>

#include <nlohmann/json.hpp>

// What nearly every test says about JSON, compiled once (json.cpp) instead of in each of them.
#define SLUICE_JSON_ONCE(prefix)                                                                         \
  prefix template class nlohmann::basic_json<>;                                                          \
  prefix template class nlohmann::detail::serializer<nlohmann::json>;                                    \
  prefix template class nlohmann::detail::iter_impl<const nlohmann::json>;                               \
  prefix template class nlohmann::detail::parser<                                                        \
      nlohmann::json, nlohmann::detail::iterator_input_adapter<std::string::const_iterator>>;            \
  prefix template class nlohmann::detail::parser<nlohmann::json,                                         \
                                                 nlohmann::detail::iterator_input_adapter<const char*>>; \
  prefix template class nlohmann::detail::lexer<                                                         \
      nlohmann::json, nlohmann::detail::iterator_input_adapter<std::string::const_iterator>>;            \
  prefix template class nlohmann::detail::lexer<nlohmann::json, nlohmann::detail::iterator_input_adapter<const char*>>;

SLUICE_JSON_ONCE(extern)
