#include <array>
#include <utility>

#include "chat/counting.hpp"
#include "chat/openai_responses/parts.hpp"

namespace sluice::chat::responses {
namespace {

constexpr std::string_view count_name = "input_tokens";
// What the path for counting takes.
constexpr std::array<std::string_view, 11> counted{
    "model", "input",     "instructions", "tools",        "tool_choice",         "parallel_tool_calls",
    "text",  "reasoning", "truncation",   "conversation", "previous_response_id"};

class ResponsesCounting final : public CountCodec {
 public:
  Result<Request> decode_request(std::string_view body, std::string_view model) const override {
    return responses::decode_request(body, model, false);
  }

  Result<Rendered> encode_request(const Request& request, const Quirks& quirks) const override {
    Result<Rendered> rendered = responses::encode_request(only_what_is_read(request), quirks);
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
    json::Writer(out)
        .open_object()
        .member("object", "response.input_tokens")
        .member(count_name, answer.tokens)
        .close_object();
    return Ok{};
  }
};

}  // namespace

const CountCodec& count_codec() {
  static const ResponsesCounting codec;
  return codec;
}

}  // namespace sluice::chat::responses
