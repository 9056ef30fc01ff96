#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/net/page_server.hpp>

#include "app/operator.hpp"
#include "app/permission.hpp"

namespace sluice::app {

// One answer a route may give, as its description tells it.
struct AdminAnswer {
  int status;
  std::string_view meaning;
  std::string_view content_type;
};

// One method at one path. The constructor takes all of it, so that no route exists without a word on what it takes
// to come in.
class AdminRoute {
 public:
  // `who` is asking, and has the permission; nobody in particular where it takes none. `name` is what the path's
  // parameter stands for, as it was sent; empty where the path has none.
  using Make = std::function<net::Page(const Operator& who, std::string_view name, const net::PageRequest& request)>;

  // The texts are literals. `path` may have one parameter in braces, which stands for one segment. HEAD is answered
  // wherever GET is.
  AdminRoute(std::string_view method, std::string_view path, Permission permission, std::string_view summary,
             std::vector<AdminAnswer> answers, Make make);

  // The same, but its page is made on another thread, beside others: where it has to read a lot.
  AdminRoute made_aside() && {
    is_made_aside_ = true;
    return std::move(*this);
  }

  std::string_view method() const { return method_; }
  std::string_view path() const { return path_; }
  Permission permission() const { return permission_; }
  // Whether a token is needed.
  bool is_guarded() const { return permission_ != Permission::none; }
  std::string_view summary() const { return summary_; }
  bool is_made_aside() const { return is_made_aside_; }
  const std::vector<AdminAnswer>& answers() const { return answers_; }
  // The parameter's name without its braces; empty where there is none.
  std::string_view parameter() const;

  // What the parameter stands for in this path; empty where the route has none, nothing when it is another path.
  // Paths are compared as they were sent: nothing is decoded, no dots are followed, no slashes are merged.
  std::optional<std::string_view> match(std::string_view path) const;
  net::Page page(const Operator& who, std::string_view name, const net::PageRequest& request) const {
    return make_(who, name, request);
  }

 private:
  std::string_view method_;
  std::string_view path_;
  Permission permission_;
  std::string_view summary_;
  bool is_made_aside_ = false;
  std::vector<AdminAnswer> answers_;
  Make make_;
};

// The value of a query's parameter, decoded; nothing when it is not there.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

// What is wrong with a query that may have only these parameters, each with a value: a misspelt one would be passed
// over in silence, and the answer be about something else.
std::optional<net::Page> query_trouble(std::string_view query, std::initializer_list<std::string_view> known);

// An answer whose body is JSON made elsewhere.
net::Page json_page(std::string body);
// {"error": {"code", "message"}}
net::Page admin_error(int status, std::string_view code, std::string_view message);

}  // namespace sluice::app
