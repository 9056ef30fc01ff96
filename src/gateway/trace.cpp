#include "gateway/trace.hpp"

#include <algorithm>
#include <cstdio>

#include <sluice/base/text.hpp>

namespace sluice {
namespace {

// Appends to one JSON object after the other.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  Writer& open(char bracket) {
    out_ += bracket;
    first_ = true;
    return *this;
  }
  void close(char bracket) {
    out_ += bracket;
    first_ = false;
  }
  Writer& item() {
    if (!first_) out_ += ',';
    first_ = false;
    return *this;
  }
  Writer& name(std::string_view name) {
    item();
    out_.append("\"").append(name).append("\":");
    return *this;
  }
  void text(std::string_view member, std::string_view text) {
    name(member);
    out_ += '"';
    append_json_escaped(out_, text);
    out_ += '"';
  }
  void number(std::string_view member, std::int64_t value) {
    name(member);
    out_ += std::to_string(value);
  }
  void flag(std::string_view member, bool value) {
    name(member);
    out_ += value ? "true" : "false";
  }
  void milliseconds(std::string_view member, Duration duration) {
    name(member);
    const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
    std::array<char, 32> room{};
    const int size = std::snprintf(room.data(), room.size(), "%lld.%03lld", static_cast<long long>(microseconds / 1000),
                                   static_cast<long long>(microseconds % 1000));
    out_.append(room.data(), static_cast<std::size_t>(size));
  }

 private:
  std::string& out_;
  bool first_ = true;
};

std::string_view word_of(Exclusion excluded) {
  switch (excluded) {
    case Exclusion::none:
      return "";
    case Exclusion::endpoint:
      return "endpoint";
    case Exclusion::provider:
      return "provider";
    case Exclusion::residency:
      return "residency";
    case Exclusion::retention:
      return "retention";
    case Exclusion::capability:
      return "capability";
    case Exclusion::context:
      return "context";
    case Exclusion::pinned:
      return "affinity";
  }
  return "";
}

void write(Writer& out, const Trace::Target& target, const Metrics& labels) {
  out.item().open('{');
  out.text("provider", labels.text(target.provider));
  out.text("deployment", labels.text(target.deployment));
  if (target.excluded != Exclusion::none) {
    std::string reason(word_of(target.excluded));
    if (target.lacks) reason.append(": ").append(to_string(*target.lacks));
    out.text("excluded", reason);
  } else if (target.closed != traffic::Closed::no) {
    out.text("closed", to_string(target.closed));
  }
  out.flag("warm", target.is_warm);
  out.flag("shaky", target.is_shaky);
  out.flag("short_of_quota", target.is_short);
  out.number("in_flight", target.in_flight);
  if (target.first_token) out.milliseconds("first_token_ms", *target.first_token);
  if (target.price) out.number("price_nano_usd", *target.price);
  out.close('}');
}

void write(Writer& out, const Trace::Attempt& attempt, const Metrics& labels) {
  out.item().open('{');
  out.text("provider", labels.text(attempt.provider));
  out.text("deployment", labels.text(attempt.deployment));
  out.number("key", attempt.key);
  out.flag("repeated", attempt.repeated);
  out.text("outcome", to_string(attempt.outcome));
  out.text("code", labels.text(attempt.code));
  out.milliseconds("took_ms", attempt.took);
  out.close('}');
}

}  // namespace

void Trace::clear() {
  id_size = 0;
  route = labels::none;
  model = labels::none;
  status = 0;
  targets_in_all = 0;
  attempts_in_all = 0;
}

void Trace::note(const Considered& considered) {
  if (targets_in_all++ >= most_targets) return;
  const traffic::LaneView& view = considered.view;
  targets[targets_in_all - 1] = {considered.target->provider->label,
                                 considered.target->deployment,
                                 considered.excluded,
                                 considered.lacks,
                                 view.closed,
                                 considered.is_warm,
                                 view.is_shaky,
                                 view.is_short,
                                 view.in_flight,
                                 view.first_token,
                                 considered.price};
}

void Trace::note(const Attempt& attempt) {
  if (attempts_in_all++ >= most_attempts) return;
  attempts[attempts_in_all - 1] = attempt;
}

void Traces::keep(const Trace& trace) {
  if (kept_.size() < most_) {
    kept_.push_back(trace);
    return;
  }
  kept_[next_] = trace;
  next_ = (next_ + 1) % most_;
}

const Trace* Traces::find(std::string_view request_id) const {
  // From the newest backwards: a caller may use an id again.
  for (std::size_t i = kept_.size(); i > 0; --i) {
    const Trace& trace = kept_[(next_ + i - 1) % kept_.size()];
    if (trace.request_id() == request_id) return &trace;
  }
  return nullptr;
}

std::string json_of(const Trace& trace, const Metrics& labels) {
  std::string text;
  Writer out(text);
  out.open('{');
  out.text("id", trace.request_id());
  const auto unix_ms = std::chrono::duration_cast<std::chrono::milliseconds>(trace.time.time_since_epoch()).count();
  out.number("time_unix_ms", unix_ms);
  out.text("route", labels.text(trace.route));
  out.text("model", labels.text(trace.model));
  out.number("status", trace.status);
  out.milliseconds("duration_ms", trace.took);
  out.name("candidates").open('[');
  for (std::size_t i = 0; i < std::min<std::size_t>(trace.targets_in_all, Trace::most_targets); ++i) {
    write(out, trace.targets[i], labels);
  }
  out.close(']');
  out.name("attempts").open('[');
  for (std::size_t i = 0; i < std::min<std::size_t>(trace.attempts_in_all, Trace::most_attempts); ++i) {
    write(out, trace.attempts[i], labels);
  }
  out.close(']');
  out.close('}');
  text += '\n';
  return text;
}

}  // namespace sluice
