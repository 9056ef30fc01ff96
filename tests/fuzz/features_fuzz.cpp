#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include <sluice/chat/dialect.hpp>

#include "fuzz/input.hpp"

// What a request is about: the first two bytes choose a dialect and a task, the rest is a body. Any bytes are borne,
// JSON or not; nothing is said to be longer than it is, and the same is said when it is asked again.
namespace sluice::fuzz {
namespace {

using chat::Features;

bool is_same(const Features& left, const Features& right) {
  const bool same_tags = std::equal(left.tags.begin(), left.tags.end(), right.tags.begin(), right.tags.end(),
                                    [](const Features::Tag& one, const Features::Tag& other) {
                                      return one.name == other.name && one.value == other.value;
                                    });
  return same_tags && left.prompt_bytes == right.prompt_bytes && left.images == right.images &&
         left.documents == right.documents && left.audio == right.audio && left.tools == right.tools &&
         left.json_schema == right.json_schema && left.max_tokens == right.max_tokens &&
         left.is_bound == right.is_bound && left.previous_response == right.previous_response &&
         left.opening == right.opening;
}

void check_tags(const Features& features) {
  require(features.tags.size() <= 16);
  for (const Features::Tag& tag : features.tags) require(tag.name.size() <= 256 && tag.value.size() <= 256);
}

void run(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return;
  const chat::Dialect& dialect = *chat::dialects()[data[0] % chat::dialects().size()];
  constexpr unsigned tasks = static_cast<unsigned>(chat::Task::count) + 1;
  const chat::Asked asked{.task = static_cast<chat::Task>(data[1] % tasks), .model = "m"};
  // A block of exactly this size, so that the sanitizer sees every read beyond it.
  const auto exact = std::make_unique<char[]>(size - 2);
  std::copy_n(data + 2, size - 2, exact.get());
  const std::string_view body(exact.get(), size - 2);
  const Features features = dialect.features(asked, body, 1);
  require(features.prompt_bytes <= body.size());
  require(is_same(features, dialect.features(asked, body, 1)));
  check_tags(features);
  const bool has_opening = asked.task == chat::Task::chat || asked.task == chat::Task::completion;
  require(has_opening || features.opening == 0);
  require(dialect.answer_id(body).size() <= body.size());
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::run(data, size);
  return 0;
}
