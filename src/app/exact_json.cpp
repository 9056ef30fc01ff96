#include "app/exact_json.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace sluice::app {
namespace {

constexpr std::size_t deepest_nesting = 32;

// Builds the tree from the parser's events; each returns whether to go on.
class ExactBuilder {
 public:
  using Json = nlohmann::ordered_json;

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(Json::number_integer_t value) { return add(value); }
  bool number_unsigned(Json::number_unsigned_t value) { return add(value); }
  bool number_float(Json::number_float_t, const std::string& text) { return add(text); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(Json::binary_t&) { return false; }  // not in JSON
  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    if (open_.back()->contains(name)) return false;
    name_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const Json::exception&) { return false; }

  Json tree;

 private:
  // Where a value goes: what is open grows only at its end, and only while nothing in it is open.
  Json& place() {
    if (open_.empty()) return tree;
    Json& parent = *open_.back();
    if (parent.is_object()) return parent[name_];
    parent.push_back(nullptr);
    return parent.back();
  }
  bool add(Json value) {
    place() = std::move(value);
    return true;
  }
  bool open(Json value) {
    if (open_.size() == deepest_nesting) return false;
    Json& opened = place();
    opened = std::move(value);
    open_.push_back(&opened);
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::vector<Json*> open_;
  std::string name_;  // of the member whose value comes next
};

}  // namespace

std::optional<nlohmann::ordered_json> exact_json(std::string_view text) {
  ExactBuilder builder;
  if (!nlohmann::ordered_json::sax_parse(text, &builder)) return std::nullopt;
  return std::move(builder.tree);
}

}  // namespace sluice::app
