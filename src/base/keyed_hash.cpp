#include <sluice/base/keyed_hash.hpp>

#include <bit>
#include <cstring>

namespace sluice {
namespace {

// Up to eight bytes, least first.
std::uint64_t word_at(const char* bytes, std::size_t size) {
  std::uint64_t word = 0;
  if constexpr (std::endian::native == std::endian::little) {
    if (size == 8) {
      std::memcpy(&word, bytes, 8);
      return word;
    }
  }
  for (std::size_t i = 0; i < size; ++i) word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return word;
}

}  // namespace

void KeyedHash::State::mix() {
  a += b;
  c += d;
  b = std::rotl(b, 13) ^ a;
  d = std::rotl(d, 16) ^ c;
  a = std::rotl(a, 32) + d;
  c += b;
  d = std::rotl(d, 21) ^ a;
  b = std::rotl(b, 17) ^ c;
  c = std::rotl(c, 32);
}

void KeyedHash::State::take(std::uint64_t word) {
  d ^= word;
  mix();
  a ^= word;
}

KeyedHash::KeyedHash(std::uint64_t key, std::uint64_t more_key)
    : state_{key ^ 0x736f6d6570736575, more_key ^ 0x646f72616e646f6d, key ^ 0x6c7967656e657261,
             more_key ^ 0x7465646279746573} {}

void KeyedHash::add(std::string_view bytes) {
  State state = state_;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) take(state, word_at(at, 8));
  if (left > 0) take_some(state, word_at(at, left), left);
  state_ = state;
  size_ += bytes.size();
}

void KeyedHash::add(std::uint64_t number) {
  take(state_, number);
  size_ += 8;
}

// Whole words are put together from the bytes that wait and the new ones, however many wait.
void KeyedHash::take(State& state, std::uint64_t word) {
  const std::size_t bits = size_ % 8 * 8;
  state.take(waiting_ | (word << bits));
  waiting_ = bits == 0 ? 0 : word >> (64 - bits);
}

void KeyedHash::take_some(State& state, std::uint64_t word, std::size_t bytes) {
  const std::size_t waiting = size_ % 8;
  waiting_ |= word << (waiting * 8);
  if (waiting + bytes < 8) return;
  state.take(waiting_);
  waiting_ = waiting == 0 ? 0 : word >> (64 - waiting * 8);
}

std::uint64_t KeyedHash::value() const {
  State state = state_;
  state.take(waiting_ | (std::uint64_t{size_} << 56));
  state.c ^= 0xff;
  for (int i = 0; i < 3; ++i) state.mix();
  return state.a ^ state.b ^ state.c ^ state.d;
}

}  // namespace sluice
