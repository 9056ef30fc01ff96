#include <utility>

#include "chat/counting.hpp"
#include "chat/gemini/operations.hpp"
#include "chat/gemini/parts.hpp"

namespace sluice::chat::generate_content {
namespace {

using json::Value;
using json::Writer;

constexpr std::string_view whole_request = "generateContentRequest";

// Counting takes either bare contents or a whole request, which has to name its model.
void wrap_request(std::string_view model, std::string_view body, std::string& out) {
  const json::Tree tree = json::Tree::read(body);
  Writer to(out);
  to.open_object();
  const Value root = tree.root();
  const Value contents = root["contents"];
  if (root.size() == 1 && contents) {
    to.raw_member("contents", contents.raw()).close_object();
    return;
  }
  to.name(whole_request).open_object();
  to.member("model",
            model.starts_with(model_folder) ? std::string(model) : std::string(model_folder) + std::string(model));
  for (const Value value : root) {
    if (value.name() != "model") to.raw_member(value.name(), value.raw());
  }
  to.close_object().close_object();
}

class GeminiCounting final : public CountCodec {
 public:
  Result<Request> decode_request(std::string_view body, std::string_view model) const override {
    const json::Tree tree = json::Tree::read(body);
    const Value whole = member(tree.root(), whole_request);
    return generate_content::decode_request(whole ? whole.raw() : body, model, false);
  }

  Result<Rendered> encode_request(const Request& request, const Quirks& quirks) const override {
    Result<Rendered> rendered = generate_content::encode_request(only_what_is_read(request), quirks);
    if (!rendered) return rendered;
    if (quirks.bare_counts) return rendered;
    std::string body;
    wrap_request(request.model, rendered->body, body);
    rendered->body = std::move(body);
    return rendered;
  }

  Result<TokenCount> decode_answer(std::string_view body, const Request&) const override {
    return read_count(body, "totalTokens");
  }

  Result<Ok> encode_answer(const TokenCount& answer, const Request&, std::string& out) const override {
    Writer(out).open_object().member("totalTokens", answer.tokens).close_object();
    return Ok{};
  }

  bool must_rewrite(std::string_view body, bool renamed, const Quirks& quirks) const override {
    return (renamed || quirks.bare_counts) && static_cast<bool>(member(json::Tree::read(body).root(), whole_request));
  }
};

}  // namespace

const CountCodec& count_codec() {
  static const GeminiCounting codec;
  return codec;
}

}  // namespace sluice::chat::generate_content
