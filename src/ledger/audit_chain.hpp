#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sluice/ledger/audit.hpp>

namespace sluice::ledger {

// Times as the database and the hashes have them.
std::int64_t microseconds_of(UtcTime time);
UtcTime time_of(std::int64_t microseconds);

// A JSON object of texts, members in the order given.
std::string details_json(const AuditDetails& details);

// Which record is the newest.
struct AuditHead {
  std::uint64_t number = 0;
  Digest hash{};

  // One line: "NUMBER HASH".
  std::string text() const;
  static std::optional<AuditHead> read(std::string_view text);
};

// Walks along a trail from its first record. A head file may be behind the trail, since it is written after the record
// is safe; it may never be ahead.
class AuditWalk {
 public:
  // Whether the trail's head is kept in a file as well.
  enum class Head : std::uint8_t { kept, not_kept };

  // The head as the file has it; nothing: there is no such file, or it is garbled.
  explicit AuditWalk(std::optional<AuditHead> head, Head kept = Head::kept) : head_(head), kept_(kept) {}

  // The next record. False when the walk is over, because something is wrong.
  bool step(const AuditRecord& record);
  AuditVerdict end();

 private:
  bool broke(std::uint64_t number, std::string problem);

  std::optional<AuditHead> head_;
  Head kept_;
  AuditHead last_;
  AuditVerdict verdict_;
};

}  // namespace sluice::ledger
