#include "chat/call_ids.hpp"

#include <algorithm>
#include <cctype>
#include <span>

#include <sluice/base/digest.hpp>
#include <sluice/base/text.hpp>

namespace sluice::chat {
namespace {

bool is_plain(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

}  // namespace

std::string fitting_id(std::string_view id, std::size_t most, std::string_view others) {
  const bool fits = id.size() <= most && std::all_of(id.begin(), id.end(), [others](char c) {
                      return is_plain(c) || c == '-' || c == '_' || others.find(c) != std::string_view::npos;
                    });
  if (fits) return std::string(id);
  const Digest digest = sha256(id);
  return "call_" + hex(std::span(digest).first<12>());
}

bool is_exact_id(std::string_view id, std::size_t size) {
  return id.size() == size && std::all_of(id.begin(), id.end(), is_plain);
}

std::string exact_id(std::string_view id, std::size_t size) {
  if (is_exact_id(id, size)) return std::string(id);
  const Digest digest = sha256(id);
  return hex(std::span(digest).first<16>()).substr(0, size);
}

}  // namespace sluice::chat
