#include "ledger/record_codec.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

namespace sluice::ledger {
namespace {

constexpr char codec_version = 2;
constexpr std::uint8_t version_without_savings = 1;  // is still read
constexpr std::uint8_t stream_bit = 1;
constexpr std::uint8_t crashed_bit = 2;

using SinceEpoch = std::chrono::duration<std::int64_t, std::nano>;

// Small numbers of either sign become small ones without.
std::uint64_t zigzag(std::int64_t number) {
  return (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
}
std::int64_t unzigzag(std::uint64_t number) { return static_cast<std::int64_t>((number >> 1) ^ (0 - (number & 1))); }

// Writes one thing behind the other. Whoever uses it made sure that there is room.
class RecordPen {
 public:
  explicit RecordPen(char* at) : at_(at) {}
  char* at() const { return at_; }
  void byte(char value) { *at_++ = value; }
  void number(std::uint64_t value) {
    if (value < 0x80) return byte(static_cast<char>(value));  // most are
    at_ = put_varint(at_, value);
  }
  void signed_number(std::int64_t value) { number(zigzag(value)); }
  void text(std::string_view text, std::size_t most) {
    if (text.size() > most) text = cut_to(most, text);
    number(text.size());
    if (!text.empty()) std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void counts(const Counts& counts) {
    number(counts.input);
    number(counts.cache_read);
    number(counts.cache_write);
    number(counts.cache_write_1h);
    number(counts.output);
    number(counts.reasoning);
    number(counts.audio_input);
    number(counts.audio_output);
    number(counts.images);
  }

 private:
  char* at_;
};

// Reads one thing behind the other, and nothing any more once something was missing.
class RecordEye {
 public:
  explicit RecordEye(std::string_view bytes) : bytes_(bytes) {}
  bool good() const { return good_; }
  bool at_end() const { return good_ && bytes_.empty(); }
  std::uint8_t byte() {
    if (!good_ || bytes_.empty()) return fail();
    const auto value = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return value;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    if (good_ && take_varint(bytes_, value)) return value;
    return fail();
  }
  std::int64_t signed_number() { return unzigzag(number()); }
  template <class Number>
  Number small() {
    const std::uint64_t value = number();
    if (value > std::numeric_limits<Number>::max()) return fail();
    return static_cast<Number>(value);
  }
  std::int32_t status() {
    const std::int64_t value = signed_number();
    if (value < std::numeric_limits<std::int32_t>::min() || value > std::numeric_limits<std::int32_t>::max())
      return fail();
    return static_cast<std::int32_t>(value);
  }
  CountSource source() {
    const std::uint8_t value = byte();
    if (value > static_cast<std::uint8_t>(CountSource::estimated)) fail();
    return good_ ? static_cast<CountSource>(value) : CountSource::estimated;
  }
  void text(std::string& text) {
    const std::uint64_t size = number();
    if (!good_ || size > bytes_.size()) {
      fail();
      text.clear();
      return;
    }
    text.assign(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
  }
  void counts(Counts& counts) {
    counts.input = number();
    counts.cache_read = number();
    counts.cache_write = number();
    counts.cache_write_1h = number();
    counts.output = number();
    counts.reasoning = number();
    counts.audio_input = number();
    counts.audio_output = number();
    counts.images = number();
  }
  std::uint8_t fail() {
    good_ = false;
    return 0;
  }

 private:
  std::string_view bytes_;
  bool good_ = true;
};

void write_attempt(RecordPen& pen, const AttemptRecord& attempt) {
  pen.byte(1);
  pen.text(attempt.provider, most_short_name_bytes);
  pen.text(attempt.model, most_name_bytes);
  pen.number(attempt.key);
  pen.text(attempt.outcome, most_short_name_bytes);
  pen.signed_number(attempt.status);
  pen.counts(attempt.counts);
  pen.signed_number(attempt.cost);
  pen.signed_number(attempt.saved);
  pen.byte(static_cast<char>(attempt.source));
  pen.text(attempt.price, most_short_name_bytes);
  pen.number(attempt.began_us);
  pen.number(attempt.took_us);
}

void read_attempt(RecordEye& eye, std::uint8_t version, AttemptRecord& attempt) {
  eye.text(attempt.provider);
  eye.text(attempt.model);
  attempt.key = eye.small<std::uint32_t>();
  eye.text(attempt.outcome);
  attempt.status = eye.status();
  eye.counts(attempt.counts);
  attempt.cost = eye.signed_number();
  attempt.saved = version > version_without_savings ? eye.signed_number() : 0;
  attempt.source = eye.source();
  eye.text(attempt.price);
  attempt.began_us = eye.number();
  attempt.took_us = eye.number();
}

void add_counts(Counts& sum, const Counts& more) {
  sum.input += more.input;
  sum.cache_read += more.cache_read;
  sum.cache_write += more.cache_write;
  sum.cache_write_1h += more.cache_write_1h;
  sum.output += more.output;
  sum.reasoning += more.reasoning;
  sum.audio_input += more.audio_input;
  sum.audio_output += more.audio_output;
  sum.images += more.images;
}

AttemptRecord sum_of(std::span<const AttemptRecord> attempts) {
  AttemptRecord sum;
  sum.outcome = "more";
  sum.began_us = attempts.front().began_us;
  for (const AttemptRecord& attempt : attempts) {
    add_counts(sum.counts, attempt.counts);
    if (__builtin_add_overflow(sum.cost, attempt.cost, &sum.cost)) sum.cost = std::numeric_limits<NanoUsd>::max();
    if (__builtin_add_overflow(sum.saved, attempt.saved, &sum.saved)) sum.saved = 0;  // of amounts nobody pays
    sum.took_us += attempt.took_us;
  }
  return sum;
}

void write_tags(RecordPen& pen, const UsageRecord& record) {
  const std::size_t count = std::min(record.tags.size(), most_tags);
  pen.number(count);
  for (std::size_t at = 0; at < count; ++at) {
    pen.text(record.tags[at].first, most_tag_name_bytes);
    pen.text(record.tags[at].second, most_tag_value_bytes);
  }
}

void read_tags(RecordEye& eye, UsageRecord& record) {
  const std::uint64_t count = eye.number();
  if (count > most_tags) eye.fail();
  record.tags.resize(eye.good() ? count : 0);
  for (auto& [name, value] : record.tags) {
    eye.text(name);
    eye.text(value);
  }
}

void write_head(RecordPen& pen, const UsageRecord& record) {
  pen.byte(codec_version);
  pen.text(record.request_id, most_name_bytes);
  pen.signed_number(std::chrono::duration_cast<SinceEpoch>(record.at.time_since_epoch()).count());
  pen.text(record.key, most_name_bytes);
  pen.text(record.team, most_name_bytes);
  pen.text(record.organisation, most_name_bytes);
  write_tags(pen, record);
  pen.text(record.route, most_short_name_bytes);
  pen.text(record.model_asked, most_name_bytes);
  pen.text(record.model, most_name_bytes);
  pen.text(record.provider, most_short_name_bytes);
  pen.text(record.endpoint, most_short_name_bytes);
  pen.byte(static_cast<char>((record.stream ? stream_bit : 0) | (record.crashed ? crashed_bit : 0)));
  pen.signed_number(record.status);
  pen.text(record.error, most_short_name_bytes);
  pen.counts(record.counts);
  pen.signed_number(record.cost);
  pen.byte(static_cast<char>(record.source));
  pen.text(record.price_version, most_short_name_bytes);
  pen.number(record.first_token_us);
  pen.number(record.took_us);
}

void read_head(RecordEye& eye, std::uint8_t version, UsageRecord& record) {
  if (version < version_without_savings || version > codec_version) eye.fail();
  eye.text(record.request_id);
  record.at = UtcTime(std::chrono::duration_cast<UtcTime::duration>(SinceEpoch(eye.signed_number())));
  eye.text(record.key);
  eye.text(record.team);
  eye.text(record.organisation);
  read_tags(eye, record);
  eye.text(record.route);
  eye.text(record.model_asked);
  eye.text(record.model);
  eye.text(record.provider);
  eye.text(record.endpoint);
  const std::uint8_t bits = eye.byte();
  if (bits > (stream_bit | crashed_bit)) eye.fail();
  record.stream = (bits & stream_bit) != 0;
  record.crashed = (bits & crashed_bit) != 0;
  record.status = eye.status();
  eye.text(record.error);
  eye.counts(record.counts);
  record.cost = eye.signed_number();
  record.source = eye.source();
  eye.text(record.price_version);
  record.first_token_us = eye.number();
  record.took_us = eye.number();
}

}  // namespace

std::string_view cut_to(std::size_t most_bytes, std::string_view text) {
  if (text.size() <= most_bytes) return text;
  std::size_t end = most_bytes;
  // A character has at most three bytes behind its first (RFC 3629).
  for (int back = 0; back < 3 && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80; ++back) --end;
  return text.substr(0, end);
}

char* put_varint(char* at, std::uint64_t number) {
  while (number >= 0x80) {
    *at++ = static_cast<char>(number | 0x80);
    number >>= 7;
  }
  *at++ = static_cast<char>(number);
  return at;
}

bool take_varint(std::string_view& bytes, std::uint64_t& number) {
  number = 0;
  for (std::size_t at = 0; at < bytes.size() && at < most_varint_bytes; ++at) {
    const auto byte = static_cast<unsigned char>(bytes[at]);
    if (at == most_varint_bytes - 1 && byte > 1) return false;
    number |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * at);
    if (byte < 0x80) {
      bytes.remove_prefix(at + 1);
      return true;
    }
  }
  return false;
}

std::size_t write_record(const UsageRecord& record, std::span<char> place) {
  RecordPen pen(place.data());
  write_head(pen, record);
  const std::span<const AttemptRecord> attempts = record.attempts;
  for (std::size_t at = 0; at < attempts.size(); ++at) {
    const auto room = static_cast<std::size_t>(place.data() + place.size() - pen.at());
    if (room < 2 * most_attempt_bytes && at + 1 < attempts.size()) {
      write_attempt(pen, sum_of(attempts.subspan(at)));
      break;
    }
    write_attempt(pen, attempts[at]);
  }
  pen.byte(0);
  return static_cast<std::size_t>(pen.at() - place.data());
}

bool read_record(std::string_view bytes, UsageRecord& record) {
  RecordEye eye(bytes);
  const std::uint8_t version = eye.byte();
  read_head(eye, version, record);
  record.attempts.clear();
  for (std::uint8_t more = eye.byte(); eye.good() && more != 0; more = eye.byte()) {
    if (more != 1) return false;
    read_attempt(eye, version, record.attempts.emplace_back());
  }
  return eye.at_end();
}

}  // namespace sluice::ledger
