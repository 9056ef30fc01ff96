#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "config/complaints.hpp"

// YAML text as a tree of values that know where they stand. The only file that knows yaml-cpp is yaml.cpp.
namespace sluice::config {

struct Node;

// One `key: value` of a mapping.
struct Entry {
  std::string key;
  Position at;  // of the key
  const Node* value = nullptr;
};

enum class Shape : std::uint8_t { nothing, scalar, sequence, mapping };

// A value as it is written. Aliases lead to the node they name, so a node may have several parents; it never
// contains itself.
struct Node {
  Shape shape = Shape::nothing;
  Position at;
  std::string text;                // of a scalar, unquoted and unescaped
  std::vector<const Node*> items;  // of a sequence
  std::vector<Entry> entries;      // of a mapping, each key once
  std::uint64_t weight = 1;        // values in here when all aliases are written out
  bool complete = false;           // false while it is being read
};

// Owns its nodes; `root` is null when the text could not be read.
struct Document {
  std::deque<Node> nodes;
  const Node* root = nullptr;
};

// Reads one YAML document. What is wrong goes to `complaints`: a syntax error as one complaint, otherwise every
// key given twice, key that is no text, and tag. Refuses texts over 4 MiB, that are not UTF-8, nest deeper than
// 64 levels, or whose aliases would write out to more than a million values. Throws nothing but bad_alloc.
Document parse_yaml(std::string_view text, Complaints& complaints);

}  // namespace sluice::config
