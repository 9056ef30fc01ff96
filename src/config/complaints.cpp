#include "config/complaints.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include <sluice/base/text.hpp>

namespace sluice::config {
namespace {

constexpr std::size_t most_of_a_kind = 1'000;
constexpr std::size_t longest_quote = 80;

bool is_plain_in_a_path(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '*' || c == '/' || c == ':' || c == '@';
}

}  // namespace

std::string Complaint::text(std::string_view file) const {
  std::string out(file);
  out += ':' + std::to_string(line) + ':' + std::to_string(column) + ": ";
  if (!path.empty()) out += path + ": ";
  out += warning ? "warning: " : "error: ";
  out += what;
  if (!remedy.empty()) out += "; " + remedy;
  return out;
}

bool Loaded::ok() const {
  return std::all_of(complaints.begin(), complaints.end(), [](const Complaint& c) { return c.warning; });
}

void Complaints::error(Position at, std::string path, std::string what, std::string remedy) {
  add(errors_, {at.line, at.column, std::move(path), std::move(what), std::move(remedy), false});
}

void Complaints::warning(Position at, std::string path, std::string what, std::string remedy) {
  add(warnings_, {at.line, at.column, std::move(path), std::move(what), std::move(remedy), true});
}

void Complaints::add(std::size_t& count, Complaint complaint) {
  ++count;
  if (count > most_of_a_kind + 1) return;
  if (count == most_of_a_kind + 1) {
    complaint.path.clear();
    complaint.what =
        complaint.warning ? "there are more warnings than are told" : "there are more problems than are told";
    complaint.remedy = "see to the others first";
  }
  list_.push_back(std::move(complaint));
}

std::vector<Complaint> Complaints::in_order() && {
  std::stable_sort(list_.begin(), list_.end(), [](const Complaint& left, const Complaint& right) {
    return std::tie(left.line, left.column) < std::tie(right.line, right.column);
  });
  return std::move(list_);
}

std::string in_quotes(std::string_view text) {
  const bool cut = text.size() > longest_quote;
  if (cut) {
    std::size_t end = longest_quote;
    // Not inside a UTF-8 sequence (RFC 3629 §3: continuation bytes are 10xxxxxx).
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text = text.substr(0, end);
  }
  std::string out = "\"";
  append_json_escaped(out, text);
  out += cut ? "...\"" : "\"";
  return out;
}

std::string member_path(std::string_view parent, std::string_view key) {
  std::string out(parent);
  if (!key.empty() && std::all_of(key.begin(), key.end(), is_plain_in_a_path)) {
    if (!out.empty()) out += '.';
    out += key.substr(0, longest_quote);
    if (key.size() > longest_quote) out += "...";
  } else {
    out += '[' + in_quotes(key) + ']';
  }
  return out;
}

std::string item_path(std::string_view parent, std::size_t index) {
  return std::string(parent) + '[' + std::to_string(index) + ']';
}

}  // namespace sluice::config
