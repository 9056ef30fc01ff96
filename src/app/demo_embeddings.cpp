#include "app/demo_embeddings.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <utility>

#include <sluice/base/digest.hpp>
#include <sluice/base/id.hpp>

#include "app/demo_completion.hpp"
#include "app/demo_words.hpp"

namespace sluice::app {
namespace {

constexpr std::uint64_t usual_dimensions = 16;
constexpr std::uint64_t most_dimensions = 4096;
constexpr std::size_t most_numbers = 1 << 20;  // in one answer: about 20 MB of JSON

// The digest as four numbers, whatever the machine's byte order is.
std::array<std::uint64_t, 4> seed_of(std::string_view text) {
  const Digest digest = sha256(text);
  std::array<std::uint64_t, 4> seed{};
  for (std::size_t at = 0; at < digest.size(); ++at) seed[at / 8] = seed[at / 8] << 8 | digest[at];
  return seed;
}

// What of the request is not its texts.
struct Form {
  std::string model;
  std::size_t dimensions = 0;
  bool base64 = false;
};

Result<Form> read_form(const Json& request) {
  const auto model = demo_text(request, "model");
  if (!model || model->empty()) return demo_refusal("", "'model' must name a model.", "model");
  auto dimensions = demo_number(request, "dimensions", 1, most_dimensions);
  if (!dimensions) return std::move(dimensions).error();
  const Json* encoding = demo_member(request, "encoding_format");
  if (encoding && *encoding != "float" && *encoding != "base64") {
    return demo_refusal("", "'encoding_format' must be float or base64.", "encoding_format");
  }
  return Form{std::string(*model), dimensions->value_or(usual_dimensions), encoding && *encoding == "base64"};
}

}  // namespace

std::vector<float> embedding_of(std::string_view text, std::size_t dimensions) {
  Random random(seed_of(text));
  std::vector<double> raw(dimensions);
  double squares = 0;
  for (double& value : raw) {
    // 53 bits fill a double's mantissa: from -1 up to, not including, 1.
    value = static_cast<double>(random.next() >> 11) / 4503599627370496.0 - 1;
    squares += value * value;
  }
  const double length = std::sqrt(squares);
  std::vector<float> vector(dimensions);
  std::transform(raw.begin(), raw.end(), vector.begin(),
                 [length](double value) { return static_cast<float>(value / length); });
  return vector;
}

std::string in_base64(const std::vector<float>& vector) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  const auto put = [&](std::uint32_t byte) {
    bits = bits << 8 | byte;
    for (count += 8; count >= 6; count -= 6) out += alphabet[bits >> (count - 6) & 63u];
  };
  for (const float value : vector) {
    const auto word = std::bit_cast<std::uint32_t>(value);
    for (unsigned shift = 0; shift < 32; shift += 8) put(word >> shift & 255u);
  }
  if (count > 0) out += alphabet[bits << (6 - count) & 63u];
  while (out.size() % 4 != 0) out += '=';
  return out;
}

Result<std::string> embed(const Json& request) {
  auto form = read_form(request);
  if (!form) return std::move(form).error();
  auto texts = demo_inputs(request, "input");
  if (!texts) return std::move(texts).error();
  if (texts->size() * form->dimensions > most_numbers) {
    return demo_refusal("", "So many vectors of this size are too much to answer.", "dimensions");
  }
  OrderedJson list = OrderedJson::array();
  std::size_t tokens = 0;
  for (const std::string& text : *texts) {
    const std::vector<float> vector = embedding_of(text, form->dimensions);
    OrderedJson element;
    element["object"] = "embedding";
    element["index"] = list.size();
    element["embedding"] = form->base64 ? OrderedJson(in_base64(vector)) : OrderedJson(vector);
    list.push_back(std::move(element));
    tokens += count_words(text);
  }
  OrderedJson document;
  document["object"] = "list";
  document["data"] = std::move(list);
  document["model"] = form->model;
  document["usage"]["prompt_tokens"] = tokens;
  document["usage"]["total_tokens"] = tokens;
  return demo_dump(document);
}

}  // namespace sluice::app
