#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/chat/codec.hpp>
#include <sluice/chat/operations.hpp>

#include "chat/json_tree.hpp"
#include "chat/json_writer.hpp"

// The parts of the cohere_v2 dialect that have no state and a file of their own.
namespace sluice::chat::cohere {

inline constexpr std::string_view dialect_name = "cohere_v2";
// The format of thinking that stands in `tool_plan`: what a model says before it calls tools. It has no proof.
inline constexpr std::string_view plan_format = "cohere-tool-plan-v1";

// Codec, by its functions.
Result<Request> read_request(std::string_view body, std::string_view model, bool stream);
Result<Rendered> write_request(const Request& request, const Quirks& quirks);
Result<Response> read_response(std::string_view body);
void write_response(const Response& response, std::string& out, Dropped& dropped);
std::unique_ptr<StreamDecoder> make_decoder();
std::unique_ptr<StreamEncoder> make_encoder();

const EmbeddingCodec& embedding_codec();
const RerankCodec& rerank_codec();

// What a message of a request or an answer says: `content`, `tool_plan`, `tool_calls`, `citations`. False: it makes no
// sense.
bool read_message(json::Value message, std::vector<Part>& parts);
// A text or a list of texts and other things. False: it is neither.
bool read_content(json::Value content, std::vector<Part>& parts);

// A picture at an address, which may hold it ("data:…").
Media picture_at(const std::string& url);

// Who a message is written for.
struct Reader {
  Dropped& dropped;
  bool is_provider = true;  // otherwise the caller, who must get and keep what other families of models said
  bool is_own = false;      // what is written was read from this dialect
};
// Writes the members of an assistant's message. Nothing, when it would say nothing.
std::string assistant_members(const std::vector<Part>& parts, const Reader& reader);
// Writes an item of a content list. False: there is nothing to write.
bool write_item(json::Writer& writer, const Part& part, const Reader& reader);

// The thinking's proof as a caller keeps it; empty when it has none.
std::string proof_for_caller(const Thinking& thinking);
// A list of citations if it is in this dialect's words.
bool are_own_citations(json::Value list);

// Nothing when it is no object or a count in it cannot be one.
std::optional<Usage> read_usage(json::Value usage);
// What was billed for an answer beside conversations, from its `meta`. Nothing when no tokens were.
std::optional<Usage> read_billed(json::Value meta);
// `billed`: what the provider wrote itself, if it did.
void write_usage(json::Writer& writer, const Usage& usage, std::string_view billed);

Ending read_ending(std::string_view reason, bool has_calls);
std::string_view write_ending(const Ending& ending);
// Whether an answer that ends so has failed.
bool is_failure(std::string_view reason);

// Dialect::features().
Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key);

// Dialect::decode_error; also of an event.
Error decode_failure(int status, std::string_view body);
Error decode_failure(int status, json::Value report);
// Dialect::encode_error and encode_error_event.
void encode_failure(const Error& error, std::string& out);
void encode_failure_event(const Error& error, std::string& out);

}  // namespace sluice::chat::cohere
