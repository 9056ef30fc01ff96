#include "ledger/audit_chain.hpp"

#include <array>

#include <sluice/base/text.hpp>

#include "ledger/hex_digits.hpp"

namespace sluice::ledger {
namespace {

// "SIZE:BYTES,", as netstrings are written.
void append_field(std::string& out, std::string_view field) {
  out += std::to_string(field.size());
  out += ':';
  out.append(field);
  out += ',';
}

std::string canonical(const AuditRecord& record) {
  std::string out;
  append_field(out, std::to_string(record.number));
  append_field(out, std::to_string(microseconds_of(record.time)));
  append_field(out, record.actor.name);
  append_field(out, record.actor.request_id);
  append_field(out, record.actor.address);
  append_field(out, record.action);
  append_field(out, record.object);
  append_field(out, record.details);
  return out;
}

std::string_view bytes_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

std::int64_t microseconds_of(UtcTime time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

UtcTime time_of(std::int64_t microseconds) { return UtcTime(std::chrono::microseconds(microseconds)); }

std::string details_json(const AuditDetails& details) {
  std::string out = "{";
  for (const auto& [name, value] : details) {
    if (out.size() > 1) out += ',';
    out += '"';
    append_json_escaped(out, name);
    out += "\":\"";
    append_json_escaped(out, value);
    out += '"';
  }
  return out + '}';
}

Digest audit_hash(const Digest& before, const AuditRecord& record) {
  const std::string fields = canonical(record);
  const std::array<std::string_view, 2> pieces{bytes_of(before), fields};
  return sha256(pieces);
}

std::string AuditHead::text() const { return std::to_string(number) + " " + hex(hash) + "\n"; }

std::optional<AuditHead> AuditHead::read(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || !text.ends_with('\n')) return std::nullopt;
  const auto number = parse_decimal(text.substr(0, space));
  const auto hash = bytes_of_hex<32>(text.substr(space + 1, text.size() - space - 2));
  if (!number || !hash) return std::nullopt;
  return AuditHead{*number, *hash};
}

bool AuditWalk::step(const AuditRecord& record) {
  if (!verdict_.whole()) return false;
  const std::uint64_t due = last_.number + 1;
  if (record.number != due) return broke(due, "record " + std::to_string(due) + " is missing");
  if (audit_hash(last_.hash, record) != record.hash) {
    return broke(due, "record " + std::to_string(due) + " is not as it was written");
  }
  last_ = {record.number, record.hash};
  verdict_.records = record.number;
  if (head_ && head_->number == record.number && head_->hash != record.hash) {
    return broke(due, "record " + std::to_string(due) + " is another than the head file names");
  }
  return true;
}

AuditVerdict AuditWalk::end() {
  if (!verdict_.whole()) return verdict_;
  if (head_ && head_->number > last_.number) {
    broke(last_.number + 1, "records from " + std::to_string(last_.number + 1) + " to " +
                                std::to_string(head_->number) + " are missing at the end");
  }
  if (!head_ && kept_ == Head::kept && last_.number > 0) {
    verdict_.problem = "the file with the trail's head is missing or unreadable";
  }
  return verdict_;
}

bool AuditWalk::broke(std::uint64_t number, std::string problem) {
  verdict_.broken = number;
  verdict_.problem = std::move(problem);
  return false;
}

}  // namespace sluice::ledger
