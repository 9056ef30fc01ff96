#include "app/admin_keys.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include <nlohmann/json.hpp>
#include <sluice/base/id.hpp>
#include <sluice/base/text.hpp>
#include <sluice/base/utc_text.hpp>

#include "app/exact_json.hpp"
#include "app/key_rules.hpp"

namespace sluice::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view json_type = "application/json";
constexpr std::uint64_t most_records = 1'000;

Error bad_body(std::string message) {
  return Error(Fault::bad_request, Blame::client, "invalid_request", std::move(message));
}

// Of a body that is an object with nothing but members of these names; an empty body counts as one without any.
Result<Json> object_in(std::string_view body, std::initializer_list<std::string_view> known) {
  if (trimmed(body).empty()) return Json(Json::object());
  std::optional<Json> json = exact_json(body);
  if (!json || !json->is_object()) return bad_body("the body is no JSON object");
  for (const auto& [name, value] : json->items()) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      return bad_body("there is no member \"" + name + "\"");
  }
  return *std::move(json);
}

Result<ledger::NewKey> new_key_in(std::string_view body, UtcTime now) {
  const Result<Json> object =
      object_in(body, {"name", "team", "models", "endpoints", "cidrs", "expires", "limits", "budget", "on_exhausted"});
  if (!object) return object.error();
  const auto name = text_in(*object, "name");
  const auto team = text_in(*object, "team");
  for (const auto* text : {&name, &team})
    if (!*text) return text->error();
  if (!*name) return bad_body("the name is missing");
  ledger::NewKey wanted{.name = **name, .team = team->value_or("")};
  Result<> applied = apply_rules(*object, now, wanted);
  if (!applied) return std::move(applied).error();
  return wanted;
}

net::Page page_of(const Error& error) {
  const int status = error.code() == "key_exists" || error.code() == "key_of_the_file" ? 409 : status_of(error.fault());
  if (error.fault() != Fault::unavailable) return admin_error(status, error.code(), error.message());
  // The store's own words name files; they are for its log.
  net::Page page = admin_error(503, "storage_unavailable", "the store of keys cannot be used at the moment");
  page.fields.emplace_back("retry-after", "1");
  return page;
}

Json record_json(const ledger::AuditRecord& record) {
  const auto text_or_null = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
  Json json;
  json["number"] = record.number;
  json["time"] = utc_text(record.time);
  json["actor"] = record.actor.name;
  json["action"] = record.action;
  json["object"] = record.object;
  json["details"] = Json::parse(record.details, nullptr, false);
  // Of a record that somebody garbled.
  if (json["details"].is_discarded()) json["details"] = nullptr;
  json["request_id"] = text_or_null(record.actor.request_id);
  json["address"] = text_or_null(record.actor.address);
  json["hash"] = hex(record.hash);
  return json;
}

// The number a parameter of the query has; `instead` when it is not there, nothing when it is no number.
std::optional<std::uint64_t> number_in(std::string_view query, std::string_view name, std::uint64_t instead) {
  const auto value = query_value(query, name);
  return value ? parse_decimal(*value) : instead;
}

// What the routes share. One thread at a time, as the page server's requests come.
class KeyPages {
 public:
  KeyPages(KeyDesk& desk, const Clock& clock, std::function<std::shared_ptr<const Principals>()> principals)
      : desk_(desk), clock_(clock), principals_(std::move(principals)), random_(random_from_system()) {}

  net::Page list(const Operator& who) {
    auto stored = desk_.use([](ledger::KeyStore& store) { return store.read(); });
    if (!stored) return page_of(stored.error());
    return json_page(keys_json(seen_by(who, *principals_()), seen_by(who, *std::move(stored)), clock_.utc()));
  }

