#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include <sluice/config/load.hpp>
#include <sluice/gateway/gateway.hpp>
#include <sluice/gateway/snapshot.hpp>

#include "gateway/inquiry.hpp"

namespace sluice::test {

// A configuration compiled, with all that a gateway knows beside it. ${ANYTHING} has a value.
class World {
 public:
  // `seed` makes what is drawn repeatable.
  explicit World(std::string_view yaml, std::uint64_t seed = 1)
      : metrics(make_metrics("0", "0")), traffic(std::make_unique<SharedTraffic>()) {
    traffic->hash_key = seed;
    traffic->health = traffic::make_health(Random({seed, 2, 3, 4}));
    const config::Surroundings variables{[](const std::string& name) { return "value-of-" + name + "-0123456789"; },
                                         [](const std::string&) { return std::nullopt; }};
    const config::Loaded loaded = config::load(yaml, variables);
    for (const auto& complaint : loaded.complaints) EXPECT_TRUE(complaint.warning) << complaint.text("test");
    const Snapshot::Means means{*metrics,
                                4711,
                                "sluice/test",
                                [](const std::string&) { return net::Trust::system(); },
                                *traffic->health,
                                *book,
                                {TimePoint(), UtcTime()},
                                nullptr};
    auto compiled = Snapshot::compile(loaded.config, means);
    EXPECT_TRUE(compiled) << compiled.error().message();
    snapshot = *compiled;
  }
  const Snapshot* operator->() const { return snapshot.get(); }
  const Key* key(std::string_view name) const { return snapshot->find_signer(name).key; }

  std::unique_ptr<Metrics> metrics;
  std::unique_ptr<SharedTraffic> traffic;
  std::unique_ptr<ledger::Book> book = ledger::Book::make({}, {});
  std::shared_ptr<const Snapshot> snapshot;
};

// A chat request's body with its 64 readable bytes behind.
class Body {
 public:
  explicit Body(std::string text) : size_(text.size()), text_(std::move(text) + std::string(64, '\0')) {}
  std::string_view view() const { return std::string_view(text_).substr(0, size_); }

 private:
  std::size_t size_;
  std::string text_;
};

// What a chat request asks, as routing sees it. The body has to outlive it.
inline Inquiry::Asked chat_asked(std::string_view model, std::string_view body, const Key* caller = nullptr) {
  return {.caller = caller,
          .endpoint = "chat",
          .spoken = chat::openai_chat(),
          .path = {},
          .model = model,
          .stream = false,
          .fields = {},
          .body = body,
          .random = 1,
          .hash_key = 7,
          .utc = {}};
}

}  // namespace sluice::test
