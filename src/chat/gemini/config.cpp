#include <algorithm>
#include <array>

#include "chat/efforts.hpp"
#include "chat/extras.hpp"
#include "chat/gemini/parts.hpp"
#include "chat/request_body.hpp"

namespace sluice::chat::generate_content {
namespace {

constexpr std::string_view config_path = "generationConfig";
constexpr std::string_view thinking_path = "generationConfig.thinkingConfig";
constexpr std::string_view json_type = "application/json";
constexpr std::size_t most_stops = 5;

void add_extra(Request& request, std::string_view within, std::string_view name, json::Value value) {
  request.extras.push_back({std::string(name), {std::string(value.raw())}, std::string(within)});
}

// Reads members one by one and remembers the first that is of the wrong kind.
class ConfigReader {
 public:
  explicit ConfigReader(Request& request) : request_(request), sampling_(request.sampling) {}

  void read(json::Value config) {
    for (const json::Value value : config) {
      if (!value.is_null()) read_member(camel(value.name()), value);
    }
    read_format(config);
  }

  const std::string& wrong() const { return wrong_; }

 private:
  void read_member(const std::string& name, json::Value value) {
    if (name == "maxOutputTokens") return whole(name, value, sampling_.max_tokens);
    if (name == "temperature") return number(name, value, sampling_.temperature);
    if (name == "topP") return number(name, value, sampling_.top_p);
    if (name == "topK") return number(name, value, sampling_.top_k);
    if (name == "presencePenalty") return number(name, value, sampling_.presence_penalty);
    if (name == "frequencyPenalty") return number(name, value, sampling_.frequency_penalty);
    if (name == "candidateCount") return whole(name, value, sampling_.choices);
    if (name == "logprobs") return whole(name, value, sampling_.top_logprobs);
    if (name == "responseLogprobs") return take(name, value.boolean(), sampling_.logprobs);
    if (name == "seed") return take(name, value.integer(), sampling_.seed);
    if (name == "stopSequences") return read_stops(name, value);
    if (name == "thinkingConfig") return read_thinking(value);
    const bool is_format = name == "responseMimeType" || name == "responseSchema" || name == "responseJsonSchema";
    if (!is_format) add_extra(request_, config_path, name, value);
  }

  template <class T>
  void take(const std::string& name, const std::optional<T>& value, std::optional<T>& into) {
    if (value) {
      into = value;
    } else if (wrong_.empty()) {
      wrong_ = std::string(config_path) + "." + name;
    }
  }

  void whole(const std::string& name, json::Value value, std::optional<std::uint64_t>& into) {
    take(name, value.whole(), into);
  }

  void number(const std::string& name, json::Value value, std::optional<Number>& into) {
    take(name, value.is_number() ? std::optional(Number{std::string(value.raw())}) : std::nullopt, into);
  }

  void read_stops(const std::string& name, json::Value value) {
    for (const json::Value stop : items(value)) {
      if (!stop.is_string() && wrong_.empty()) wrong_ = std::string(config_path) + "." + name;
      sampling_.stop.push_back(stop.string());
    }
  }

  void read_thinking(json::Value thinking) {
    Reasoning& reasoning = request_.reasoning;
    for (const json::Value value : thinking) {
      const std::string name = camel(value.name());
      if (value.is_null()) continue;
      if (name == "includeThoughts") {
        take("thinkingConfig.includeThoughts", value.boolean(), reasoning.include_thoughts);
      } else if (name == "thinkingBudget") {
        read_budget(value);
      } else if (name == "thinkingLevel" && value.is_string()) {
        read_level(value);
      } else {
        add_extra(request_, thinking_path, name, value);
      }
    }
  }

  void read_budget(json::Value value) {
    Reasoning& reasoning = request_.reasoning;
    std::optional<std::int64_t> budget;
    take("thinkingConfig.thinkingBudget", value.integer(), budget);
    if (!budget) return;
    if (*budget < 0) {
      reasoning.adaptive = true;
      return;
    }
    reasoning.budget_tokens = static_cast<std::uint64_t>(*budget);
    if (*budget == 0) reasoning.enabled = false;
  }