  net::Page create(const Operator& who, const net::PageRequest& request) {
    const ledger::Actor actor = actor_of(who, request);
    Result<ledger::NewKey> wanted = new_key_in(request.body, clock_.utc());
    if (!wanted) return page_of(wanted.error());
    if (wanted->team.empty()) wanted->team = who.team;
    if (!who.sees(wanted->team)) {
      return admin_error(403, "forbidden", "an operator of the team " + who.team + " makes keys for that team only");
    }
    const Result<> fits = fits_configuration(*wanted, *principals_());
    if (!fits) return page_of(fits.error());
    const auto made = desk_.use([&](ledger::KeyStore& store) { return store.create(*wanted, actor); });
    if (!made) return page_of(made.error());
    return handed_out(*made, 201, actor);
  }

  net::Page change(const Operator& who, std::string_view id, const net::PageRequest& request) {
    const ledger::Actor actor = actor_of(who, request);
    const Result<Json> patch = object_in(
        request.body, {"models", "endpoints", "cidrs", "expires", "limits", "budget", "on_exhausted", "raise"});
    if (!patch) return page_of(patch.error());
    if (const auto refused = refusal_of(who, id)) return *refused;
    const auto principals = principals_();
    const auto edit = [&](ledger::NewKey& wanted) {
      Result<> applied = apply_rules(*patch, clock_.utc(), wanted);
      return applied ? rules_fit(wanted, *principals) : applied;
    };
    const auto changed = desk_.use([&](ledger::KeyStore& store) { return store.change(id, edit, actor); });
    if (!changed) return page_of(changed.error());
    return with_id(json_page(key_json(*changed, clock_.utc())), actor);
  }

  net::Page rotate(const Operator& who, std::string_view id, const net::PageRequest& request) {
    const ledger::Actor actor = actor_of(who, request);
    const Result<Json> object = object_in(request.body, {"overlap"});
    if (!object) return page_of(object.error());
    const auto text = text_in(*object, "overlap");
    if (!text) return page_of(text.error());
    const auto overlap = duration_in(text->value_or("0s"));
    if (!overlap) return page_of(bad_body("overlap is no duration such as 1h"));
    if (const auto refused = refusal_of(who, id)) return *refused;
    const auto made = desk_.use([&](ledger::KeyStore& store) {
      return store.rotate(id, std::chrono::ceil<std::chrono::seconds>(*overlap), actor);
    });
    if (!made) return page_of(made.error());
    return handed_out(*made, 200, actor);
  }

  net::Page revoke(const Operator& who, std::string_view id, const net::PageRequest& request) {
    const ledger::Actor actor = actor_of(who, request);
    if (const auto refused = refusal_of(who, id)) return *refused;
    const auto revoked = desk_.use([&](ledger::KeyStore& store) { return store.revoke(id, actor); });
    if (!revoked) return page_of(revoked.error());
    return with_id(json_page(key_json(*revoked, clock_.utc())), actor);
  }

  net::Page teams(const Operator& who) const { return json_page(teams_json(seen_by(who, *principals_()))); }

  net::Page audit(const net::PageRequest& request) {
    if (auto wrong = query_trouble(request.query, {"before", "limit"})) return *std::move(wrong);
    const auto before = number_in(request.query, "before", UINT64_MAX);
    const auto limit = number_in(request.query, "limit", 100);
    if (!before || !limit || *limit == 0 || *limit > most_records) {
      return page_of(bad_body("before is the number of a record, limit is from 1 to 1000"));
    }
    const auto records =
        desk_.use([&](ledger::KeyStore& store) { return store.audit(*before, static_cast<std::size_t>(*limit)); });
    if (!records) return page_of(records.error());
    Json json;
    json["records"] = Json::array();
    for (const ledger::AuditRecord& record : *records) json["records"].push_back(record_json(record));
    const bool more = records->size() == *limit && records->back().number > 1;
    json["before"] = more ? Json(records->back().number) : Json(nullptr);
    return json_page(json.dump(-1, ' ', false, Json::error_handler_t::replace));
  }

 private:
  ledger::Actor actor_of(const Operator& who, const net::PageRequest& request) {
    return {who.name, std::string(RequestId(random_).text()), std::string(request.peer), who.only_team()};
  }

