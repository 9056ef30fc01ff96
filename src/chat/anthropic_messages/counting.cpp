#include <array>
#include <utility>

#include "chat/anthropic_messages/parts.hpp"
#include "chat/counting.hpp"

namespace sluice::chat::anthropic {
namespace {

constexpr std::string_view count_name = "input_tokens";
// What the path for counting takes; it refuses the rest of a request.
constexpr std::array<std::string_view, 8> counted{"model", "messages",    "system",   "cache_control",
                                                  "tools", "tool_choice", "thinking", "output_config"};

class MessagesCounting final : public CountCodec {
 public:
  Result<Request> decode_request(std::string_view body, std::string_view model) const override {
    return anthropic::decode_request(body, model, false);
  }

  Result<Rendered> encode_request(const Request& request, const Quirks& quirks) const override {
    Result<Rendered> rendered = anthropic::encode_request(only_what_is_read(request), quirks);
    if (!rendered) return rendered;
    std::string body;
    const json::Tree tree = json::Tree::read(rendered->body);
    json::Writer to(body);
    to.open_object();
    write_members(tree.root(), counted, to);
    to.close_object();
    rendered->body = std::move(body);
    return rendered;
  }

  Result<TokenCount> decode_answer(std::string_view body, const Request&) const override {
    return read_count(body, count_name);
  }

  Result<Ok> encode_answer(const TokenCount& answer, const Request&, std::string& out) const override {
    json::Writer(out).open_object().member(count_name, answer.tokens).close_object();
    return Ok{};
  }
};

}  // namespace

const CountCodec& count_codec() {
  static const MessagesCounting codec;
  return codec;
}

}  // namespace sluice::chat::anthropic
