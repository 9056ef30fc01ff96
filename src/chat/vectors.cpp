#include "chat/vectors.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "chat/base64.hpp"
#include "chat/json_scalars.hpp"
#include "chat/provider_failures.hpp"
#include "chat/request_body.hpp"

namespace sluice::chat {
namespace {

constexpr std::size_t float_bytes = 4;

std::uint32_t bits_at(std::string_view bytes, std::size_t at) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < float_bytes; ++i) {
    bits |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  return bits;
}

// The nearest float32. Numbers too small for one become zero or what is nearest to zero.
std::optional<float> nearest_float(std::string_view spelled) {
  float number = 0;
  const char* const end = spelled.data() + spelled.size();
  const auto [stop, failure] = std::from_chars(spelled.data(), end, number);
  if (failure == std::errc()) return stop == end && std::isfinite(number) ? std::optional(number) : std::nullopt;
  if (failure != std::errc::result_out_of_range) return std::nullopt;
  // Readers of JSON let only finite numbers pass: what not even a double can hold is too small.
  double wide = 0;
  if (std::from_chars(spelled.data(), end, wide).ec != std::errc()) return 0.0F;
  if (std::abs(wide) > static_cast<double>(std::numeric_limits<float>::max())) return std::nullopt;
  return static_cast<float>(wide);
}

bool is_packed_or_numbers(std::string_view type) { return type == vector_type::numbers || type == vector_type::packed; }

Error unreadable_vectors() { return unreadable("The provider's vectors cannot be read."); }

}  // namespace

std::optional<std::string> unpacked(std::string_view base64) {
  const auto bytes = from_base64(base64);
  if (!bytes || bytes->empty() || bytes->size() % float_bytes != 0) return std::nullopt;
  std::string numbers = "[";
  for (std::size_t at = 0; at < bytes->size(); at += float_bytes) {
    const auto number = std::bit_cast<float>(bits_at(*bytes, at));
    if (!std::isfinite(number)) return std::nullopt;
    std::array<char, 32> room;
    const std::to_chars_result written = std::to_chars(room.data(), room.data() + room.size(), number);
    if (at > 0) numbers += ',';
    numbers.append(room.data(), written.ptr);
  }
  numbers += ']';
  return numbers;
}

std::optional<std::string> packed(std::string_view numbers) {
  const std::string_view list = json::trimmed(numbers);
  if (list.size() < 2 || list.front() != '[' || list.back() != ']') return std::nullopt;
  std::string bytes;
  std::string_view rest = list.substr(1, list.size() - 2);
  for (;;) {
    const std::size_t comma = rest.find(',');
    const auto number = nearest_float(json::trimmed(rest.substr(0, comma)));
    if (!number) return std::nullopt;
    const auto bits = std::bit_cast<std::uint32_t>(*number);
    for (std::size_t i = 0; i < float_bytes; ++i) bytes += static_cast<char>(bits >> (8 * i) & 0xFF);
    if (comma == std::string_view::npos) return to_base64(bytes);
    rest.remove_prefix(comma + 1);
  }
}

bool take_vector(json::Value vector, VectorSet& set) {
  if (!vector.is_array() || vector.size() == 0) return false;
  for (const json::Value number : vector) {
    if (!number.is_number()) return false;
  }
  set.vectors.emplace_back(vector.raw());
  return true;
}

bool take_vectors(json::Value list, VectorSet& set) {
  if (!list.is_array()) return false;
  for (const json::Value vector : list) {
    if (!take_vector(vector, set)) return false;
  }
  return true;
}

