#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/base/digest.hpp>

// Who changed what. Records are chained: the hash of each covers the one before it,
//
//   h(n) = SHA-256(h(n-1), record n)        h(0) is 32 zero bytes
//
// where a record is its fields, each behind its length, so that no two records are the same bytes. The newest hash is
// also kept in a file of its own. What that detects: a record that was changed, left out, put in or moved, and a tail
// that was cut off. What it cannot: a chain that somebody with write access to both files has computed anew from
// some record on. Whoever has to be safe from that keeps a copy of the head elsewhere.
namespace sluice::ledger {

// Who acts, as far as is known.
struct Actor {
  std::string name;             // "admin", "cli:USER"
  std::string request_id = {};  // empty: it was no request
  std::string address = {};     // empty: it came from this machine
  // The one team whose keys they may change: to them no other is there. Nothing: all. Is no part of a record.
  std::optional<std::string> team = {};
};

// Names and numbers for people. Never secrets.
using AuditDetails = std::vector<std::pair<std::string, std::string>>;

struct AuditRecord {
  std::uint64_t number = 0;  // from 1, without gaps
  UtcTime time{};
  Actor actor;
  std::string action;   // "key.create"
  std::string object;   // what it was done to
  std::string details;  // a JSON object of texts
  Digest hash{};
};

// How an audit trail was found.
struct AuditVerdict {
  std::uint64_t records = 0;              // in the trail
  std::optional<std::uint64_t> broken{};  // the first record that is not as it was written, or missing
  std::string problem;                    // in words; empty: the trail is whole
  bool whole() const { return problem.empty(); }
};

// The hash a record must have after one of that hash.
Digest audit_hash(const Digest& before, const AuditRecord& record);

}  // namespace sluice::ledger
