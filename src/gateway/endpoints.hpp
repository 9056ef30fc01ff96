#pragma once

#include <span>
#include <string>
#include <string_view>

#include <sluice/gateway/exchange.hpp>

namespace sluice {

// What a method and a path lead to.
struct Found {
  const Endpoint* endpoint = nullptr;  // null: no such path
  bool method_allowed = false;
  std::string_view allow;  // the methods the path takes
};

// Looks a path (without query) up in the table of endpoints, exactly as it is written: nothing is decoded, merged or
// folded, so that no two spellings of a path can be treated differently by two parts of the program.
Found find_endpoint(http::Method method, std::string_view path);

// The model's name in a path that the endpoint matched and that names one, its escapes resolved (RFC 3986 §2.1); a
// malformed escape stands for itself.
void model_in_path(const Endpoint& endpoint, std::string_view path, std::string& name);

// The dialect in which it answers this caller: clients of more than one ask for lists of models, and say which they are
// in their fields.
const chat::Dialect& dialect_for(const Endpoint& endpoint, std::span<const http::Field> fields);

// A path's part before the query.
std::string_view without_query(std::string_view target);

// Whether the query of a target has exactly this `name=value`.
bool query_has(std::string_view target, std::string_view pair);

}  // namespace sluice
