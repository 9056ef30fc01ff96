#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/net/page_server.hpp>

namespace sluice::app {

// Whom a route of the operators' plane answers.
enum class Admission : std::uint8_t { anybody, token_holders };

// One answer a route may give, as its description tells it.
struct AdminAnswer {
  int status;
  std::string_view meaning;
  std::string_view content_type;
};

// One method at one path. The constructor takes all of it, so that no route exists without a word on who may come in.
class AdminRoute {
 public:
  // `name` is what the path's parameter stands for, as it was sent; empty where the path has none.
  using Make = std::function<net::Page(std::string_view name, const net::PageRequest& request)>;

  // The texts are literals. `path` may have one parameter in braces, which stands for one segment. HEAD is answered
  // wherever GET is.
  AdminRoute(std::string_view method, std::string_view path, Admission admission, std::string_view summary,
             std::vector<AdminAnswer> answers, Make make);

  std::string_view method() const { return method_; }
  std::string_view path() const { return path_; }
  Admission admission() const { return admission_; }
  std::string_view summary() const { return summary_; }
  const std::vector<AdminAnswer>& answers() const { return answers_; }
  // The parameter's name without its braces; empty where there is none.
  std::string_view parameter() const;

  // What the parameter stands for in this path; empty where the route has none, nothing when it is another path.
  // Paths are compared as they were sent: nothing is decoded, no dots are followed, no slashes are merged.
  std::optional<std::string_view> match(std::string_view path) const;
  net::Page page(std::string_view name, const net::PageRequest& request) const { return make_(name, request); }

 private:
  std::string_view method_;
  std::string_view path_;
  Admission admission_;
  std::string_view summary_;
  std::vector<AdminAnswer> answers_;
  Make make_;
};

// The value of a query's parameter, decoded; nothing when it is not there.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

// An answer whose body is JSON made elsewhere.
net::Page json_page(std::string body);
// {"error": {"code", "message"}}
net::Page admin_error(int status, std::string_view code, std::string_view message);

}  // namespace sluice::app
