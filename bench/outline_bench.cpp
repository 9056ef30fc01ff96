#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>

#include <sluice/chat/dialect.hpp>

// How long the dialect needs for one request and for one event, in nanoseconds of processor time per call. No
// framework; a release build on a quiet machine gives the numbers that count.
namespace {

using sluice::chat::openai_chat;

// A conversation of about `bytes` bytes, with an escape or a character of several bytes every line or so.
std::string request_of(std::size_t bytes) {
  std::string body =
      R"({"model":"gpt-sample","stream":true,"temperature":0.2,"messages":[{"role":"system","content":"Be brief."})";
  constexpr std::string_view line =
      R"(The pilot said \"wait\" and wrote the times of slack water at both piers into the book by hand.\nCádiz came first. )";
  while (body.size() + 60 < bytes) {
    body += R"(,{"role":"user","content":")";
    for (int lines = 0; lines < 10 && body.size() + 60 < bytes; ++lines) body += line;
    body += "\"}";
  }
  body += R"(],"max_tokens":256})";
  return body;
}

double thread_nanoseconds() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) * 1e9 + static_cast<double>(spent.tv_nsec);
}

// Calls `work` in batches of about half a millisecond and returns the least time per call: what others on the machine
// take can only make it longer.
template <class Work>
double nanoseconds_per_call(Work work) {
  std::size_t calls = 1;
  double least = 1e18;
  for (int batches = 0; batches < 400;) {
    const double begin = thread_nanoseconds();
    for (std::size_t i = 0; i < calls; ++i) work();
    const double spent = thread_nanoseconds() - begin;
    if (spent < 5e5) {
      calls *= 2;
    } else {
      least = std::min(least, spent / static_cast<double>(calls));
      ++batches;
    }
  }
  return least;
}

void report(std::string_view what, std::size_t bytes, double nanoseconds) {
  std::printf("%-28.*s %8zu B %12.1f ns %8.2f GB/s\n", static_cast<int>(what.size()), what.data(), bytes, nanoseconds,
              static_cast<double>(bytes) / nanoseconds);
}

void measure_outline(std::size_t bytes) {
  const std::string body = request_of(bytes);
  std::string scratch;
  report("outline", body.size(), nanoseconds_per_call([&] {
           if (!openai_chat().outline({sluice::chat::Task::chat}, body, scratch)) std::abort();
         }));
}

void measure_features(std::size_t bytes) {
  const std::string body = request_of(bytes);
  std::uint64_t seen = 0;
  report("features", body.size(), nanoseconds_per_call([&] {
           seen += openai_chat().features({sluice::chat::Task::chat}, body, 1).prompt_bytes;
         }));
  if (seen == 0) std::abort();
}

void measure_sense(std::string_view what, std::string_view data) {
  const sluice::http::SseEvent event{.raw = data, .name = {}, .data = data, .has_data = true};
  std::size_t sensed = 0;
  report(what, data.size(), nanoseconds_per_call([&] { sensed += openai_chat().sense(event).usage ? 2 : 1; }));
  if (sensed == 0) std::abort();
}

}  // namespace

int main() {
  for (const std::size_t bytes : {std::size_t{300}, std::size_t{8192}, std::size_t{200} * 1024}) measure_outline(bytes);
  for (const std::size_t bytes : {std::size_t{300}, std::size_t{8192}, std::size_t{200} * 1024}) {
    measure_features(bytes);
  }
  measure_sense(
      "sense, content",
      R"({"id":"chatcmpl-tide7","object":"chat.completion.chunk","created":1767225600,"model":"gpt-sample","choices":[{"index":0,"delta":{"content":" slack"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"kT0aZ"})");
  measure_sense(
      "sense, usage",
      R"({"id":"chatcmpl-tide7","object":"chat.completion.chunk","created":1767225600,"model":"gpt-sample","choices":[],"usage":{"prompt_tokens":31,"completion_tokens":9,"total_tokens":40,"prompt_tokens_details":{"cached_tokens":12,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":4,"audio_tokens":0}}})");
  return 0;
}