  void read_level(json::Value value) {
    std::string level = value.string();
    std::transform(level.begin(), level.end(), level.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    if (level == "minimal" || level == "low" || level == "medium" || level == "high") {
      request_.reasoning.effort = level;
    } else {
      add_extra(request_, thinking_path, "thinkingLevel", value);
    }
  }

  void read_format(json::Value config) {
    const json::Value type = member(config, "responseMimeType");
    const json::Value full = member(config, "responseJsonSchema");
    const json::Value older = member(config, "responseSchema");
    const bool is_json = type.is(json_type) || (!type && (full || older));
    if (!is_json) {
      if (type && !type.is("text/plain")) add_extra(request_, config_path, "responseMimeType", type);
      if (full) add_extra(request_, config_path, "responseJsonSchema", full);
      if (older) add_extra(request_, config_path, "responseSchema", older);
      return;
    }
    OutputFormat& format = request_.format;
    format.kind = full || older ? OutputFormat::Kind::json_schema : OutputFormat::Kind::json_object;
    if (full) {
      format.schema.bytes = full.raw();
      if (older) add_extra(request_, config_path, "responseSchema", older);
    } else if (older) {
      format.schema.bytes = json_schema_of(older);
    }
  }

  Request& request_;
  Sampling& sampling_;
  std::string wrong_{};
};

// Writes the members a provider takes and names the others.
class ConfigWriter {
 public:
  ConfigWriter(json::Writer& out, const Request& request, const Quirks& quirks, Dropped& dropped)
      : out_(out), request_(request), quirks_(quirks), dropped_(dropped) {}

  void write() {
    write_sampling();
    write_format();
    write_thinking();
    write_extras(out_, request_, config_path);
  }

 private:
  // Whether a member that was asked for may be written. Both names count: the catalogue may use either.
  bool may(std::string_view name, std::string_view chat_name) {
    if (quirks_.takes(name) && quirks_.takes(chat_name)) return true;
    drop(dropped_, chat_name);
    return false;
  }

  void number(std::string_view name, std::string_view chat_name, const std::optional<Number>& value) {
    if (value && may(name, chat_name)) out_.raw_member(name, value->spelled);
  }

  void whole(std::string_view name, std::string_view chat_name, const std::optional<std::uint64_t>& value) {
    if (value && may(name, chat_name)) out_.member(name, *value);
  }

  void write_sampling() {
    const Sampling& sampling = request_.sampling;
    std::optional<std::uint64_t> most = sampling.max_tokens;
    if (!most && quirks_.default_max_tokens > 0) most = quirks_.default_max_tokens;
    whole(quirks_.max_tokens.empty() ? std::string_view("maxOutputTokens") : quirks_.max_tokens, "max_tokens", most);
    number("temperature", "temperature", sampling.temperature);
    number("topP", "top_p", sampling.top_p);
    number("topK", "top_k", sampling.top_k);
    number("presencePenalty", "presence_penalty", sampling.presence_penalty);
    number("frequencyPenalty", "frequency_penalty", sampling.frequency_penalty);
    if (sampling.min_p) drop(dropped_, "min_p");
    write_seed(sampling.seed);
    whole("candidateCount", "n", sampling.choices);
    if (sampling.logprobs && may("responseLogprobs", "logprobs")) out_.member("responseLogprobs", *sampling.logprobs);
    whole("logprobs", "top_logprobs", sampling.top_logprobs);
    write_stops(sampling.stop);
  }

  void write_seed(const std::optional<std::int64_t>& seed) {
    if (!seed || !may("seed", "seed")) return;
    const bool fits = *seed >= INT32_MIN && *seed <= INT32_MAX;
    if (fits || request_.dialect == dialect_name) {
      out_.member("seed", *seed);
    } else {
      drop(dropped_, "seed");
    }
  }

  void write_stops(const std::vector<std::string>& stops) {
    if (stops.empty() || !may("stopSequences", "stop")) return;
    const bool all = stops.size() <= most_stops || request_.dialect == dialect_name;
    if (!all) drop(dropped_, "stop");
    out_.name("stopSequences").open_array();
    for (std::size_t i = 0; i < stops.size() && (all || i < most_stops); ++i) out_.string(stops[i]);
    out_.close_array();
  }

  void write_format() {
    const OutputFormat& format = request_.format;
    if (!format.description.empty()) drop(dropped_, "response_format.description");
    if (format.kind == OutputFormat::Kind::text || !may("responseMimeType", "response_format")) return;
    out_.member("responseMimeType", json_type);
    const bool has_schema = format.kind == OutputFormat::Kind::json_schema && format.schema;
    if (has_schema && may("responseJsonSchema", "response_format.schema")) {
      out_.raw_member("responseJsonSchema", format.schema.bytes);
    }
  }

  // How many tokens of thought an effort is worth on models that count them.
  static std::int64_t budget_of(std::string_view effort, bool is_large) {
    if (effort == "none") return is_large ? 128 : 0;
    if (effort == "minimal" || effort == "low") return 1024;
    return effort == "medium" ? 8192 : 24576;
  }

