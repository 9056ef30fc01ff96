#include "app/admin_plane.hpp"

#include <algorithm>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "app/admin_clock.hpp"
#include "app/admin_keys.hpp"
#include "support/gateway_under_test.hpp"

namespace sluice::app::admin_plane_test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::StillClock;

const std::string token = "the-token-of-this-test-5d1f";
const std::string right = "Bearer " + token;

// A plane with every source there is.
AdminPlane::Sources all_sources() {
  AdminPlane::Sources sources;
  sources.metrics = [] { return std::string("a_total 1\n"); };
  sources.alive = [] { return true; };
  sources.ready = [] { return false; };
  sources.request = [](std::string_view id) {
    return id == "req_1" ? std::optional<std::string>(R"({"id":"req_1"})") : std::nullopt;
  };
  sources.providers = [] { return std::string(R"({"providers":[]})"); };
  sources.config = [] { return std::string(R"({"config":{}})"); };
  return sources;
}

std::string field_of(const net::Page& page, std::string_view name) {
  for (const auto& [field, value] : page.fields)
    if (field == name) return value;
  return "";
}

class AdminPlaneTest : public ::testing::Test {
 protected:
  net::Page ask(std::string_view method, std::string_view path, std::string_view authorization = right,
                std::string_view peer = "192.0.2.1") {
    return plane.answer({method, path, "", authorization, peer});
  }
  // From an address that never failed.
  net::Page ask_as_newcomer(std::string_view method, std::string_view path, std::string_view authorization) {
    return ask(method, path, authorization, "newcomer " + std::to_string(++newcomers_));
  }
  std::string code(const net::Page& page) const { return json::parse(page.body)["error"]["code"]; }

  AdminPlane::Sources sources_with_keys() {
    AdminPlane::Sources sources = all_sources();
    sources.more = key_routes(*desk, clock, [] { return std::make_shared<const Principals>(); });
    return sources;
  }

  StillClock clock;
  test::CapturedLog log;
  std::unique_ptr<KeyDesk> desk = *KeyDesk::open("", clock, log);
  AdminPlane plane{clock, log, sources_with_keys(), token_holders(Secret(token), {})};

 private:
  int newcomers_ = 0;
};

std::string with_a_name(std::string_view path) {
  std::string text(path);
  if (const std::size_t open = text.find('{'); open != std::string::npos)
    text.replace(open, text.find('}') + 1 - open, "req_1");
  return text;
}

struct Shown {
  const char* what;
  std::string authorization;
};

const Shown shown[] = {{"no token", ""},
                       {"a wrong token", "Bearer wrong"},
                       {"the token under another scheme", "Basic " + token},
                       {"the right token", right}};

const char* const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "BREW"};

TEST_F(AdminPlaneTest, each_route_answers_each_method_to_whom_the_table_says) {
  for (const AdminRoute& route : plane.routes()) {
    const std::string path = with_a_name(route.path());
    std::set<std::string> allowed;
    for (const AdminRoute& other : plane.routes())
      if (other.path() == route.path()) allowed.emplace(other.method());
    for (const Shown& credential : shown) {
      const bool admitted = !route.is_guarded() || credential.authorization == right;
      for (const char* method : methods) {
        const net::Page page = ask_as_newcomer(method, path, credential.authorization);
        const std::string what = std::string(method) + " " + path + " with " + credential.what;
        if (!admitted) {
          EXPECT_EQ(page.status, 401) << what;
          EXPECT_EQ(field_of(page, "www-authenticate"), "Bearer") << what;
          EXPECT_EQ(code(page), "invalid_token") << what;
          EXPECT_EQ(field_of(page, "allow"), "") << what;
        } else if (allowed.count(method) == 0) {
          EXPECT_EQ(page.status, 405) << what;
          EXPECT_NE(field_of(page, "allow"), "") << what;
        } else {
          const auto& told = std::find_if(plane.routes().begin(), plane.routes().end(), [&](const AdminRoute& other) {
                               return other.path() == route.path() && other.method() == method;
                             })->answers();
          EXPECT_TRUE(std::any_of(told.begin(), told.end(), [&](const auto& one) { return one.status == page.status; }))
              << what << " was answered " << page.status;
          EXPECT_TRUE(page.content_type.starts_with(told.front().content_type)) << what;
        }
      }
    }
  }
}