  static net::Page with_id(net::Page page, const ledger::Actor& actor) {
    page.fields.emplace_back("x-request-id", actor.request_id);
    return page;
  }

  static net::Page handed_out(const ledger::HandedOut& key, int status, const ledger::Actor& actor) {
    net::Page page = json_page(handed_out_json(key));
    page.status = status;
    return with_id(std::move(page), actor);
  }

  std::optional<net::Page> refusal_of(const Operator& who, std::string_view name) const {
    if (!seen_by(who, *principals_()).has_key(name)) return std::nullopt;
    return page_of(Error(Fault::bad_request, Blame::client, "key_of_the_file",
                         "that key is written in the configuration file; change it there"));
  }

  KeyDesk& desk_;
  const Clock& clock_;
  const std::function<std::shared_ptr<const Principals>()> principals_;
  Random random_;
};

const AdminAnswer bad_request{400, "what was wrong with the request", json_type};
const AdminAnswer no_such_key{404, "there is none of that name", json_type};
const AdminAnswer conflict{409, "the name is taken, or the key is written in the configuration file", json_type};
const AdminAnswer no_store{503, "the store cannot be used; retry-after says when to try again", json_type};

}  // namespace

std::vector<AdminRoute> key_routes(KeyDesk& desk, const Clock& clock,
                                   std::function<std::shared_ptr<const Principals>()> principals) {
  const auto pages = std::make_shared<KeyPages>(desk, clock, std::move(principals));
  using Who = const Operator&;
  using Request = const net::PageRequest&;
  return {
      {"GET",
       "/admin/v1/keys",
       Permission::read_keys,
       "All keys, or those of one's team, without their secrets",
       {{200, "those of the file come first", json_type}, no_store},
       [pages](Who who, std::string_view, Request) { return pages->list(who); }},
      {"POST",
       "/admin/v1/keys",
       Permission::write_keys,
       "Make a key: {name, team, models, endpoints, cidrs, expires, limits, budget, on_exhausted}, all but the name "
       "optional",
       {{201, "its id, name and secret, shown this once", json_type}, bad_request, conflict, no_store},
       [pages](Who who, std::string_view, Request request) { return pages->create(who, request); }},
      {"PATCH",
       "/admin/v1/keys/{id}",
       Permission::write_keys,
       "Change a key by a merge patch: {models, endpoints, cidrs, expires, limits, budget, on_exhausted}, and "
       "{raise: {usd, until, per}} for more of a budget until then",
       {{200, "the key as it is now", json_type}, bad_request, no_such_key, conflict, no_store},
       [pages](Who who, std::string_view id, Request request) { return pages->change(who, id, request); }},
      {"DELETE",
       "/admin/v1/keys/{id}",
       Permission::write_keys,
       "End a key for good",
       {{200, "the key as it is now", json_type}, no_such_key, conflict, no_store},
       [pages](Who who, std::string_view id, Request request) { return pages->revoke(who, id, request); }},
      {"POST",
       "/admin/v1/keys/{id}/rotate",
       Permission::write_keys,
       "Give a key a new secret: {overlap}, how long the old one stays good",
       {{200, "its id, name and new secret, shown this once", json_type}, bad_request, no_such_key, conflict, no_store},
       [pages](Who who, std::string_view id, Request request) { return pages->rotate(who, id, request); }},
      {"GET",
       "/admin/v1/teams",
       Permission::read_teams,
       "The teams of the configuration in force",
       {{200, "by name", json_type}},
       [pages](Who who, std::string_view, Request) { return pages->teams(who); }},
      {"GET",
       "/admin/v1/audit",
       Permission::read_audit,
       "Who changed what, newest first; ?before=NUMBER&limit=COUNT",
       {{200, "records, and the number to go on before", json_type}, bad_request, no_store},
       [pages](Who, std::string_view, Request request) { return pages->audit(request); }},
  };
}

}  // namespace sluice::app
