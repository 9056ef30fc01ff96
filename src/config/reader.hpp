#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/complaints.hpp"
#include "config/yaml.hpp"

// Cursors over a document that know their path, so that whoever reads a value can complain about it.
namespace sluice::config {

using Names = std::vector<std::string_view>;

// What all cursors of one reading share; it outlives them.
struct Desk {
  const Surroundings& surroundings;
  Complaints& complaints;
  bool follows_references = true;  // else ${NAME} is text like any other
};

// A place where a value is, or could be.
class Value {
 public:
  // `node` is null when nothing is written there; `key` is where the value's key stands, or, when there is
  // none, whatever else to point at.
  Value(const Node* node, Position key, std::string path, const Desk& desk)
      : node_(node), key_(key), path_(std::move(path)), desk_(&desk) {}

  // False when neither key nor value is there.
  bool written() const { return node_ != nullptr; }
  // True when there is no value, with or without a key.
  bool empty() const { return node_ == nullptr || node_->shape == Shape::nothing; }
  Shape shape() const { return node_ == nullptr ? Shape::nothing : node_->shape; }
  const std::string& path() const { return path_; }
  const Desk& desk() const { return *desk_; }
  const Node* node() const { return node_; }
  Position key() const { return key_; }
  // The scalar as it stands in the file, references not followed; "" for anything else.
  std::string_view raw() const { return node_ == nullptr ? std::string_view() : std::string_view(node_->text); }

  // Complains at the value, or at the key when there is no value.
  void wrong(std::string what, std::string remedy) const;
  void doubtful(std::string what, std::string remedy) const;
  void wrong_key(std::string what, std::string remedy) const;

  // True when this is a scalar, or complains: of a value that is missing only if somebody wrote its key.
  bool is_scalar() const;
  // The scalar with its ${NAME} replaced ("$${" stands for "${"). Nothing after complaining.
  std::optional<std::string> text() const;
  // The value of a mapping's key; nothing, when this is no mapping or has no such key.
  Value operator[](std::string_view key) const;
  // The items; none, after complaining, when this is no list.
  std::vector<Value> items() const;

 private:
  Position place() const { return empty() ? key_ : node_->at; }

  const Node* node_;
  Position key_;
  std::string path_;
  const Desk* desk_;
};

// A mapping with fixed keys. Complains on construction about every key that is in neither list; those of
// `planned` belong to later versions and get a complaint that says so.
class Section {
 public:
  Section(const Value& value, const Names& known, const Names& planned = {});
  Value operator[](std::string_view key) const { return value_[key]; }

 private:
  Value value_;
};

// A mapping whose keys the operator chose.
struct Member {
  std::string name;
  Value value;
};
std::vector<Member> members(const Value& value);

// These leave `out` as it is when nothing is written, and after complaining.
void read_text(const Value& value, std::string& out);
void read_flag(const Value& value, bool& out);
void read_choice(const Value& value, const Names& choices, std::string& out);
void read_number(const Value& value, std::uint64_t least, std::uint64_t most, std::uint64_t& out);
void read_size(const Value& value, std::uint64_t least, std::uint64_t most, std::uint64_t& out);
void read_duration(const Value& value, std::chrono::milliseconds least, std::chrono::milliseconds& out);

// The path of a PEM file, which has to be there and to hold what it is for. True when it was looked at and does.
bool read_pem(const Value& value, Pem purpose, std::string& path);

// A credential: ${NAME} or file:/path; written literally it is a warning. No complaint shows any of it.
void read_secret(const Value& value, Secret& out);
// The same for one that never travels as it is, and may have any characters.
void read_secret_text(const Value& value, Secret& out);

}  // namespace sluice::config
