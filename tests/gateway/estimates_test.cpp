#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "chat/exchanges.hpp"
#include "gateway/charge.hpp"

// How well the size of recorded prompts is guessed before they are sent: what providers said of them is the truth.
namespace sluice {
namespace {

using chat::Exchange;

struct Guess {
  std::string name;
  std::uint64_t estimate = 0;
  std::uint64_t bound = 0;
  std::uint64_t reported = 0;
  double ratio() const { return static_cast<double>(estimate) / static_cast<double>(reported); }
};

// A provider's own tools, and what it keeps, bring text along that nobody sees here.
bool brings_more_than_it_says(const std::string& request) {
  constexpr std::array hidden{"previous_response_id", "web_search",       "web_fetch", "googleSearch", "code_exec",
                              "code_interpreter",     "systemTool",       "mcp",       "tool_search",  "file_search",
                              "cachedContent",        "image_generation", "container", "url_context"};
  return std::any_of(hidden.begin(), hidden.end(),
                     [&](const char* word) { return request.find(word) != std::string::npos; });
}

std::optional<std::uint64_t> reported_input(const chat::Codec& codec, const Exchange& exchange) {
  const auto response = exchange.is_stream() ? chat::fold(chat::events_of(codec, exchange.response))
                                             : codec.decode_response(exchange.response);
  if (!response || !response->usage || response->usage->all_input() == 0) return std::nullopt;
  return response->usage->all_input();
}

std::optional<Guess> guess_of(const chat::Dialect& dialect, const Exchange& exchange, const std::string& model) {
  if (brings_more_than_it_says(exchange.request)) return std::nullopt;
  const chat::Asked asked{.task = chat::Task::chat, .model = "m"};
  const chat::Features features = dialect.features(asked, exchange.request, 1);
  if (features.images + features.documents + features.audio > 0 || features.prompt_bytes == 0) return std::nullopt;
  const auto reported = reported_input(*dialect.codec(), exchange);
  if (!reported) return std::nullopt;
  const Size size =
      size_of(features, chat::Task::chat, exchange.request.size(), std::nullopt, config::token_family_of(model));
  return Guess{exchange.name, size.input, size.input_bound, *reported};
}

// As the request names it, in its body or in its path.
std::string model_of(const Exchange& exchange) {
  const auto body = nlohmann::json::parse(exchange.request, nullptr, false);
  if (body.is_object() && body.contains("model") && body["model"].is_string()) return body["model"];
  return exchange.path();
}

using Guesses = std::map<std::string_view, std::vector<Guess>>;  // by the family's pattern

Guesses guesses() {
  Guesses all;
  for (const auto& [dialect, folders] : chat::dialect_folders()) {
    for (const std::string_view folder : folders) {
      const auto is_fit = [](const Exchange& exchange) { return !exchange.request.empty() && exchange.is_good(); };
      for (const Exchange& exchange : chat::recorded(folder, is_fit)) {
        const std::string model = model_of(exchange);
        if (auto guess = guess_of(dialect, exchange, model))
          all[config::token_family_of(model).models].push_back(*std::move(guess));
      }
    }
  }
  return all;
}

TEST(Estimates, of_recorded_prompts_are_about_right_and_their_bounds_hold) {
  if (std::getenv("SLUICE_RECORDINGS") == nullptr) {
    GTEST_SKIP() << "SLUICE_RECORDINGS is not set: NO ESTIMATE WAS COMPARED";
  }
  std::size_t prompts = 0;
  std::vector<std::string> over;
  std::puts("family                   prompts  estimate/reported: p10   p50   p90   above the bound");
  for (auto& [family, of_family] : guesses()) {
    std::sort(of_family.begin(), of_family.end(),
              [](const Guess& left, const Guess& right) { return left.ratio() < right.ratio(); });
    const auto at = [&](std::size_t percent) { return of_family[(of_family.size() - 1) * percent / 100].ratio(); };
    std::size_t over_here = 0;
    for (const Guess& guess : of_family) {
      if (guess.reported <= guess.bound) continue;
      ++over_here;
      over.push_back(guess.name + ": " + std::to_string(guess.reported) + " > " + std::to_string(guess.bound));
    }
    std::printf("%-24s %7zu %24.2f %5.2f %5.2f %17zu\n", std::string(family).c_str(), of_family.size(), at(10), at(50),
                at(90), over_here);
    prompts += of_family.size();
    if (of_family.size() < 8) continue;
    EXPECT_GT(at(50), 0.7) << family;
    EXPECT_LT(at(50), 1.4) << family;
  }
  for (const std::string& one : over) std::cout << "above its bound: " << one << '\n';
  EXPECT_GT(prompts, 300u) << "most recordings of text are of use";
  EXPECT_LE(over.size() * 50, prompts) << "more than two in a hundred cost more than was set aside";
}

}  // namespace
}  // namespace sluice