TEST_F(AdminPlaneTest, strangers_do_not_learn_which_paths_there_are_under_the_root) {
  for (const std::string path : {"/admin/v1", "/admin/v1/", "/admin/v1/none", "/admin/v1/openapi.json/", "/admin/v1//",
                                 "/admin/v1/../../metrics", "/admin/v1/%2e%2e/metrics", "/admin/v1/requests",
                                 "/admin/v1/requests/", "/admin/v1/requests/a/b", "/admin/v1/OpenAPI.json"}) {
    EXPECT_EQ(ask_as_newcomer("GET", path, "").status, 401) << path;
    EXPECT_EQ(ask_as_newcomer("GET", path, "Bearer wrong").status, 401) << path;
    const net::Page page = ask("GET", path);
    EXPECT_EQ(page.status, 404) << path;
    EXPECT_EQ(code(page), "not_found") << path;
  }
}

TEST_F(AdminPlaneTest, other_spellings_of_a_guarded_path_lead_nowhere) {
  for (const std::string path :
       {"//admin/v1/openapi.json", "/Admin/v1/openapi.json", "/admin%2fv1/openapi.json", "/%61dmin/v1/openapi.json",
        "/./admin/v1/openapi.json", "/admin//v1/openapi.json", "/metrics/../admin/v1/openapi.json",
        "/admin/v1;/openapi.json", "/admin/v1x", "/admin"})
    for (const Shown& credential : shown) {
      const net::Page page = ask_as_newcomer("GET", path, credential.authorization);
      EXPECT_EQ(page.status, 404) << path;
      EXPECT_EQ(page.body, "not found\n") << path;
    }
}

TEST_F(AdminPlaneTest, open_pages_say_what_they_always_said) {
  const net::Page metrics = ask("GET", "/metrics", "");
  EXPECT_EQ(metrics.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(metrics.body, "a_total 1\n");
  EXPECT_EQ(ask("GET", "/livez", "").body, "ok\n");
  const net::Page ready = ask("GET", "/readyz", "");
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.body, "draining\n");
  const net::Page posted = ask("POST", "/livez", "");
  EXPECT_EQ(posted.body, "method not allowed\n");
  EXPECT_EQ(field_of(posted, "allow"), "GET, HEAD");
}

TEST_F(AdminPlaneTest, a_trace_is_found_by_the_requests_id) {
  EXPECT_EQ(ask("GET", "/admin/v1/requests/req_1").body, R"({"id":"req_1"})");
  for (const std::string& id : {std::string("req_2"), std::string("req%5f1"), std::string(129, 'a')}) {
    const net::Page page = ask("GET", "/admin/v1/requests/" + id);
    EXPECT_EQ(page.status, 404) << id;
    EXPECT_EQ(code(page), "not_found") << id;
  }
}

TEST_F(AdminPlaneTest, routes_whose_source_is_missing_are_not_there) {
  AdminPlane::Sources sources = all_sources();
  sources.request = nullptr;
  sources.providers = nullptr;
  sources.config = nullptr;
  AdminPlane small(clock, log, std::move(sources), token_holders(Secret(token), {}));
  for (const std::string_view path : {"/admin/v1/requests/req_1", "/admin/v1/providers", "/admin/v1/config"}) {
    EXPECT_EQ(small.answer({"GET", path, "", right, "::1"}).status, 404) << path;
    EXPECT_EQ(small.answer({"GET", path, "", "", "::1"}).status, 401) << path;
  }
  const json document = json::parse(small.answer({"GET", "/admin/v1/openapi.json", "", right, "::1"}).body);
  EXPECT_EQ(document["paths"].size(), 4u);
}

