#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/chat/codec.hpp>
#include <sluice/chat/operations.hpp>

#include "chat/json_tree.hpp"
#include "chat/json_writer.hpp"

// The parts of the bedrock_converse dialect that have no state and a file of their own.
namespace sluice::chat::bedrock {

inline constexpr std::string_view dialect_name = "bedrock_converse";

// Codec, by its functions.
Result<Request> read_request(std::string_view body, std::string_view model, bool stream);
Result<Rendered> write_request(const Request& request, const Quirks& quirks);
Result<Response> read_response(std::string_view body);
void write_response(const Response& response, std::string& out, Dropped& dropped);
std::unique_ptr<StreamDecoder> make_decoder();
std::unique_ptr<StreamEncoder> make_encoder();

const EmbeddingCodec& embedding_codec();
const CountCodec& count_codec();

// A list of content blocks, appended to `parts`. False: it is no such list, or one of them makes no sense.
bool read_blocks(json::Value blocks, std::vector<Part>& parts);

// Who a block is written for.
struct Reader {
  Dropped& dropped;
  bool is_provider = true;  // otherwise the caller, who must get and keep what other families of models said
  bool is_own = false;      // what is written was read from this dialect
  std::set<std::string>* names = nullptr;  // of the request's documents so far, no two of which may have one name
};
// The block, or blocks, that say the part; none when it cannot be said, which is noted.
void write_part(json::Writer& writer, const Part& part, const Reader& reader);

// {"format":…,"source":{"bytes":…}} of a medium, with its name if it is a document. False: it cannot be said.
bool write_media(json::Writer& writer, const Media& media, std::set<std::string>* names = nullptr);
// What an image's `format` and data mean.
std::optional<Media> read_media(Media::Kind kind, json::Value block);

// A tool's arguments as an object: as they are, or {"_raw":"…"} when they are none.
std::string arguments_object(const ToolCall& call);

// A block that the provider's own tool is about, {"toolUse":…} or {"toolResult":…}, from its parts in a fixed order.
std::string own_tool_use(std::string_view id, std::string_view name, std::string_view input, std::string_view type);
std::string own_tool_result(std::string_view id, std::string_view content, std::string_view status,
                            std::string_view type);

// Appends the items of a list with commas between them.
void append_items(json::Value list, std::string& items);

// A list of citations as this dialect writes it, item by item: [a,b]. Empty: it is in other words.
RawJson own_citations(const RawJson& citations);

// How a piece of thinking is said: as text with a signature, or as encrypted content.
struct ThinkingForm {
  std::string signature{};
  std::string redacted{};  // base64
};
ThinkingForm form_for_caller(const Thinking& thinking);
// Where the proof of another part is kept: in a block of thinking behind it.
std::string carried_signature(std::string_view signature);
// Sets what `redactedContent` means.
void read_redacted(std::string_view base64, Thinking& thinking);

// Nothing when it is no object or a count in it cannot be one.
std::optional<Usage> read_usage(json::Value usage);
// Readers rely on counts: where there are none they are zero, which read_usage() knows.
void write_usage(json::Writer& writer, const std::optional<Usage>& usage);
// Of an answer; tiers of other dialects are dropped.
void write_tier(json::Writer& writer, std::string_view tier, Dropped& dropped);
bool is_tier(std::string_view tier);
// What an answer with embeddings says was read; not every model's does.
std::optional<Usage> read_embedding_usage(json::Value root);

Ending read_ending(std::string_view stop_reason, bool has_calls);
std::string_view write_ending(const Ending& ending);

// Dialect::features().
Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key);

// Dialect::encode_error and encode_error_event.
void encode_failure(const Error& error, std::string& out);
void encode_failure_frame(const Error& error, std::string& out);

}  // namespace sluice::chat::bedrock
