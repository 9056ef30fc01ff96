#include <sluice/base/id.hpp>

#include <algorithm>
#include <bit>
#include <span>

#include <sluice/base/digest.hpp>

namespace sluice {

std::uint64_t Random::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

Random random_from_system() {
  std::array<std::uint8_t, 32> bytes{};
  fill_with_random(bytes);
  return Random(std::bit_cast<std::array<std::uint64_t, 4>>(bytes));
}

RequestId::RequestId(Random& random) {
  constexpr std::string_view digits = "0123456789abcdefghjkmnpqrstvwxyz";  // Crockford's, lower case
  std::copy_n("req_", 4, text_.begin());
  std::size_t at = 4;
  while (at < text_.size()) {
    std::uint64_t bits = random.next();
    for (int i = 0; i < 12 && at < text_.size(); ++i, bits >>= 5) text_[at++] = digits[bits & 31];
  }
}

bool is_usable_request_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '_' ||
           c == '-';
  });
}

}  // namespace sluice