  static std::string_view level_of(std::string_view effort, bool is_large) {
    if (effort == "none" || effort == "minimal") return is_large ? "LOW" : "MINIMAL";
    if (effort == "low") return "LOW";
    return effort == "medium" ? "MEDIUM" : "HIGH";
  }

  bool wants_thinking_config() const {
    const Reasoning& reasoning = request_.reasoning;
    const bool any = !reasoning.effort.empty() || reasoning.budget_tokens || reasoning.enabled || reasoning.adaptive ||
                     !reasoning.summary.empty() || reasoning.include_thoughts;
    return any || (request_.dialect == dialect_name && has_within(request_.extras, thinking_path));
  }

  void write_thinking() {
    if (!wants_thinking_config() || !may("thinkingConfig", "reasoning_effort")) return;
    const Reasoning& reasoning = request_.reasoning;
    out_.name("thinkingConfig").open_object();
    write_amount(generation_of(request_.model));
    if (reasoning.include_thoughts) {
      out_.member("includeThoughts", *reasoning.include_thoughts);
    } else if (!reasoning.summary.empty() && reasoning.summary != "none") {
      out_.member("includeThoughts", true);
    }
    write_extras(out_, request_, thinking_path);
    out_.close_object();
  }

  // In a word, also where it was said as an amount.
  std::string_view wanted_effort() const {
    const Reasoning& reasoning = request_.reasoning;
    if (reasoning.enabled == false || reasoning.budget_tokens == 0U) return "none";
    return reasoning.budget_tokens ? effort_like(*reasoning.budget_tokens) : std::string_view(reasoning.effort);
  }

  // A budget and a level exclude each other; older models take only budgets.
  void write_amount(const Generation& generation) {
    const Reasoning& reasoning = request_.reasoning;
    const bool is_own = request_.dialect == dialect_name;
    const bool is_vague = reasoning.budget_tokens && generation.takes_levels && !is_own;
    if (is_vague) drop(dropped_, "reasoning.max_tokens");
    if (reasoning.budget_tokens && !is_vague) {
      const std::uint64_t wanted = *reasoning.budget_tokens;
      const bool may_be_none = wanted == 0 && !generation.is_large;
      const std::uint64_t fitting = std::clamp(wanted, generation.least_budget, generation.most_budget);
      const std::uint64_t budget = is_own || may_be_none ? wanted : fitting;
      if (budget != wanted) drop(dropped_, "reasoning.max_tokens");
      out_.member("thinkingBudget", budget);
      if (is_own && !reasoning.effort.empty()) out_.member("thinkingLevel", level_of(reasoning.effort, false));
    } else if (const std::string_view effort = wanted_effort(); !effort.empty()) {
      if (generation.takes_levels || is_own) {
        std::string_view level = level_of(effort, generation.is_large && !is_own);
        if (level == "MEDIUM" && !generation.has_medium && !is_own) {
          level = "HIGH";
          drop(dropped_, "reasoning_effort");
        }
        out_.member("thinkingLevel", level);
      } else {
        out_.member("thinkingBudget", budget_of(effort, generation.is_large));
      }
      if (is_own && reasoning.adaptive) out_.member("thinkingBudget", std::int64_t{-1});
    } else if (reasoning.adaptive || reasoning.enabled == true) {
      // A model that takes levels decides by itself.
      if (is_own || !generation.takes_levels) out_.member("thinkingBudget", std::int64_t{-1});
    }
  }

  json::Writer& out_;
  const Request& request_;
  const Quirks& quirks_;
  Dropped& dropped_;
};

}  // namespace

Result<Ok> read_config(json::Value config, Request& request) {
  if (config.absent()) return Ok{};
  if (!config.is_object()) return refuse_member("generationConfig", "The member 'generationConfig' must be an object.");
  ConfigReader reader(request);
  reader.read(config);
  if (reader.wrong().empty()) return Ok{};
  return wrong_member(reader.wrong(), "is of the wrong type.");
}

void write_config(json::Writer& out, const Request& request, const Quirks& quirks, Dropped& dropped) {
  std::string config;
  json::Writer inner(config);
  inner.open_object();
  ConfigWriter(inner, request, quirks, dropped).write();
  inner.close_object();
  if (config != "{}") out.raw_member("generationConfig", config);
}

void write_extras(json::Writer& out, const Request& request, std::string_view within) {
  if (request.dialect == dialect_name) write_within(out, request.extras, within);
}

}  // namespace sluice::chat::generate_content
