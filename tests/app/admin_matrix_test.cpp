#include <algorithm>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "app/admin_clock.hpp"
#include "app/admin_golden.hpp"
#include "app/admin_keys.hpp"
#include "app/admin_plane.hpp"
#include "app/admin_usage.hpp"
#include "support/gateway_under_test.hpp"

// Every route of the operators' plane, asked by everybody with every sort of credential.
namespace sluice::app::admin_matrix_test {
namespace {

using config::Role;
using nlohmann::json;
using testing::golden_routes;
using testing::GoldenRoute;

constexpr Role roles[] = {Role::viewer, Role::team_keeper, Role::billing, Role::admin};

std::string token_of(Role role) { return "token-of-the-role-" + std::string(config::to_string(role)); }

std::vector<TokenHolder> one_of_each_role() {
  std::vector<config::Operator> operators;
  for (const Role role : {Role::viewer, Role::team_keeper, Role::billing}) {
    const std::string team = role == Role::team_keeper ? "support" : "";
    operators.push_back({std::string(config::to_string(role)) + "-1", role, team, Secret(token_of(role))});
  }
  return token_holders(Secret(token_of(Role::admin)), operators);
}

class AdminMatrix : public ::testing::Test {
 protected:
  AdminPlane::Sources sources() {
    AdminPlane::Sources all;
    all.metrics = [] { return std::string("a_total 1\n"); };
    all.alive = [] { return true; };
    all.ready = [] { return true; };
    all.request = [](std::string_view) { return std::optional<std::string>("{}"); };
    all.providers = [] { return std::string("{}"); };
    all.config = [] { return std::string("{}"); };
    all.more = key_routes(*desk, clock, [] { return std::make_shared<const Principals>(); });
    for (AdminRoute& route : usage_routes("/nowhere/usage.db", clock)) all.more.push_back(std::move(route));
    return all;
  }

  // Each time from an address that never failed.
  net::Page ask(const AdminRoute& route, const std::string& credential) {
    std::string path(route.path());
    if (const std::size_t open = path.find('{'); open != std::string::npos)
      path.replace(open, path.find('}') + 1 - open, "a-name");
    const std::string peer = "peer " + std::to_string(++peers_);
    return plane.answer({route.method(), path, "", credential, peer});
  }

  void expect_admitted(const AdminRoute& route, const std::string& credential) {
    const net::Page page = ask(route, credential);
    const auto& told = route.answers();
    EXPECT_TRUE(std::any_of(told.begin(), told.end(), [&](const auto& one) { return one.status == page.status; }))
        << route.method() << " " << route.path() << " with \"" << credential << "\" was answered " << page.status;
  }

  void expect_error(const AdminRoute& route, const std::string& credential, int status, std::string_view code) {
    const net::Page page = ask(route, credential);
    EXPECT_EQ(page.status, status) << route.method() << " " << route.path() << " with \"" << credential << "\"";
    const json error = json::parse(page.body, nullptr, false);
    ASSERT_TRUE(error.is_object()) << page.body;
    EXPECT_EQ(error["error"]["code"], code);
    if (status == 403) {
      EXPECT_TRUE(error["error"]["message"].get<std::string>().ends_with(to_string(route.permission()))) << page.body;
    }
  }

  testing::StillClock clock;
  test::CapturedLog log;
  std::unique_ptr<KeyDesk> desk = *KeyDesk::open("", clock, log);
  AdminPlane plane{clock, log, sources(), one_of_each_role()};

 private:
  int peers_ = 0;
};

std::string line_of(const AdminRoute& route) {
  std::string line = std::string(route.method()) + " " + std::string(route.path()) + ": ";
  line += std::string(to_string(route.permission())) + " (";
  if (!route.is_guarded()) return line + "anybody)";
  std::string who;
  for (const Role role : roles)
    if (has_permission(role, route.permission())) who += (who.empty() ? "" : " ") + std::string(to_string(role));
  return line + who + ")";
}

TEST_F(AdminMatrix, the_table_is_the_golden_one) {
  std::vector<std::string> found;
  for (const AdminRoute& route : plane.routes()) {
    found.push_back(line_of(route));
    EXPECT_EQ(route.is_guarded(), route.path().starts_with("/admin/")) << route.path();
  }
  std::vector<std::string> golden;
  for (const GoldenRoute& one : golden_routes) {
    golden.push_back(std::string(one.route) + ": " + std::string(one.permission) + " (" + std::string(one.roles) + ")");
  }
  std::sort(found.begin(), found.end());
  std::sort(golden.begin(), golden.end());
  EXPECT_EQ(found, golden);
}

TEST_F(AdminMatrix, each_route_answers_whom_the_table_says_and_nobody_else) {
  int cells = 0;
  for (const GoldenRoute& one : golden_routes) {
    const auto route = std::find_if(plane.routes().begin(), plane.routes().end(), [&](const AdminRoute& other) {
      return std::string(other.method()) + " " + std::string(other.path()) == one.route;
    });
    ASSERT_NE(route, plane.routes().end()) << one.route;
    const bool open = one.roles == "anybody";
    for (const Role role : roles) {
      const std::string wrong = "Bearer " + token_of(role) + "x";
      const std::string right = "Bearer " + token_of(role);
      if (open) {
        for (const std::string& credential : {std::string(), wrong, right}) expect_admitted(*route, credential);
      } else {
        expect_error(*route, "", 401, "invalid_token");
        expect_error(*route, wrong, 401, "invalid_token");
        const bool has_it =
            (" " + std::string(one.roles) + " ").find(" " + std::string(to_string(role)) + " ") != std::string::npos;
        if (has_it) expect_admitted(*route, right);
        if (!has_it) expect_error(*route, right, 403, "forbidden");
      }
      cells += 3;
    }
  }
  EXPECT_EQ(cells, static_cast<int>(golden_routes.size() * 4 * 3));
}

TEST_F(AdminMatrix, an_unknown_path_is_404_for_every_role_and_401_for_strangers) {
  for (const Role role : roles) {
    const net::Page page = plane.answer({"GET", "/admin/v1/none", "", "Bearer " + token_of(role), "192.0.2.1"});
    EXPECT_EQ(page.status, 404) << to_string(role);
  }
  EXPECT_EQ(plane.answer({"GET", "/admin/v1/none", "", "Bearer wrong", "192.0.2.1"}).status, 401);
  EXPECT_EQ(plane.answer({"GET", "/admin/v1/none", "", "", "192.0.2.1"}).status, 401);
}

// Roles that a later version knows, in the memory of this one.
TEST_F(AdminMatrix, a_role_that_nobody_knows_may_do_nothing) {
  const auto unknown = static_cast<Role>(200);
  for (const AdminRoute& route : plane.routes())
    EXPECT_EQ(has_permission(unknown, route.permission()), !route.is_guarded()) << route.path();
}

}  // namespace
}  // namespace sluice::app::admin_matrix_test
