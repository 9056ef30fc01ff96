#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <sluice/base/result.hpp>
#include <sluice/chat/dialect.hpp>

#include "chat/json_walk.hpp"

// What all dialects ask of a request body before anybody decodes it; the parts of Dialect::outline().
namespace sluice::chat {

// The caller's own mistake. `code` as in Error.
Error refuse(std::string_view code, std::string message);
Error refuse_member(std::string_view member, std::string message);
// "The member 'top_k' must be a number.", where the predicate ends with its full stop.
Error wrong_member(std::string_view member, std::string_view predicate);
// The provider's dialect has no words for something that cannot be left out; another provider may have them.
Error cannot_tell(std::string_view member, std::string message);

// Reads a body that must be a JSON object in which no member of `members` is there twice, or in another case: the
// members that decide something, here or at a provider. If one could be there twice, the gateway and the provider could
// each believe a different one (and bill or permit a model that was not the one used). The offset of the closing brace.
Result<std::size_t> read_request_object(std::string_view body, std::span<json::Member> members);

// A model's name, from the path or a body: 1 to 256 bytes without control characters.
Result<Ok> check_model(std::string_view name);
// The same for a member that must be a string. Sets `model` and `model_value`.
Result<Ok> read_model(const json::Member& member, std::string_view body, std::string& scratch, Outline& outline);
// A boolean, null or nothing. Sets `stream`.
Result<Ok> read_stream(const json::Member& member, Outline& outline);

// Dialect::outline() where the body names the model and says whether to stream, unless the path does. `members` begin
// with those two and are filled in.
Result<Outline> outline_of(const Asked& asked, std::string_view body, std::span<json::Member> members,
                           std::string& scratch);
// Dialect::retarget() where nothing but the model's name changes, if it is in the body.
http::Slices with_model(std::string_view body, const Outline& outline, std::string_view model_json);

// The body with other text in place of some ranges, which are in order and do not overlap.
struct Edit {
  Range range;
  std::string_view text;
};
http::Slices edited(std::string_view body, std::span<const Edit> edits);

}  // namespace sluice::chat
