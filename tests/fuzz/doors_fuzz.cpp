#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <sluice/chat/codec.hpp>
#include <sluice/chat/door.hpp>

#include "fuzz/input.hpp"

// Requests and streams of any bytes at every door: what passes in is still one JSON object, and what comes out does not
// depend on where the stream was cut. The first byte chooses which of the two it is, and the door.
namespace {

using namespace sluice::chat;
using sluice::fuzz::require;

std::string enveloped(const Door& door, Task task, std::string_view body) {
  std::string added;
  std::string whole;
  const sluice::http::Slices slices = door.envelop({task, body, R"("far")"}, added);
  for (const std::string_view piece : slices.pieces()) whole += piece;
  return whole;
}

void check_request(const Dialect& dialect, const Door& door, std::string body) {
  const std::size_t size = body.size();
  body.resize(size + 64);
  std::string scratch;
  for (const Task task : {Task::chat, Task::count}) {
    if (!door.serves(task) || !dialect.outline({task}, std::string_view(body).substr(0, size), scratch)) continue;
    const std::string once = enveloped(door, task, std::string_view(body).substr(0, size));
    require(is_json(once));
    require(enveloped(door, task, once).size() <= once.size());  // nothing is left to be put in or taken out
  }
}

void check_stream(const Door& door, std::string_view bytes, std::size_t cut) {
  std::string at_once;
  const auto all = door.unwrap(bytes, at_once);
  std::string in_two;
  const auto first = door.unwrap(bytes.substr(0, cut), in_two);
  if (!first) {
    require(!all);
    return;
  }
  require(*first <= cut);
  const auto second = door.unwrap(bytes.substr(*first), in_two);
  require(static_cast<bool>(second) == static_cast<bool>(all));
  require(in_two == at_once);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Dialect& dialect = anthropic_messages();
  const Door& door = *dialect.doors()[data[0] / 2 % dialect.doors().size()];
  if (data[0] % 2 == 0) {
    check_request(dialect, door, std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  } else {
    const sluice::fuzz::Input input(data + 1, size - 1);
    check_stream(door, input.bytes, input.cut);
  }
  return 0;
}
