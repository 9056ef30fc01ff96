#include "config/reader.hpp"

#include <algorithm>
#include <utility>

#include <sluice/base/text.hpp>

#include "config/units.hpp"

namespace sluice::config {
namespace {

constexpr std::chrono::milliseconds longest_duration = std::chrono::hours(24);
constexpr std::size_t longest_suggested = 64;  // edit distance is quadratic

std::string_view name_of(Shape shape) {
  switch (shape) {
    case Shape::nothing:
      return "nothing";
    case Shape::scalar:
      return "a single value";
    case Shape::sequence:
      return "a list";
    case Shape::mapping:
      return "a mapping";
  }
  return "";
}

bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// What somebody may have meant by an unknown key.
std::string which_key(std::string_view written, const Names& known, const Names& planned) {
  std::string otherwise = "known here: " + listed(known);
  if (written.size() > longest_suggested) return otherwise;
  Names all = known;  // first, so that of equally near ones the key that works is named
  all.insert(all.end(), planned.begin(), planned.end());
  const auto near = nearest_name(written, all);
  if (!near) return otherwise;
  const std::string meant = "did you mean \"" + std::string(*near) + "\"?";
  return contains(known, *near) ? meant : meant + " it is not supported by this version; " + otherwise;
}

// Follows the reference that starts at `at` with "${" and appends its value. Returns where the text goes on, or
// the end after complaining.
std::size_t expand_reference(const Value& value, std::string_view raw, std::size_t at, std::string& out, bool& good) {
  const std::size_t end = raw.find('}', at);
  if (end == std::string_view::npos) {
    value.wrong("a ${ without its }", "write ${NAME}, or $${ for the characters themselves");
    good = false;
    return raw.size();
  }
  const std::string name(raw.substr(at + 2, end - at - 2));
  if (!is_variable_name(name)) {
    value.wrong("a ${} that holds no name of a variable", "write ${NAME}, or $${ for the characters themselves");
    good = false;
  } else if (const auto found = value.desk().surroundings.environment(name)) {
    out += *found;
  } else {
    value.wrong("the environment variable " + name.substr(0, 128) + " is not set", "set it before starting");
    good = false;
  }
  return end + 1;
}

std::optional<std::string> expand(const Value& value, std::string_view raw) {
  std::string out;
  bool good = true;
  for (std::size_t at = 0; at < raw.size();) {
    if (raw.substr(at, 3) == "$${") {
      out += "${";
      at += 3;
    } else if (raw.substr(at, 2) == "${") {
      at = expand_reference(value, raw, at, out, good);
    } else {
      out += raw[at++];
    }
  }
  return good ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<std::string> content_of_file(const Value& value, std::string_view reference) {
  const auto path = expand(value, reference);
  if (!path) return std::nullopt;
  if (path->empty() || path->front() != '/') {
    value.wrong("file: needs an absolute path", "write file:/path/to/the/secret");
    return std::nullopt;
  }
  auto content = value.desk().surroundings.file(*path);
  if (!content) {
    value.wrong("cannot read the file " + in_quotes(reference), "check that it exists and that Sluice may read it");
    return std::nullopt;
  }
  content->erase(content->find_last_not_of("\r\n") + 1);
  return content;
}

bool has_reference(std::string_view raw) {
  for (std::size_t at = raw.find("${"); at != std::string_view::npos; at = raw.find("${", at + 2))
    if (at == 0 || raw[at - 1] != '$') return true;
  return false;
}

}  // namespace

void Value::wrong(std::string what, std::string remedy) const {
  desk_->complaints.error(place(), path_, std::move(what), std::move(remedy));
}

void Value::doubtful(std::string what, std::string remedy) const {
  desk_->complaints.warning(place(), path_, std::move(what), std::move(remedy));
}

void Value::wrong_key(std::string what, std::string remedy) const {
  desk_->complaints.error(key_, path_, std::move(what), std::move(remedy));
}

bool Value::is_scalar() const {
  if (!written()) return false;
  if (shape() == Shape::scalar) return true;
  if (empty()) {
    wrong("has no value", "write one, or remove the key");
  } else {
    wrong("a single value belongs here, not " + std::string(name_of(shape())), "write one value");
  }
  return false;
}

std::optional<std::string> Value::text() const {
  if (!is_scalar()) return std::nullopt;
  return desk_->follows_references ? expand(*this, raw()) : std::string(raw());
}

Value Value::operator[](std::string_view key) const {
  std::string path = member_path(path_, key);
  if (shape() == Shape::mapping)
    for (const Entry& entry : node_->entries)
      if (entry.key == key) return {entry.value, entry.at, std::move(path), *desk_};
  return {nullptr, key_, std::move(path), *desk_};
}

std::vector<Value> Value::items() const {
  std::vector<Value> out;
  if (empty()) return out;
  if (shape() != Shape::sequence) {
    wrong("a list belongs here, not " + std::string(name_of(shape())),
          "write [a, b], or one item per line after a dash");
    return out;
  }
  out.reserve(node_->items.size());
  for (std::size_t i = 0; i < node_->items.size(); ++i) {
    const Node* item = node_->items[i];
    out.emplace_back(item, item->at, item_path(path_, i), *desk_);
  }
  return out;
}

Section::Section(const Value& value, const Names& known, const Names& planned) : value_(value) {
  for (const Member& member : members(value)) {
    if (contains(known, member.name)) continue;
    if (contains(planned, member.name)) {
      member.value.wrong_key(in_quotes(member.name) + " is not supported by this version", "remove it");
    } else {
      member.value.wrong_key("unknown key " + in_quotes(member.name), which_key(member.name, known, planned));
    }
  }
}

std::vector<Member> members(const Value& value) {
  std::vector<Member> out;
  if (value.empty()) return out;
  if (value.shape() != Shape::mapping) {
    value.wrong("a mapping belongs here, not " + std::string(name_of(value.shape())), "write \"key: value\" lines");
    return out;
  }
  for (const Entry& entry : value.node()->entries)
    out.push_back({entry.key, {entry.value, entry.at, member_path(value.path(), entry.key), value.desk()}});
  return out;
}

void read_text(const Value& value, std::string& out) {
  auto text = value.text();
  if (!text) return;
  if (text->empty()) return value.wrong("is empty", "write a value, or remove the key");
  out = std::move(*text);
}

void read_flag(const Value& value, bool& out) {
  const auto text = value.text();
  if (!text) return;
  if (*text != "true" && *text != "false")
    return value.wrong(in_quotes(value.raw()) + " is neither true nor false", "write true or false");
  out = *text == "true";
}

void read_choice(const Value& value, const Names& choices, std::string& out) {
  const auto text = value.text();
  if (!text) return;
  if (!contains(choices, *text)) return value.wrong("found " + in_quotes(value.raw()), "use one of " + listed(choices));
  out = *text;
}

void read_number(const Value& value, std::uint64_t least, std::uint64_t most, std::uint64_t& out) {
  const auto text = value.text();
  if (!text) return;
  const auto number = parse_decimal(*text);
  if (!number || *number < least || *number > most)
    return value.wrong("found " + in_quotes(value.raw()),
                       "use a whole number between " + std::to_string(least) + " and " + std::to_string(most));
  out = *number;
}

void read_size(const Value& value, std::uint64_t least, std::uint64_t most, std::uint64_t& out) {
  const auto text = value.text();
  if (!text) return;
  const auto size = parse_size(*text);
  if (!size)
    return value.wrong("found " + in_quotes(value.raw()),
                       "write a size like 64KiB, 32MiB or 1GiB, or a number of bytes");
  if (*size < least || *size > most)
    return value.wrong("found " + in_quotes(value.raw()),
                       "use a size between " + write_size(least) + " and " + write_size(most));
  out = *size;
}

void read_duration(const Value& value, std::chrono::milliseconds least, std::chrono::milliseconds& out) {
  const auto text = value.text();
  if (!text) return;
  const auto duration = parse_duration(*text);
  if (!duration) return value.wrong("found " + in_quotes(value.raw()), "write a duration like 250ms, 3s, 5m or 1h");
  if (*duration < least || *duration > longest_duration)
    return value.wrong("found " + in_quotes(value.raw()),
                       "use a duration between " + write_duration(least) + " and " + write_duration(longest_duration));
  out = *duration;
}

bool read_pem(const Value& value, Pem purpose, std::string& path) {
  std::string read;
  read_text(value, read);
  if (read.empty()) return false;
  path = std::move(read);
  const auto& look = value.desk().surroundings.pem_fault;
  if (!look) return false;
  const auto fault = look(purpose, path);
  if (!fault) return true;
  // As it is written: what a reference led to is not shown.
  const std::string file = in_quotes(value.raw());
  if (fault->unreadable) {
    value.wrong("cannot read the file " + file + ": " + fault->why, "check that it exists and that Sluice may read it");
    return false;
  }
  const bool key = purpose == Pem::key;
  value.wrong("the file " + file + " holds no usable " + (key ? "private key" : "certificate") + ": " + fault->why,
              key ? "name a PEM file that begins with -----BEGIN PRIVATE KEY-----, without a passphrase"
                  : "name a PEM file that begins with -----BEGIN CERTIFICATE-----");
  return false;
}

namespace {

// What a secret's reference leads to; nothing after complaining.
std::optional<std::string> follow(const Value& value) {
  if (!value.is_scalar()) return std::nullopt;
  constexpr std::string_view file_prefix = "file:";
  const std::string_view raw = value.raw();
  const bool from_file = raw.substr(0, file_prefix.size()) == file_prefix;
  auto text = from_file ? content_of_file(value, raw.substr(file_prefix.size())) : expand(value, raw);
  if (!text) return std::nullopt;
  if (!from_file && !has_reference(raw) && !raw.empty())
    value.doubtful("the secret itself stands in the file", "write ${NAME} for an environment variable, or file:/path");
  if (!text->empty()) return text;
  if (raw.empty()) {
    value.wrong("is empty", "write \"${NAME}\" for an environment variable, or file:/path, or remove the key");
  } else {
    value.wrong("the secret is empty", "give it a value where the reference leads to");
  }
  return std::nullopt;
}

}  // namespace

void read_secret(const Value& value, Secret& out) {
  auto text = follow(value);
  if (!text) return;
  if (!is_credential(*text))
    return value.wrong("the secret holds spaces, control characters or letters outside ASCII",
                       "such a secret cannot travel in a header; check for a line break or quotes");
  out = Secret(std::move(*text));
}

void read_secret_text(const Value& value, Secret& out) {
  if (auto text = follow(value)) out = Secret(std::move(*text));
}

}  // namespace sluice::config
