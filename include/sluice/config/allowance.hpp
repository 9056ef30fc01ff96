#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sluice/base/result.hpp>
#include <sluice/config/config.hpp>
#include <sluice/ledger/terms.hpp>

// What somebody may use and spend, written elsewhere than in a configuration: read as it is there.
namespace sluice::config {

// A value as an operator wrote it, in the shapes that values of a configuration have.
struct Written {
  enum class Shape : std::uint8_t { nothing, text, list, mapping };
  struct Member;
  Shape shape = Shape::nothing;
  std::string text;  // of a number its digits, as they stand
  std::vector<Written> items;
  std::vector<Member> members;  // each name once
};
struct Written::Member {
  std::string name;
  Written value;
};

struct Allowance {
  ledger::Terms terms;
  std::optional<Exhausted> exhausted;  // nothing: as for a key's team
};

// What `limits`, `budget` and `on_exhausted` of a mapping say; its other members are not looked at. ${NAME} is text
// like any other. Whether there is a model of the name that is written is not asked. An Error tells the first thing
// that is wrong, in a configuration's words: "limits.rpm: found \"x\"; use a whole number between 1 and 1000000000000".
Result<Allowance> read_allowance(const Written& owner);

}  // namespace sluice::config
