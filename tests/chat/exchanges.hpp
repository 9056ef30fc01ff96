#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/chat/codec.hpp>
#include <sluice/chat/dialect.hpp>

// What every codec must keep, checked on files of the project's own (tests/fixtures/DIALECT/SCENARIO) and, where
// SLUICE_RECORDINGS names them, on recorded exchanges of the same layout: request.json, response.json|sse|bin|ndjson
// and meta.json with `status`, `headers` and `observed`. The checks add failures to the running test.
namespace sluice::chat {

// One exchange on disk. Keys keep their order.
struct Exchange {
  std::string name;  // DIALECT/SCENARIO
  nlohmann::ordered_json meta;
  std::string request;    // empty: was not kept
  std::string response;   // the bytes as they came
  std::string extension;  // of the response's file: "json", "sse", "bin", "ndjson", "html"

  int status() const;
  std::string path() const;  // of the request; empty when unknown
  bool is_stream() const { return extension == "sse" || extension == "bin" || extension == "ndjson"; }
  bool is_good() const { return status() >= 200 && status() < 300; }
  const nlohmann::ordered_json& observed(const std::string& member) const;  // null when there is none
};

// The exchanges of a dialect's folder, by name, that `wanted` accepts. recorded() is empty, and says so loudly, where
// SLUICE_RECORDINGS is not set.
using Wanted = std::function<bool(const Exchange&)>;
std::vector<Exchange> recorded(std::string_view dialect, const Wanted& wanted);
std::vector<Exchange> own(std::string_view dialect, const Wanted& wanted);
// The names of the recordings that tests of this program have looked at so far: those that recorded() gave, and those
// that were added.
std::set<std::string>& recordings_used();
// What stands beside conversations, by the path that was asked for; its tests are a program of their own.
bool is_embedding(const Exchange& exchange);
bool is_prediction(const Exchange& exchange);  // vectors by a verb of their own
bool is_rerank(const Exchange& exchange);
bool is_count(const Exchange& exchange);
// After all tests: fails for each recording that `wanted` accepts and nobody looked at.
void expect_all_recordings_are_used(const Wanted& wanted);
// Which folders of recordings are in a dialect's chat format; several providers may speak it.
struct DialectFolders {
  const Dialect& dialect;
  std::vector<std::string_view> folders;
};
std::vector<DialectFolders> dialect_folders();
// All below a folder of such folders, by name.
std::vector<Exchange> exchanges_below(const std::string& root);

// Reads a whole stream given in pieces that end at the offsets `cuts` (ascending). The events; a stream that cannot be
// read or is incomplete ends with AnswerFailed.
std::vector<Event> events_of(const Codec& codec, std::string_view stream, const std::vector<std::size_t>& cuts = {});
Result<Response> fold(const std::vector<Event>& events);
// Everything about events that two sequences can differ in, for comparing and for messages.
std::string text_of(const std::vector<Event>& events);
std::string text_of(const Response& response);

// The answer says what an independent reader found in it: text, calls with equal parsed arguments, reasoning where
// there was some, the refusal. What a dialect calls its finish and its usage is its own test's to compare.
void expect_observed(const Exchange& exchange, const Response& response);

// encode then decode gives the same answer, in one piece and streamed.
void expect_answer_survives(const Codec& codec, const std::string& name, const Response& response);
// decode, encode, decode gives the same request.
void expect_request_survives(const Codec& codec, const std::string& name, const std::string& body,
                             const std::string& model, bool stream);
// Wherever a stream is split, it means the same. Every offset is tried: in each pass over the stream one in every so
// many bytes, so that what it takes does not grow with the square of the length.
void expect_splits_do_not_matter(const Codec& codec, const std::string& name, const std::string& stream);
// Cut short anywhere, with bytes changed, or replaced by garbage, it is an answer or an Error, never a crash.
void expect_damage_is_survived(const Codec& codec, const std::string& name, const std::string& bytes, bool is_stream);

}  // namespace sluice::chat
