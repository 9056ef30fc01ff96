#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/result.hpp>

#include "chat/json_walk.hpp"

// JSON (RFC 8259) as a tree of places in the text: for readers that want most of a document. Nothing is copied or
// converted until it is asked for, so that every value can also be had in its writer's own bytes.
namespace sluice::chat::json {

class Tree;

// A value in a tree, or nothing. Cheap to copy; lives as long as the tree. Looking into nothing, or into a value of the
// wrong kind, gives nothing: a chain of look-ups is checked once, at its end.
class Value {
 public:
  Value() = default;

  explicit operator bool() const { return kind() != Kind::none; }
  Kind kind() const;
  bool is_null() const { return kind() == Kind::null; }
  bool is_string() const { return kind() == Kind::string; }
  bool is_number() const { return kind() == Kind::number; }
  bool is_object() const { return kind() == Kind::object; }
  bool is_array() const { return kind() == Kind::array; }
  // Neither there nor null: for dialects that write "none" in either way.
  bool absent() const { return kind() == Kind::none || kind() == Kind::null; }

  // The member of that name; of several the last.
  Value operator[](std::string_view name) const;
  // Of an array.
  Value operator[](std::size_t index) const;
  // Members of an object or items of an array.
  std::size_t size() const;

  // The value as it is written; empty for nothing.
  std::string_view raw() const;
  // What a string says; empty when it is none.
  std::string string() const;
  std::optional<std::string> if_string() const;
  // Whether it is a string that says exactly this.
  bool is(std::string_view text) const;
  // A number that is a whole one (also spelled 12.0) from 0 to 2^53, which every reader keeps exactly.
  std::optional<std::uint64_t> whole() const;
  // The same with a sign, from -2^63 to 2^63-1.
  std::optional<std::int64_t> integer() const;
  std::optional<double> number() const;
  std::optional<bool> boolean() const;

  // The name under which it stands in an object.
  std::string name() const;

  // Children in the order they are written: for (Value item : list).
  class Iterator;
  Iterator begin() const;
  Iterator end() const;

 private:
  friend class Tree;
  Value(const Tree* tree, std::uint32_t node) : tree_(tree), node_(node) {}

  const Tree* tree_ = nullptr;
  std::uint32_t node_ = 0;
};

// Borrows the text. At most max_depth deep (json_walk.hpp).
class Tree {
 public:
  // The tree of a text, or why it is not JSON.
  static Tree read(std::string_view text);

  explicit operator bool() const { return static_cast<bool>(verdict_); }
  const Verdict& verdict() const { return verdict_; }
  // Nothing when the text is not JSON.
  Value root() const;

 private:
  friend class Value;
  struct Node {
    Kind kind = Kind::none;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint32_t name_begin = 0;  // inside the quotes; name_end 0: none
    std::uint32_t name_end = 0;
    std::uint32_t next = 0;   // the node behind this one and all it holds
    std::uint32_t count = 0;  // children
  };
  void build();

  std::string_view text_;
  Verdict verdict_;
  std::vector<Node> nodes_;
};

class Value::Iterator {
 public:
  Iterator(const Tree* tree, std::uint32_t node) : tree_(tree), node_(node) {}
  Value operator*() const { return {tree_, node_}; }
  Iterator& operator++();
  bool operator==(const Iterator& other) const { return node_ == other.node_; }

 private:
  const Tree* tree_;
  std::uint32_t node_;
};

}  // namespace sluice::chat::json
