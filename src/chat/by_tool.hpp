#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <sluice/chat/codec.hpp>
#include <sluice/chat/schema_tool.hpp>

#include "chat/thinking_plan.hpp"

namespace sluice::chat {

// Writes a request; one of another dialect that wants an answer by a schema of a model that knows none, with a tool in
// its place, or without where that cannot be.
template <class Write>
Result<Rendered> written_by_tool(const Request& request, std::string_view dialect, const Quirks& quirks, Write write) {
  const bool wants_schema = request.format.kind == OutputFormat::Kind::json_schema && request.dialect != dialect;
  if (!wants_schema || takes_of(quirks, request.model).schemas) return write(request);
  Request asked = request;
  std::string tool = ask_by_tool(asked);
  asked.format = {};
  Result<Rendered> rendered = write(asked);
  if (!rendered) return rendered;
  if (tool.empty()) drop(rendered->dropped, "response_format");
  rendered->answer_tool = std::move(tool);
  return rendered;
}

}  // namespace sluice::chat
