#include <sluice/telemetry/access_log.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include <sluice/base/text.hpp>

#include "telemetry/line_writer.hpp"

namespace sluice {
namespace {

constexpr std::size_t longest_path = 1024;  // bytes; a stranger's, and the line shall stay readable

// Fills `digits` with a number, zeros in front.
template <std::size_t width>
void put(char* digits, std::uint32_t value) {
  for (std::size_t i = width; i-- > 0; value /= 10) digits[i] = static_cast<char>('0' + value % 10);
}

template <class Integer>
void append_number(std::string& out, Integer value) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

// RFC 3339, in UTC, with milliseconds; for years of four digits.
void append_time(std::string& out, UtcTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const auto of_day = static_cast<std::uint32_t>(floor<milliseconds>(time - day).count());
  char text[] = "0000-00-00T00:00:00.000Z";
  put<4>(text, static_cast<std::uint32_t>(static_cast<int>(date.year())));
  put<2>(text + 5, static_cast<unsigned>(date.month()));
  put<2>(text + 8, static_cast<unsigned>(date.day()));
  put<2>(text + 11, of_day / 3'600'000);
  put<2>(text + 14, of_day / 60'000 % 60);
  put<2>(text + 17, of_day / 1'000 % 60);
  put<3>(text + 20, of_day % 1'000);
  out.append(text, sizeof text - 1);
}

// Milliseconds with three decimals.
void append_milliseconds(std::string& out, Duration took) {
  using std::chrono::microseconds;
  const auto all = std::max(microseconds(0), std::chrono::floor<microseconds>(took)).count();
  std::array<char, 24> digits;
  char* const point = std::to_chars(digits.data(), digits.data() + 20, all / 1'000).ptr;
  *point = '.';
  put<3>(point + 1, static_cast<std::uint32_t>(all % 1'000));
  out.append(digits.data(), point + 4);
}

// `start` ends with the opening quote.
void append_text(std::string& out, std::string_view start, std::string_view text) {
  out += start;
  append_json_escaped(out, text);
  out += '"';
}

// `start` ends with the opening quote, which null does without.
void append_text_or_null(std::string& out, std::string_view start, std::string_view text) {
  if (!text.empty()) return append_text(out, start, text);
  out += start.substr(0, start.size() - 1);
  out += "null";
}

void append_who(std::string& out, const AccessRecord& record) {
  out += R"({"time":")";
  append_time(out, record.time);
  append_text(out, R"(","request_id":")", record.request_id);
  append_text(out, R"(,"client":")", record.client);
  append_text(out, R"(,"method":")", record.method);
  append_text(out, R"(,"path":")", record.path.substr(0, longest_path));
  out += R"(,"status":)";
  append_number(out, record.status);
  append_text_or_null(out, R"(,"error":")", record.error);
  append_text_or_null(out, R"(,"key":")", record.key);
  append_text_or_null(out, R"(,"team":")", record.team);
}

void append_what(std::string& out, const AccessRecord& record) {
  append_text_or_null(out, R"(,"route":")", record.route);
  append_text_or_null(out, R"(,"model":")", record.model);
  append_text_or_null(out, R"(,"provider":")", record.provider);
  out += R"(,"attempts":)";
  append_number(out, record.attempts);
  out += record.stream ? R"(,"stream":true)" : R"(,"stream":false)";
  out += record.cut ? R"(,"cut":true)" : R"(,"cut":false)";
}

void append_how_much(std::string& out, const AccessRecord& record) {
  if (record.counted) {
    out += R"(,"input_tokens":)";
    append_number(out, record.input_tokens);
    out += R"(,"output_tokens":)";
    append_number(out, record.output_tokens);
  } else {
    out += R"(,"input_tokens":null,"output_tokens":null)";
  }
  out += R"(,"cost_nano_usd":)";
  if (record.cost_nano_usd) {
    append_number(out, *record.cost_nano_usd);
  } else {
    out += "null";
  }
  out += R"(,"first_byte_ms":)";
  if (record.first_byte) {
    append_milliseconds(out, *record.first_byte);
  } else {
    out += "null";
  }
  out += R"(,"duration_ms":)";
  append_milliseconds(out, record.duration);
  out += R"(,"bytes_in":)";
  append_number(out, record.bytes_in);
  out += R"(,"bytes_out":)";
  append_number(out, record.bytes_out);
  if (!record.dropped.empty()) append_text(out, R"(,"dropped":")", record.dropped);
  out += "}\n";
}

// Formats in one of a few strings that keep their memory, then copies the line to the writer.
class WrittenAccessLog final : public AccessLog {
 public:
  explicit WrittenAccessLog(int descriptor) : writer_(descriptor) {
    for (Desk& desk : desks_) desk.line.reserve(2048);
  }

  void write(const AccessRecord& record) override {
    const auto [desk, lock] = free_desk();
    std::string& line = desk->line;
    line.clear();
    append_who(line, record);
    append_what(line, record);
    append_how_much(line, record);
    writer_.write(line);
  }

  std::uint64_t dropped() const override { return writer_.dropped(); }

 private:
  struct alignas(64) Desk {
    std::mutex taken;
    std::string line;
  };
  using Seat = std::pair<Desk*, std::unique_lock<std::mutex>>;

  // The thread's usual one, or the next that nobody uses; waits only if all are in use.
  Seat free_desk() {
    const std::size_t usual = std::hash<std::thread::id>()(std::this_thread::get_id());
    for (std::size_t i = 0; i < desks_.size(); ++i) {
      Desk& desk = desks_[(usual + i) % desks_.size()];
      std::unique_lock lock(desk.taken, std::try_to_lock);
      if (lock) return {&desk, std::move(lock)};
    }
    Desk& desk = desks_[usual % desks_.size()];
    return {&desk, std::unique_lock(desk.taken)};
  }

  std::array<Desk, 16> desks_;
  telemetry::LineWriter writer_;
};

}  // namespace

std::unique_ptr<AccessLog> make_access_log(int descriptor) { return std::make_unique<WrittenAccessLog>(descriptor); }

}  // namespace sluice
