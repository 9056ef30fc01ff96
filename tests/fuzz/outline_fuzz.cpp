#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include "../chat/oracle.hpp"

// Request bodies of any bytes: read() agrees with another reader, and what outline() accepts can be retargeted into
// a body that is outlined as the other model.
namespace {

void require(bool holds, std::string_view what) {
  if (holds) return;
  std::cerr << what << '\n';
  std::abort();
}

void check_request(sluice::chat::Task task, std::string_view body) {
  const sluice::chat::Dialect& dialect = sluice::chat::openai_chat();
  std::string scratch;
  const auto outline = dialect.outline({task}, body, scratch);
  if (!outline) {
    require(outline.error().fault() == sluice::Fault::bad_request, "a refusal is the caller's fault");
    return;
  }
  require(!outline->model.empty(), "an accepted request names a model");
  const auto slices = dialect.retarget(body, *outline, R"("other")", outline->stream);
  std::string sent;
  for (const auto piece : slices.pieces()) sent += piece;
  std::string other_scratch;
  const auto other = dialect.outline({task}, sent, other_scratch);
  require(static_cast<bool>(other), "a retargeted request is valid");
  require(other->model == "other" && other->stream == outline->stream, "a retargeted request means the same");
  const bool asks = other->stream_options == sluice::chat::StreamOptions::asked ||
                    other->stream_options == sluice::chat::StreamOptions::unusable;
  require(!outline->stream || asks, "a retargeted stream asks for usage");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  // A block of exactly this size, so that the sanitizer sees every read beyond it.
  const auto exact = std::make_unique<char[]>(size);
  for (std::size_t i = 0; i < size; ++i) exact[i] = static_cast<char>(bytes[i]);
  const std::string_view body(exact.get(), size);
  const std::string problem = sluice::chat::json::disagreement(body);
  require(problem.empty(), problem);
  for (const auto task : {sluice::chat::Task::chat, sluice::chat::Task::embedding}) check_request(task, body);
  return 0;
}
