#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// What the fuzz targets share: claims, and a way to cut the input where the fuzzer likes.
namespace sluice::fuzz {

// Ends the program when a property does not hold, so that the fuzzer keeps the input.
inline void require(bool holds) {
  if (!holds) std::abort();
}

// The fuzzer's bytes: two of them say where to cut, one is free to choose a mode, the rest is the input.
struct Input {
  Input(const std::uint8_t* data, std::size_t size) : bytes(reinterpret_cast<const char*>(data), size) {
    const std::size_t low = take();
    cut = take() << 8 | low;
    mode = take();
    cut = std::min(cut % (bytes.size() + 1), bytes.size());
  }

  std::string_view before_cut() const { return bytes.substr(0, cut); }
  std::string_view after_cut() const { return bytes.substr(cut); }

  std::string_view bytes;
  std::size_t cut = 0;
  std::size_t mode = 0;

 private:
  std::size_t take() {
    if (bytes.empty()) return 0;
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    return byte;
  }
};

}  // namespace sluice::fuzz
