#include <sluice/base/keyed_hash.hpp>

#include <bit>

namespace sluice {
namespace {

// Eight bytes, least first; compilers make one load of it.
std::uint64_t word_at(const char* bytes) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < 8; ++i) word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
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
  std::size_t at = 0;
  for (; at < bytes.size() && size_ % 8 != 0; ++at) {
    waiting_ |= std::uint64_t{static_cast<unsigned char>(bytes[at])} << (8 * (size_ % 8));
    if (++size_ % 8 != 0) continue;
    state_.take(waiting_);
    waiting_ = 0;
  }
  State state = state_;
  const std::size_t begin = at;
  for (; bytes.size() - at >= 8; at += 8) state.take(word_at(bytes.data() + at));
  state_ = state;
  size_ += at - begin;
  for (; at < bytes.size(); ++at) {
    waiting_ |= std::uint64_t{static_cast<unsigned char>(bytes[at])} << (8 * (size_ % 8));
    ++size_;
  }
}

void KeyedHash::add(std::uint64_t number) {
  char bytes[8];
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(number >> (8 * i));
  add({bytes, sizeof bytes});
}

std::uint64_t KeyedHash::value() const {
  State state = state_;
  state.take(waiting_ | (std::uint64_t{size_} << 56));
  state.c ^= 0xff;
  for (int i = 0; i < 3; ++i) state.mix();
  return state.a ^ state.b ^ state.c ^ state.d;
}

}  // namespace sluice
