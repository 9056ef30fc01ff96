#include <array>
#include <utility>

#include "chat/bedrock_converse/parts.hpp"
#include "chat/counting.hpp"
#include "chat/request_body.hpp"

namespace sluice::chat::bedrock {
namespace {

constexpr std::string_view count_name = "inputTokens";
constexpr std::array<std::string_view, 4> counted{"messages", "system", "toolConfig", "additionalModelRequestFields"};

class ConverseCounting final : public CountCodec {
 public:
  // A body in some model's own words can only be counted by that model's provider.
  Result<Request> decode_request(std::string_view body, std::string_view model) const override {
    const json::Tree tree = json::Tree::read(body);
    const json::Value converse = tree.root()["input"]["converse"];
    if (!converse.is_object()) return refuse_member("input.converse", "The member 'input.converse' is missing.");
    return read_request(converse.raw(), model, false);
  }

  Result<Rendered> encode_request(const Request& request, const Quirks& quirks) const override {
    Result<Rendered> rendered = write_request(only_what_is_read(request), quirks);
    if (!rendered) return rendered;
    std::string body;
    const json::Tree tree = json::Tree::read(rendered->body);
    json::Writer to(body);
    to.open_object().name("input").open_object().name("converse").open_object();
    write_members(tree.root(), counted, to);
    to.close_object().close_object().close_object();
    rendered->body = std::move(body);
    return rendered;
  }

  Result<TokenCount> decode_answer(std::string_view body, const Request&) const override {
    return chat::read_count(body, count_name);
  }

  Result<Ok> encode_answer(const TokenCount& answer, const Request&, std::string& out) const override {
    json::Writer(out).open_object().member(count_name, answer.tokens).close_object();
    return Ok{};
  }
};

}  // namespace

const CountCodec& count_codec() {
  static const ConverseCounting codec;
  return codec;
}

}  // namespace sluice::chat::bedrock
