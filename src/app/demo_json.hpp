#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <sluice/base/result.hpp>

// How the demo provider reads bodies and writes them. Reading never throws: a member of the wrong type is an
// Error that names it, and a member that is null counts as absent.
namespace sluice::app {

// Incoming bodies: members sorted, so that looking one up stays cheap whatever a stranger sent.
using Json = nlohmann::json;
// Outgoing ones: members in the order they are written, as people know them from the API's reference.
using OrderedJson = nlohmann::ordered_json;

// What is answered as 400 with the member at fault; `code` may be empty and must be a literal.
Error demo_refusal(std::string_view code, std::string message, std::string param);

// The body as an object. Refuses what is no JSON, no object, nested deeper than 128 or made of more than a million
// values, before anything is built from it.
Result<Json> parse_demo_body(std::string_view body);

// The member, or null when it is absent, null, or `object` is no object.
const Json* demo_member(const Json& object, std::string_view name);
// The member as a text; nothing when it is absent or no string.
std::optional<std::string_view> demo_text(const Json& object, std::string_view name);
// Absent is false.
Result<bool> demo_flag(const Json& object, std::string_view name);
// A whole number from `least` to `most`; absent is nothing.
Result<std::optional<std::uint64_t>> demo_number(const Json& object, std::string_view name, std::uint64_t least,
                                                 std::uint64_t most);

// Never throws: bytes that are no UTF-8 are replaced.
std::string demo_dump(const OrderedJson& document);
std::string demo_dump(const Json& document);

// The error object of OpenAI's API with all four members.
std::string demo_error_body(int status, const Error& error);

}  // namespace sluice::app