Result<std::optional<VectorSet>> vectors_as(const EmbeddingAnswer& answer, std::string_view type) {
  const VectorSet* other = nullptr;
  for (const VectorSet& set : answer.sets) {
    if (set.type == type) return std::optional(set);
    if (is_packed_or_numbers(set.type)) other = &set;
  }
  if (!is_packed_or_numbers(type) || other == nullptr) return std::optional<VectorSet>();
  VectorSet converted{std::string(type), {}};
  for (const std::string& vector : other->vectors) {
    auto turned = type == vector_type::packed ? packed(vector) : unpacked(vector);
    if (!turned) return unreadable_vectors();
    converted.vectors.push_back(*std::move(turned));
  }
  return std::optional(std::move(converted));
}

Result<EmbeddingAnswer> complete_answer(EmbeddingAnswer answer, const EmbeddingRequest& request) {
  const bool complete = !answer.sets.empty() &&
                        std::all_of(answer.sets.begin(), answer.sets.end(),
                                    [&](const VectorSet& set) { return set.vectors.size() == request.inputs.size(); });
  if (!complete) return unreadable("The provider's answer does not have a vector for each input.");
  return answer;
}

void drop_other_types(const EmbeddingRequest& request, Dropped& dropped) {
  const bool known = std::all_of(request.types.begin(), request.types.end(), is_packed_or_numbers);
  if (!known) drop(dropped, "embedding_types");
}

void drop_purpose(const EmbeddingRequest& request, Dropped& dropped) {
  if (request.purpose != Purpose::unset) drop(dropped, "input_type");
}

void drop_titles(const EmbeddingRequest& request, Dropped& dropped) {
  const bool titled = std::any_of(request.inputs.begin(), request.inputs.end(),
                                  [](const EmbeddingInput& input) { return !input.title.empty(); });
  if (titled) drop(dropped, "title");
}

Result<std::string> text_of(const EmbeddingInput& input) {
  if (input.tokens) return cannot_tell("input", "The provider of this model takes texts, not token numbers.");
  std::string text;
  bool first = true;
  for (const auto& part : input.parts) {
    const auto* const piece = std::get_if<std::string>(&part);
    if (piece == nullptr) return cannot_tell("input", "The provider of this model takes no pictures here.");
    if (!std::exchange(first, false)) text += '\n';
    text += *piece;
  }
  return text;
}

Result<std::vector<std::string>> texts_of(const EmbeddingRequest& request) {
  std::vector<std::string> texts;
  for (const EmbeddingInput& input : request.inputs) {
    auto text = text_of(input);
    if (!text) return std::move(text).error();
    texts.push_back(*std::move(text));
  }
  return texts;
}

Result<Ok> read_texts(json::Value list, std::string_view member, EmbeddingRequest& request) {
  const std::string name(member);
  if (!list.is_array() || list.size() == 0) {
    return wrong_member(name, "must be a list of texts.");
  }
  for (const json::Value item : list) {
    if (!item.is_string()) return wrong_member(name, "must be a list of texts.");
    request.inputs.push_back({{item.string()}, {}, {}});
  }
  return Ok{};
}

void write_texts(const std::vector<std::string>& texts, json::Writer& to) {
  to.open_array();
  for (const std::string& text : texts) to.string(text);
  to.close_array();
}

Result<VectorSet> numbers_in(const EmbeddingAnswer& answer) {
  auto numbers = vectors_as(answer, vector_type::numbers);
  if (!numbers) return std::move(numbers).error();
  if (!*numbers) return unreadable_vectors();
  return **std::move(numbers);
}

Purpose purpose_of(std::string_view word) {
  if (word == "search_query" || word == "query") return Purpose::query;
  if (word == "search_document" || word == "document" || word == "passage") return Purpose::document;
  if (word == "classification") return Purpose::classification;
  return word == "clustering" ? Purpose::clustering : Purpose::unset;
}

bool is_query(Purpose purpose) {
  return purpose == Purpose::query || purpose == Purpose::question || purpose == Purpose::fact_check ||
         purpose == Purpose::code_query;
}

bool read_whole(json::Value value, std::optional<std::uint64_t>& number) {
  if (value.absent()) return true;
  number = value.whole();
  return number.has_value();
}

}  // namespace sluice::chat
