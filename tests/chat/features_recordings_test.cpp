#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "chat/exchanges.hpp"
#include "chat/features.hpp"

// Recorded requests, and the project's own: what is found out about them without decoding is what decoding finds.
namespace sluice::chat {
namespace {

std::vector<Exchange> requests_of(const DialectFolders& source) {
  const auto has_request = [](const Exchange& exchange) { return !exchange.request.empty(); };
  std::vector<Exchange> all = own(source.dialect.name(), has_request);
  for (const std::string_view folder : source.folders) {
    for (Exchange& exchange : recorded(folder, has_request)) all.push_back(std::move(exchange));
  }
  return all;
}

// What a decoded conversation has, as far as both can know.
struct Decoded {
  std::uint32_t images = 0;
  bool has_opaque = false;
  bool has_proof = false;

  void take(const Text& text) { has_proof = has_proof || !text.signature.empty(); }
  void take(const Media& media) { images += media.kind == Media::Kind::image ? 1 : 0; }
  void take(const Thinking& thinking) {
    has_proof = has_proof || !thinking.signature.empty() || !thinking.data.empty();
  }
  void take(const ToolCall& call) { has_proof = has_proof || !call.signature.empty(); }
  void take(const ToolResult& result) {
    for (const auto& piece : result.content) std::visit([this](const auto& what) { take(what); }, piece);
    has_opaque = has_opaque || result.json;
  }
  void take(const Refusal&) {}
  void take(const Opaque&) { has_opaque = true; }
};

Decoded decoded(const Request& request) {
  Decoded all;
  for (const Message& message : request.messages) {
    for (const Part& part : message.parts) std::visit([&](const auto& what) { all.take(what); }, part.what);
  }
  return all;
}

void expect_agreement(const Exchange& exchange, const Features& features, const Request& request) {
  const Decoded all = decoded(request);
  EXPECT_EQ(features.tools, !request.tools.empty()) << exchange.name;
  EXPECT_EQ(features.json_schema, request.format.kind == OutputFormat::Kind::json_schema) << exchange.name;
  EXPECT_GE(features.images, all.images) << exchange.name;
  if (!all.has_opaque) {
    EXPECT_EQ(features.images, all.images) << exchange.name;
  }
  EXPECT_EQ(features.max_tokens, request.sampling.max_tokens) << exchange.name;
  if (all.has_proof) {
    EXPECT_TRUE(features.is_bound) << exchange.name;
  }
  const auto user =
      std::find_if(features.tags.begin(), features.tags.end(), [](const auto& tag) { return tag.name == "user"; });
  if (!request.user.empty()) {
    EXPECT_TRUE(user != features.tags.end() && user->value == request.user) << exchange.name;
  }
}

TEST(FeaturesOfRecordings, agree_with_the_decoded_conversation) {
  for (const DialectFolders& source : dialect_folders()) {
    std::size_t compared = 0;
    for (const Exchange& exchange : requests_of(source)) {
      std::string scratch;
      const Asked asked{.task = Task::chat, .model = "m"};
      if (!source.dialect.outline(asked, exchange.request + std::string(64, ' '), scratch)) continue;
      const Features features = source.dialect.features(asked, exchange.request, test_key);
      EXPECT_LE(features.prompt_bytes, exchange.request.size()) << exchange.name;
      const auto request = source.dialect.codec()->decode_request(exchange.request, "m", false);
      if (!request) continue;
      expect_agreement(exchange, features, *request);
      ++compared;
    }
    std::cout << source.dialect.name() << ": " << compared << " requests\n";
    EXPECT_GT(compared, 0) << source.dialect.name();
  }
}

}  // namespace
}  // namespace sluice::chat
