#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Writes JSON (RFC 8259), compact, into a string that somebody else owns. The order of calls is the order of bytes;
// commas are put in by themselves. Whoever calls keeps brackets and names in step.
namespace sluice::chat::json {

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  Writer& open_object() { return open('{'); }
  Writer& close_object() { return close('}'); }
  Writer& open_array() { return open('['); }
  Writer& close_array() { return close(']'); }

  // The name of the member whose value comes next.
  Writer& name(std::string_view name);

  Writer& string(std::string_view text);
  Writer& number(std::uint64_t value);
  Writer& number(std::int64_t value);
  Writer& boolean(bool value);
  Writer& null() { return raw("null"); }
  // One JSON value, as it is.
  Writer& raw(std::string_view json);

  // A member in one call.
  Writer& member(std::string_view key, std::string_view text) { return name(key).string(text); }
  Writer& member(std::string_view key, const char* text) { return name(key).string(text); }
  Writer& member(std::string_view key, std::uint64_t value) { return name(key).number(value); }
  Writer& member(std::string_view key, std::int64_t value) { return name(key).number(value); }
  Writer& member(std::string_view key, bool value) { return name(key).boolean(value); }
  Writer& raw_member(std::string_view key, std::string_view json) { return name(key).raw(json); }
  // Left out when there is nothing to say.
  Writer& member_if(std::string_view key, std::string_view text) { return text.empty() ? *this : member(key, text); }
  Writer& raw_member_if(std::string_view key, std::string_view json) {
    return json.empty() ? *this : raw_member(key, json);
  }

 private:
  Writer& open(char bracket);
  Writer& close(char bracket);
  void separate();

  std::string& out_;
  bool first_ = true;  // nothing was written yet inside the innermost bracket, or a name was just written
};

}  // namespace sluice::chat::json