TEST_F(AdminPlaneTest, the_description_lists_every_route_and_no_other) {
  const net::Page page = ask("GET", "/admin/v1/openapi.json");
  EXPECT_EQ(page.content_type, "application/json");
  const json document = json::parse(page.body);
  EXPECT_EQ(document["openapi"], "3.1.0");
  std::size_t operations = 0;
  for (const json& path : document["paths"]) operations += path.size();
  EXPECT_EQ(operations, plane.routes().size());
  for (const AdminRoute& route : plane.routes()) {
    std::string method(route.method());
    for (char& c : method) c = static_cast<char>(c | 0x20);
    const json& operation = document["paths"].at(std::string(route.path())).at(method);
    EXPECT_EQ(operation["summary"], route.summary());
    const bool open = !route.is_guarded();
    EXPECT_EQ(operation["security"], open ? json::array() : json::parse(R"([{"token":[]}])")) << route.path();
    EXPECT_EQ(operation["responses"].contains("401"), !open) << route.path();
    EXPECT_EQ(operation["responses"].contains("403"), !open) << route.path();
    EXPECT_EQ(operation["responses"].contains("429"), !open) << route.path();
    ASSERT_EQ(operation.contains("x-sluice-permission"), !open) << route.path();
    if (!open) {
      EXPECT_EQ(operation["x-sluice-permission"], to_string(route.permission())) << route.path();
    }
    for (const AdminAnswer& told : route.answers())
      EXPECT_EQ(operation["responses"].at(std::to_string(told.status))["description"], told.meaning);
    ASSERT_EQ(operation.contains("parameters"), !route.parameter().empty()) << route.path();
    if (!route.parameter().empty()) {
      EXPECT_EQ(operation["parameters"][0]["name"], route.parameter());
    }
  }
  EXPECT_EQ(document["components"]["securitySchemes"]["token"], json::parse(R"({"type":"http","scheme":"bearer"})"));
}

TEST_F(AdminPlaneTest, an_address_with_ten_wrong_tokens_is_told_when_to_come_back) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask("GET", "/admin/v1/none", "Bearer wrong").status, 401);
  clock.advance(12'500ms);
  for (const std::string& credential : {std::string("Bearer wrong"), std::string(), right}) {
    const net::Page page = ask("GET", "/admin/v1/openapi.json", credential);
    EXPECT_EQ(page.status, 429);
    EXPECT_EQ(field_of(page, "retry-after"), "48");
    EXPECT_EQ(code(page), "too_many_failures");
  }
  EXPECT_EQ(ask("GET", "/livez", "Bearer wrong").status, 200);
  EXPECT_EQ(ask("GET", "/admin/v1/openapi.json", right, "192.0.2.2").status, 200);
  clock.advance(48s);
  EXPECT_EQ(ask("GET", "/admin/v1/openapi.json").status, 200);
}

TEST_F(AdminPlaneTest, the_log_is_told_once_when_an_address_has_to_wait) {
  for (int i = 0; i < 30; ++i) ask("GET", "/admin/v1/none", "Bearer guess-4f2a");
  const std::string said = log.text();
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  EXPECT_NE(said.find("peer=192.0.2.1"), std::string::npos) << said;
  EXPECT_EQ(said.find("guess-4f2a"), std::string::npos) << said;
}

TEST_F(AdminPlaneTest, another_token_takes_the_place_of_the_old_one) {
  plane.use(token_holders(Secret("a-token-that-came-later"), {}));
  EXPECT_EQ(ask("GET", "/admin/v1/openapi.json").status, 401);
  EXPECT_EQ(ask("GET", "/admin/v1/openapi.json", "Bearer a-token-that-came-later").status, 200);
}

}  // namespace
}  // namespace sluice::app::admin_plane_test
