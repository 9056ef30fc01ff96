#include "chat/openai_chat/codec.hpp"

namespace sluice::chat::openai {
namespace {

class OpenAiChatCodec final : public Codec {
 public:
  Result<Request> decode_request(std::string_view body, std::string_view model, bool stream) const override {
    return read_request(body, model, stream);
  }
  Result<Rendered> encode_request(const Request& request, const Quirks& quirks) const override {
    return write_request(request, quirks);
  }
  bool must_rewrite(std::string_view body, const Quirks& quirks) const override {
    return openai::must_rewrite(body, quirks);
  }
  Result<Response> decode_response(std::string_view body) const override { return read_response(body); }
  void encode_response(const Response& response, const AnswerForm&, std::string& out, Dropped& dropped) const override {
    write_response(response, out, dropped);
  }
  std::unique_ptr<StreamDecoder> stream_decoder() const override { return openai::stream_decoder(); }
  std::unique_ptr<StreamEncoder> stream_encoder(const AnswerForm& form) const override {
    return openai::stream_encoder(form);
  }
  std::string_view stream_type(const AnswerForm&) const override { return "text/event-stream"; }
};

}  // namespace

const Codec& codec() {
  static const OpenAiChatCodec instance;
  return instance;
}

}  // namespace sluice::chat::openai
