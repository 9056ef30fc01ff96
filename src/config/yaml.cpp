#include "config/yaml.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

namespace sluice::config {
namespace {

constexpr std::size_t longest_text = 4u << 20;
constexpr std::size_t deepest_nesting = 64;
constexpr std::uint64_t most_values = 1'000'000;

// Why reading stopped. yaml-cpp's parser is recursive and can be stopped only by an exception; this one never
// leaves this file.
struct Refusal {
  Position at;
  std::string path;
  std::string what;
  std::string remedy;
};

// Turns yaml-cpp's marks and byte offsets into positions.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {
    for (std::size_t i = 0; i < text.size(); ++i)
      if (text[i] == '\n') starts_.push_back(i + 1);
  }

  Position at_offset(std::size_t offset) const {
    offset = std::min(offset, text_.size());
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
    const std::size_t line = static_cast<std::size_t>(after - starts_.begin()) - 1;
    return {static_cast<int>(line) + 1, characters(starts_[line], offset) + 1};
  }

  // yaml-cpp counts lines and columns from 0, columns in bytes; a mark may be missing (-1).
  Position at_mark(const YAML::Mark& mark) const {
    if (mark.line < 0 || mark.column < 0) return {};
    const auto line = static_cast<std::size_t>(mark.line);
    if (line >= starts_.size()) return at_offset(text_.size());
    const std::size_t start = starts_[line];
    const std::size_t end = std::min(start + static_cast<std::size_t>(mark.column), text_.size());
    // Marks come in rising order, so that a line of any length is counted once.
    if (counted_from_ != start || counted_to_ > end) {
      counted_from_ = counted_to_ = start;
      count_ = 0;
    }
    count_ += characters(counted_to_, end);
    counted_to_ = end;
    return {static_cast<int>(line) + 1, count_ + 1};
  }

 private:
  int characters(std::size_t from, std::size_t to) const {
    int count = 0;
    for (std::size_t i = from; i < to; ++i)
      if ((static_cast<unsigned char>(text_[i]) & 0xC0) != 0x80) ++count;
    return count;
  }

  std::string_view text_;
  std::vector<std::size_t> starts_{0};
  mutable std::size_t counted_from_ = 0;
  mutable std::size_t counted_to_ = 0;
  mutable int count_ = 0;
};

// How many bytes the UTF-8 sequence at `at` has (RFC 3629 §4), or 0 if there is none.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const unsigned lead = byte(at);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                             : lead >= 0xE0 && lead <= 0xEF ? 3
                             : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                            : 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
  const unsigned second = byte(at + 1);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool outside = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);
  return overlong || outside ? 0 : length;
}

// Whether YAML allows the character as it is (YAML 1.2 §5.1); multi-byte ones are judged by utf8_length.
bool is_allowed(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7F) || c == '\t' || c == '\n' || c == '\r';
}

std::optional<Refusal> unreadable(std::string_view text, const Lines& lines) {
  if (text.size() > longest_text)
    return Refusal{{}, "", "the configuration is longer than 4 MiB", "split or shorten it"};
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    if (length == 0) return Refusal{lines.at_offset(at), "", "the text is not UTF-8", "save the file as UTF-8"};
    if (!is_allowed(text[at])) return Refusal{lines.at_offset(at), "", "a control character in the text", "remove it"};
    at += length;
  }
  return std::nullopt;
}

// Whether somebody wrote `null` or `~` at this offset, or yaml-cpp only says that nothing is there.
bool is_written_null(std::string_view text, std::size_t offset) {
  if (offset >= text.size()) return false;
  constexpr std::array<std::string_view, 4> words{"~", "null", "Null", "NULL"};
  for (const std::string_view word : words) {
    if (text.substr(offset, word.size()) != word) continue;
    const std::size_t end = offset + word.size();
    return end >= text.size() || std::string_view(" \t\r\n,]}#").find(text[end]) != std::string_view::npos;
  }
  return false;
}

