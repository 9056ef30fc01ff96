#include "ledger/pepper.hpp"

#include <sluice/base/digest.hpp>
#include <sluice/base/text.hpp>

#include "ledger/hex_digits.hpp"

namespace sluice::ledger {
namespace {

constexpr std::string_view pepper_form = "1 ";

}  // namespace

Pepper make_pepper() {
  Pepper pepper{};
  fill_with_random(pepper);
  return pepper;
}

std::string pepper_text(const Pepper& pepper) { return std::string(pepper_form) + hex(pepper) + "\n"; }

std::optional<Pepper> pepper_in(std::string_view text) {
  if (!text.starts_with(pepper_form) || !text.ends_with('\n')) return std::nullopt;
  return bytes_of_hex<32>(text.substr(pepper_form.size(), text.size() - pepper_form.size() - 1));
}

}  // namespace sluice::ledger
