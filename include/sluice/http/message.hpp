#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

// HTTP as values (RFC 9110). Nothing here owns bytes: views point into the session's or the
// connection's buffer and live as long as the exchange they belong to.
namespace sluice::http {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options, other };
std::string_view to_string(Method method);

struct Field {
  std::string_view name;
  std::string_view value;
};

// The value of the first field of that name, whatever its case.
std::optional<std::string_view> find(std::span<const Field> fields, std::string_view name);

struct RequestView {
  Method method = Method::get;
  std::string_view target;  // path and query, as sent
  std::span<const Field> fields;
  std::string_view body;  // 64 readable bytes follow it, for SIMD readers
};

struct HeadView {
  int status = 200;
  std::span<const Field> fields;
};

// Up to eight borrowed pieces in order, written with one gather write.
class Slices {
 public:
  static constexpr std::size_t capacity = 8;

  Slices() = default;
  Slices(std::string_view only) { add(only); }

  // Empty pieces are left out. More than `capacity` pieces are a bug.
  void add(std::string_view piece);
  std::span<const std::string_view> pieces() const { return {pieces_.data(), count_}; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::array<std::string_view, capacity> pieces_{};
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace sluice::http