// Builds the tree from the parser's events.
class Builder : public YAML::EventHandler {
 public:
  Builder(std::string_view text, const Lines& lines, Document& document, Complaints& complaints)
      : text_(text), lines_(lines), document_(document), complaints_(complaints) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const bool written = mark.pos >= 0 && is_written_null(text_, static_cast<std::size_t>(mark.pos));
    Node& node =
        make(Shape::nothing, written || frames_.empty() ? lines_.at_mark(mark) : frames_.back().nearest(), anchor);
    node.complete = true;
    add(node, node.at);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) return;
    if (!found->second->complete)
      throw Refusal{lines_.at_mark(mark), path(), "an alias that leads into itself", "write the value out"};
    add(*found->second, lines_.at_mark(mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    Node& node = make(Shape::scalar, lines_.at_mark(mark), anchor);
    node.text = value;
    node.complete = true;
    add(node, node.at);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Shape::sequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Shape::mapping, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  // A sequence or mapping whose end has not come yet.
  struct Frame {
    Node* node;
    bool has_key = false;   // of a mapping: the next node is a value
    bool good_key = false;  // that value is to be kept
    std::string key;
    Position key_at;
    std::unordered_map<std::string, int> lines_of_keys;

    // Where to point at for something that is not written.
    Position nearest() const { return has_key ? key_at : node->at; }
  };

  Node& make(Shape shape, Position at, YAML::anchor_t anchor) {
    Node& node = document_.nodes.emplace_back();
    node.shape = shape;
    node.at = at;
    if (anchor != YAML::NullAnchor) anchors_[anchor] = &node;
    return node;
  }

  void open(Shape shape, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_tag(mark, tag);
    if (frames_.size() >= deepest_nesting)
      throw Refusal{lines_.at_mark(mark), "", "nested deeper than 64 levels",
                    "no setting needs that; check the brackets"};
    Node& node = make(shape, lines_.at_mark(mark), anchor);
    frames_.push_back(Frame{&node, false, false, {}, {}, {}});
  }

  void close() {
    Node& node = *frames_.back().node;
    frames_.pop_back();
    node.complete = true;
    add(node, node.at);
  }

  void add(const Node& node, Position at) {
    if (frames_.empty()) {
      document_.root = &node;
      return;
    }
    Frame& top = frames_.back();
    top.node->weight += node.weight;
    if (top.node->weight > most_values)
      throw Refusal{at, path(), "more than a million values, counting what aliases stand for", "use fewer aliases"};
    if (top.node->shape == Shape::sequence) {
      top.node->items.push_back(&node);
    } else if (!top.has_key) {
      take_key(top, node, at);
    } else {
      if (top.good_key) top.node->entries.push_back({std::move(top.key), top.key_at, &node});
      top.has_key = false;
    }
  }

  void take_key(Frame& top, const Node& node, Position at) {
    top.good_key = node.shape == Shape::scalar;
    if (!top.good_key)
      complaints_.error(at, path(), "a key that is no text", "keys are names; put quotes around special characters");
    top.key = node.text;
    top.key_at = at;
    top.has_key = true;
    if (!top.good_key) return;
    const auto [known, is_new] = top.lines_of_keys.emplace(top.key, at.line);
    if (is_new) return;
    top.good_key = false;
    complaints_.error(at, path(), "given twice, first on line " + std::to_string(known->second), "keep one of them");
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    // "?" and "!" are what yaml-cpp says of untagged plain and quoted values.
    if (tag.empty() || tag == "?" || tag == "!") return;
    complaints_.error(lines_.at_mark(mark), path(), "YAML tags are not supported", "remove the tag");
  }

  // The path of the value that is being read.
  std::string path() const {
    std::string out;
    for (const Frame& frame : frames_) {
      if (frame.node->shape == Shape::sequence) {
        out = item_path(out, frame.node->items.size());
      } else if (frame.has_key) {
        out = member_path(out, frame.key);
      }
    }
    return out;
  }

  std::string_view text_;
  const Lines& lines_;
  Document& document_;
  Complaints& complaints_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, Node*> anchors_;
};

// Says that nothing may follow the first document.
class NothingMore : public YAML::EventHandler {
 public:
  explicit NothingMore(const Lines& lines) : lines_(lines) {}
  void OnDocumentStart(const YAML::Mark& mark) override {
    throw Refusal{lines_.at_mark(mark), "", "something follows the end of the configuration",
                  "one file holds one; check brackets, quotes and ---"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  const Lines& lines_;
};

// yaml-cpp's words without what follows a colon: that is a piece of the text, and may be a piece of a secret.
std::string syntax_words(const std::string& message) {
  if (message.rfind(YAML::ErrorMsg::UNKNOWN_ANCHOR, 0) == 0) return "an alias without an anchor of that name";
  if (message == YAML::ErrorMsg::EOF_IN_SCALAR || message == YAML::ErrorMsg::DOC_IN_SCALAR)
    return "not valid YAML: a quote that is not closed";
  return "not valid YAML: " + message.substr(0, message.find(':'));
}

// What to do about a syntax error, from what stands where yaml-cpp stumbled: it names the rule that was broken, not
// the slip that breaks it. Shows nothing of the text.
std::string syntax_remedy(std::string_view text, const YAML::Exception& error) {
  const std::size_t at =
      error.mark.pos < 0 ? text.size() : std::min(static_cast<std::size_t>(error.mark.pos), text.size());
  if (at > 0 && text.substr(at - 1, 2) == "${") return "inside {} and [], put quotes around it: \"${NAME}\"";
  if (error.msg.rfind(YAML::ErrorMsg::UNKNOWN_ANCHOR, 0) == 0 || error.msg == YAML::ErrorMsg::ALIAS_NOT_FOUND)
    return "put quotes around what begins with *, as in \"*\" or \"*-mini\"";
  const std::size_t before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  const std::string_view line = text.substr(before == std::string_view::npos ? 0 : before + 1);
  if (line.substr(0, line.find_first_not_of(" \t-")).find('\t') != std::string_view::npos)
    return "the line begins with a tab; indent with spaces";
  return "check the indentation and quote values with special characters";
}

void read_events(std::string_view text, const Lines& lines, Document& document, Complaints& complaints) {
  // yaml-cpp 0.7 takes the end of the text for the end of an open quote when a line break stands before it, but
  // not the mark that ends a document.
  std::istringstream stream(std::string(text) + "\n...\n");
  YAML::Parser parser(stream);
  Builder builder(text, lines, document, complaints);
  if (!parser.HandleNextDocument(builder)) return;
  NothingMore nothing_more(lines);
  parser.HandleNextDocument(nothing_more);
}

}  // namespace

Document parse_yaml(std::string_view text, Complaints& complaints) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.substr(0, 3) == byte_order_mark) text.remove_prefix(3);
  const Lines lines(text.substr(0, longest_text));
  Document document;
  Complaints found;
  std::optional<Refusal> refusal = unreadable(text, lines);
  if (!refusal) {
    try {
      read_events(text, lines, document, found);
    } catch (const Refusal& refused) {
      refusal = refused;
    } catch (const YAML::Exception& error) {
      refusal = Refusal{lines.at_mark(error.mark), "", syntax_words(error.msg), syntax_remedy(text, error)};
    }
  }
  if (!refusal && (document.root == nullptr || document.root->shape == Shape::nothing))
    refusal = Refusal{{}, "", "the configuration is empty", "write at least a provider and a model"};
  if (refusal) {
    complaints.error(refusal->at, refusal->path, refusal->what, refusal->remedy);
    document.root = nullptr;
    return document;
  }
  for (Complaint& complaint : std::move(found).in_order())
    complaints.error({complaint.line, complaint.column}, std::move(complaint.path), std::move(complaint.what),
                     std::move(complaint.remedy));
  return document;
}

}  // namespace sluice::config
