#include "app/keys.hpp"

#include <algorithm>
#include <array>
#include <iomanip>
#include <ostream>
#include <vector>

#include <sluice/base/utc_text.hpp>
#include <sluice/ledger/terms_words.hpp>

#include "app/exit_codes.hpp"
#include "app/key_patch.hpp"
#include "app/key_rules.hpp"
#include "app/key_words.hpp"
#include "app/open_store.hpp"

namespace sluice::app {
namespace {

int refuse_key_of_the_file(const std::string& name, std::ostream& err) {
  err << "sluice: the key \"" << name << "\" is written in the configuration file; change it there\n";
  return exit_data;
}

int bad_option(const std::string& message, std::ostream& err) {
  err << "sluice: " << message << '\n';
  return exit_usage;
}

void tell_secret(const ledger::HandedOut& key, const std::string& format, std::ostream& out, std::ostream& err) {
  if (format == "json") {
    out << handed_out_json(key) << '\n';
    return;
  }
  out << "id      " << key.id << "\nname    " << key.name << "\nsecret  " << key.secret.reveal() << '\n';
  err << "The secret is not kept and cannot be shown again.\n";
}

std::string joined(const std::optional<std::vector<std::string>>& items) {
  if (!items) return "all";
  std::string text;
  for (const std::string& item : *items) text += (text.empty() ? "" : ",") + item;
  return text;
}

// A dash for none.
std::string spaced(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "-" : text;
}

using KeyRow = std::array<std::string, 9>;

KeyRow key_titles() { return {"NAME", "ID", "TEAM", "STATE", "MODELS", "LIMITS", "BUDGET", "CREATED", "EXPIRES"}; }

KeyRow row_of(const config::Key& key) {
  return {key.name,
          "(file)",
          key.team.empty() ? "-" : key.team,
          "live",
          joined(key.models),
          spaced(ledger::limit_words(key.terms)),
          spaced(ledger::budget_words(key.terms)),
          "-",
          key.expires ? utc_text(*key.expires) : "-"};
}

KeyRow row_of(const ledger::StoredKey& key, UtcTime now) {
  return {key.name,
          key.id,
          key.team.empty() ? "-" : key.team,
          std::string(state_of(key, now)),
          joined(key.models),
          spaced(ledger::limit_words(key.terms)),
          spaced(ledger::budget_words(key.terms)),
          utc_text(key.created_at),
          key.expires_at ? utc_text(*key.expires_at) : "-"};
}

void write_key_table(const std::vector<KeyRow>& rows, std::ostream& out) {
  std::array<std::size_t, std::tuple_size_v<KeyRow>> widths{};
  for (const KeyRow& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  for (const KeyRow& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i)
      out << std::left << std::setw(static_cast<int>(widths[i]) + 2) << row[i];
    out << row.back() << '\n';
  }
}

// What the options make of a key.
Result<> apply_options(const KeyOptions& options, ledger::NewKey& key) {
  const auto patch = patch_of(options, key);
  if (!patch) return patch.error();
  return apply_rules(*patch, system_clock().utc(), key);
}

// Whether an Error is about words that were given, and not about the key or the store.
bool is_of_the_words(const Error& error) {
  return error.code() == "invalid_option" || error.code() == "invalid_terms" || error.code() == "invalid_expiry" ||
         error.code() == "invalid_request";
}

}  // namespace

int create_key(const KeyOptions& options, const config::Surroundings& surroundings, std::ostream& out,
               std::ostream& err) {
  ledger::NewKey wanted{.name = options.name, .team = options.team};
  const Result<> applied = apply_options(options, wanted);
  if (!applied) return bad_option(applied.error().message(), err);
  auto opened = open_store(options.config, surroundings, err);
  if (const int* code = std::get_if<int>(&opened)) return *code;
  const auto& [config, store] = std::get<OpenStore>(opened);
  const Result<> fits = fits_configuration(wanted, Principals::of(config));
  if (!fits) return told(fits.error(), err);
  const Result<ledger::HandedOut> made = store->create(wanted, this_user());
  if (!made) return told(made.error(), err);
  tell_secret(*made, options.format, out, err);
  return 0;
}

int change_key(const KeyOptions& options, const config::Surroundings& surroundings, std::ostream& out,
               std::ostream& err) {
  auto opened = open_store(options.config, surroundings, err);
  if (const int* code = std::get_if<int>(&opened)) return *code;
  const auto& [config, store] = std::get<OpenStore>(opened);
  const Principals principals = Principals::of(config);
  if (principals.has_key(options.name)) return refuse_key_of_the_file(options.name, err);
  const auto edit = [&](ledger::NewKey& wanted) {
    Result<> applied = apply_options(options, wanted);
    return applied ? rules_fit(wanted, principals) : applied;
  };
  const Result<ledger::StoredKey> changed = store->change(options.name, edit, this_user());
  if (!changed && is_of_the_words(changed.error())) return bad_option(changed.error().message(), err);
  if (!changed) return told(changed.error(), err);
  const UtcTime now = system_clock().utc();
  if (options.format == "json") {
    out << key_json(*changed, now) << '\n';
  } else {
    write_key_table({key_titles(), row_of(*changed, now)}, out);
  }
  return 0;
}

int list_keys(const KeyOptions& options, const config::Surroundings& surroundings, std::ostream& out,
              std::ostream& err) {
  auto opened = open_store(options.config, surroundings, err);
  if (const int* code = std::get_if<int>(&opened)) return *code;
  const auto& [config, store] = std::get<OpenStore>(opened);
  const Result<ledger::StoredKeys> stored = store->read();
  if (!stored) return told(stored.error(), err);
  const UtcTime now = system_clock().utc();
  if (options.format == "json") {
    out << keys_json(Principals::of(config), *stored, now) << '\n';
    return 0;
  }
  std::vector<KeyRow> rows{key_titles()};
  for (const config::Key& key : config.keys) {
    rows.push_back(row_of(key));
  }
  for (const ledger::StoredKey& key : stored->keys) rows.push_back(row_of(key, now));
  write_key_table(rows, out);
  return 0;
}

int rotate_key(const KeyOptions& options, const config::Surroundings& surroundings, std::ostream& out,
               std::ostream& err) {
  const auto overlap = duration_in(options.overlap);
  if (!overlap) return bad_option("--overlap: \"" + options.overlap + "\" is no duration; write 1h or 30m", err);
  auto opened = open_store(options.config, surroundings, err);
  if (const int* code = std::get_if<int>(&opened)) return *code;
  const auto& [config, store] = std::get<OpenStore>(opened);
  if (Principals::of(config).has_key(options.name)) return refuse_key_of_the_file(options.name, err);
  const Result<ledger::HandedOut> made =
      store->rotate(options.name, std::chrono::ceil<std::chrono::seconds>(*overlap), this_user());
  if (!made) return told(made.error(), err);
  tell_secret(*made, options.format, out, err);
  return 0;
}

int revoke_key(const KeyOptions& options, const config::Surroundings& surroundings, std::ostream& out,
               std::ostream& err) {
  auto opened = open_store(options.config, surroundings, err);
  if (const int* code = std::get_if<int>(&opened)) return *code;
  const auto& [config, store] = std::get<OpenStore>(opened);
  if (Principals::of(config).has_key(options.name)) return refuse_key_of_the_file(options.name, err);
  const Result<ledger::StoredKey> revoked = store->revoke(options.name, this_user());
  if (!revoked) return told(revoked.error(), err);
  if (options.format == "json") {
    out << key_json(*revoked, system_clock().utc()) << '\n';
  } else {
    out << "revoked " << revoked->name << " (" << revoked->id << ")\n";
  }
  return 0;
}

}  // namespace sluice::app
