#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include <sluice/chat/dialect.hpp>

#include "chat/json_walk.hpp"

// What providers of any dialect send, of any bytes: events, answers and failures are read without harm, counts stay
// below what JSON can hold, and every failure becomes an error object that is JSON.
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_usage(const std::optional<sluice::chat::Usage>& usage) {
  constexpr std::uint64_t greatest = std::uint64_t{1} << 53;
  if (!usage) return;
  for (const auto count : {usage->input, usage->cache_read, usage->cache_write, usage->output, usage->reasoning}) {
    require(count <= greatest);
  }
}

void check_failure(const sluice::chat::Dialect& dialect, int status, std::string_view body) {
  const sluice::Error error = dialect.decode_error(status, body);
  // A refusal of the request is the caller's to mend, everything else the provider's.
  const bool is_callers =
      error.outcome() == sluice::Outcome::client_error && error.fault() != sluice::Fault::upstream_failed;
  require(error.blame() == (is_callers ? sluice::Blame::client : sluice::Blame::upstream));
  require(error.outcome() != sluice::Outcome::ok);
  require(error.message().size() < 640);
  std::string object;
  sluice::chat::openai_chat().encode_error(error, object);
  require(static_cast<bool>(sluice::chat::json::read(object)));
  std::string event;
  sluice::chat::openai_chat().encode_error_event(error, event);
  require(event.find('\n') == event.size() - 2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto exact = std::make_unique<char[]>(size);
  for (std::size_t i = 0; i < size; ++i) exact[i] = static_cast<char>(bytes[i]);
  const std::string_view data(exact.get(), size);
  for (const sluice::chat::Dialect* const dialect : sluice::chat::dialects()) {
    for (const std::string_view name : {"", "error", "metadata"}) {
      check_usage(dialect->sense({.raw = data, .name = name, .data = data, .has_data = true}).usage);
    }
    check_usage(dialect->usage_of(data));
    for (const int status : {200, 400, 401, 429, 500}) check_failure(*dialect, status, data);
  }
  return 0;
}
