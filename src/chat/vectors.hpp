#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/chat/operations.hpp>

#include "chat/json_tree.hpp"
#include "chat/json_writer.hpp"

// What the dialects' codecs of embeddings share.
namespace sluice::chat {

// The numbers of a packed vector as a JSON array, each so short that it reads back as the same float32 and no shorter
// one does. Nothing when the text is no base64 of finite floats.
std::optional<std::string> unpacked(std::string_view base64);
// A JSON array of numbers as a packed vector: each the nearest float32. Nothing when it holds anything else, or a
// number beyond the range of float32.
std::optional<std::string> packed(std::string_view numbers);

// A vector that is an array of numbers, in its own bytes, appended to the set. False: it is none.
bool take_vector(json::Value vector, VectorSet& set);
// A list of such vectors.
bool take_vectors(json::Value list, VectorSet& set);

// The answer's vectors of that type: as they are, or converted where that is possible without loss. An Error when they
// cannot be converted. Nothing when the type is not there.
Result<std::optional<VectorSet>> vectors_as(const EmbeddingAnswer& answer, std::string_view type);

// The answer if it has a vector for each input in every set; else an Error.
Result<EmbeddingAnswer> complete_answer(EmbeddingAnswer answer, const EmbeddingRequest& request);

// Notes types other than numbers and their packed form, for dialects that have no others.
void drop_other_types(const EmbeddingRequest& request, Dropped& dropped);
// Notes a purpose that has no word.
void drop_purpose(const EmbeddingRequest& request, Dropped& dropped);
// Notes titles, which few dialects have.
void drop_titles(const EmbeddingRequest& request, Dropped& dropped);

// An input as one text. An Error when it is something else: it cannot be left out.
Result<std::string> text_of(const EmbeddingInput& input);
// All inputs as texts.
Result<std::vector<std::string>> texts_of(const EmbeddingRequest& request);
// A list of strings that is neither missing nor empty, as inputs; `member` is its name for the caller.
Result<Ok> read_texts(json::Value list, std::string_view member, EmbeddingRequest& request);
void write_texts(const std::vector<std::string>& texts, json::Writer& to);
// The first vectors of numbers of an answer, as JSON.
Result<VectorSet> numbers_in(const EmbeddingAnswer& answer);

// What search engines call purposes: "search_query", "search_document", "classification", "clustering", and "query",
// "document" and "passage". Unset for other words.
Purpose purpose_of(std::string_view word);
// Whether a text stands for something that is searched for.
bool is_query(Purpose purpose);

// A whole number that is there or not. False: it is there and none.
bool read_whole(json::Value value, std::optional<std::uint64_t>& number);

}  // namespace sluice::chat
