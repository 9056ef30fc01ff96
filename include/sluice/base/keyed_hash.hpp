#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice {

// SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): a hash of 64 bits whose collisions
// nobody can choose who does not know the key. For tables and for choosing, not for proofs: those want Hmac
// (digest.hpp). Bytes may come in any number of pieces.
class KeyedHash {
 public:
  explicit KeyedHash(std::uint64_t key, std::uint64_t more_key = 0);

  void add(std::string_view bytes);
  // The eight bytes of a number, least first.
  void add(std::uint64_t number);

  // Of everything added so far.
  std::uint64_t value() const;

 private:
  struct State {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::uint64_t c = 0;
    std::uint64_t d = 0;
    void mix();
    void take(std::uint64_t word);
  };

  void take(State& state, std::uint64_t word);
  void take_some(State& state, std::uint64_t word, std::size_t bytes);

  State state_;
  std::uint64_t waiting_ = 0;  // bytes that are no whole word yet
  std::size_t size_ = 0;       // of all bytes
};

}  // namespace sluice
