#include <sluice/http/message.hpp>

#include <cstdlib>

#include <sluice/base/text.hpp>

namespace sluice::http {

std::string_view to_string(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
    case Method::del:
      return "DELETE";
    case Method::options:
      return "OPTIONS";
    case Method::other:
      return "OTHER";
  }
  return "OTHER";
}

std::optional<std::string_view> find(std::span<const Field> fields, std::string_view name) {
  for (const Field& field : fields) {
    if (equals_ignoring_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

void Slices::add(std::string_view piece) {
  if (piece.empty()) return;
  // Going on would send a message with a hole in it.
  if (count_ == capacity) std::abort();
  pieces_[count_++] = piece;
  bytes_ += piece.size();
}

}  // namespace sluice::http
