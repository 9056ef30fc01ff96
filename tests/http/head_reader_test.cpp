#include <sluice/http/reader.hpp>

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "http/payloads.hpp"
#include "http/read_all.hpp"

namespace sluice::http {
namespace {

std::vector<std::string> bodies_of(const Reading& reading) {
  std::vector<std::string> bodies;
  for (const auto& request : reading.requests) bodies.push_back(request.body);
  return bodies;
}

TEST(RequestReader, makes_of_every_payload_what_the_table_says) {
  for (const Payload& payload : payloads()) {
    const Reading reading = read_whole(payload.bytes);
    EXPECT_EQ(reading.refused, payload.status) << payload.name << ": " << reading.reason;
    EXPECT_EQ(reading.refused == 0, payload.accepted) << payload.name;
    EXPECT_EQ(bodies_of(reading), payload.bodies) << payload.name;
    EXPECT_FALSE(reading.incomplete) << payload.name;
    EXPECT_EQ(reading.unread, "") << payload.name;
  }
}

TEST(RequestReader, has_payloads_with_distinct_names) {
  std::set<std::string> names;
  for (const Payload& payload : payloads()) EXPECT_TRUE(names.insert(payload.name).second) << payload.name;
}

TEST(RequestReader, reads_the_same_wherever_the_input_is_cut) {
  for (const Payload& payload : payloads()) {
    const Reading whole = read_whole(payload.bytes);
    // What is larger than this is one byte or one line over and over: not every cut, but all within a line.
    const std::size_t stride = payload.bytes.size() > 10'000 ? 31 : 1;
    for (std::size_t at = 0; at <= payload.bytes.size(); at += stride) {
      ASSERT_EQ(read_split(payload.bytes, at), whole) << payload.name << " cut at " << at;
    }
  }
}

TEST(RequestReader, reads_the_same_byte_by_byte) {
  for (const Payload& payload : payloads()) {
    EXPECT_EQ(read_byte_by_byte(payload.bytes), read_whole(payload.bytes)) << payload.name;
  }
}

// A reader with its storage, for tests that look at one head.
struct OneHead {
  explicit OneHead(HeadLimits limits = default_request_limits) : reader(limits, fields) {}

  Step read(std::string_view bytes) { return reader.read(bytes, head, why); }

  std::array<Field, 100> fields{};
  RequestReader reader;
  RequestHead head;
  Refusal why;
};

TEST(RequestReader, tells_what_the_head_says) {
  const std::string bytes =
      "POST /v1/chat/completions?x=1 HTTP/1.1\r\nHost: localhost:8080\r\nContent-Type:  application/json \r\n"
      "Content-Length: 12\r\n\r\nrest";
  OneHead one;
  ASSERT_EQ(one.read(bytes), Step::done);
  EXPECT_EQ(one.head.method, Method::post);
  EXPECT_EQ(one.head.method_text, "POST");
  EXPECT_EQ(one.head.target, "/v1/chat/completions?x=1");
  EXPECT_FALSE(one.head.http10);
  ASSERT_EQ(one.head.fields.size(), 3u);
  EXPECT_EQ(one.head.fields[1].name, "Content-Type");
  EXPECT_EQ(one.head.fields[1].value, "application/json");
  EXPECT_EQ(one.head.framing, Framing::length);
  EXPECT_EQ(one.head.length, 12u);
  EXPECT_TRUE(one.head.keep_alive);
  EXPECT_FALSE(one.head.expects_continue);
  EXPECT_EQ(one.head.bytes, bytes.size() - 4);
}

TEST(RequestReader, knows_the_methods) {
  const std::vector<std::pair<std::string, Method>> methods = {
      {"GET", Method::get},         {"HEAD", Method::head},   {"POST", Method::post},
      {"PUT", Method::put},         {"PATCH", Method::patch}, {"DELETE", Method::del},
      {"OPTIONS", Method::options}, {"TRACE", Method::other}, {"get", Method::other}};
  for (const auto& [text, method] : methods) {
    OneHead one;
    const std::string bytes = text + " / HTTP/1.1\r\nHost: a\r\n\r\n";
    ASSERT_EQ(one.read(bytes), Step::done) << text;
    EXPECT_EQ(one.head.method, method) << text;
    EXPECT_EQ(one.head.method_text, text);
  }
}

TEST(RequestReader, reduces_an_absolute_form_to_its_path) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"http://a:80/v1/models?x", "/v1/models?x"}, {"HTTPS://A:80/", "/"}, {"http://a:80", "/"}};
  for (const auto& [target, path] : cases) {
    OneHead one;
    const std::string bytes = "GET " + target + " HTTP/1.1\r\nHost: a:80\r\n\r\n";
    ASSERT_EQ(one.read(bytes), Step::done) << target;
    EXPECT_EQ(one.head.target, path);
  }
}

TEST(RequestReader, takes_an_escaped_slash_for_data_only_where_the_rest_is_a_name) {
  constexpr std::array<std::string_view, 1> name_paths{"/v1/models/"};
  HeadLimits limits = default_request_limits;
  limits.name_paths = name_paths;
  const std::vector<std::pair<std::string, Step>> cases = {
      {"/v1/models/a%2Fb", Step::done},      {"/v1/models/a%2fb%2fc", Step::done}, {"/v1/models%2fa", Step::refused},
      {"/v1/other/a%2fb", Step::refused},    {"/v1/models/a%00b", Step::refused},  {"/v1/models/%2e%2E", Step::refused},
      {"/x/v1/models/a%2fb", Step::refused},
  };
  for (const auto& [target, step] : cases) {
    OneHead one(limits);
    const std::string bytes = "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
    EXPECT_EQ(one.read(bytes), step) << target;
    if (step == Step::done) {
      EXPECT_EQ(one.head.target, target);
    }
  }
}

TEST(RequestReader, counts_skipped_empty_lines) {
  const std::string bytes = "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
  OneHead one;
  ASSERT_EQ(one.read(bytes), Step::done);
  EXPECT_EQ(one.head.bytes, bytes.size());
  EXPECT_EQ(one.head.target, "/");
}

TEST(RequestReader, knows_who_wants_to_stay) {
  const std::vector<std::pair<std::string, bool>> cases = {
      {"1.1\r\n", true},
      {"1.1\r\nConnection: close\r\n", false},
      {"1.1\r\nConnection: keep-alive, CLOSE\r\n", false},
      {"1.1\r\nConnection: x\r\nConnection: close\r\n", false},
      {"1.1\r\nConnection: closed, not-close\r\n", true},
      {"1.0\r\n", false},
      {"1.0\r\nConnection: keep-alive\r\n", false},
  };
  for (const auto& [lines, stays] : cases) {
    OneHead one;
    ASSERT_EQ(one.read("GET / HTTP/" + lines + "Host: a\r\n\r\n"), Step::done) << lines;
    EXPECT_EQ(one.head.keep_alive, stays) << lines;
  }
}

TEST(RequestReader, knows_who_waits_for_100) {
  const std::vector<std::pair<std::string, bool>> cases = {
      {"1.1\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n", true},
      {"1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n", true},
      {"1.1\r\nExpect: 100-continue\r\nContent-Length: 0\r\n", false},
      {"1.1\r\nExpect: 100-continue\r\n", false},
      {"1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n", false},
      {"1.1\r\nContent-Length: 5\r\n", false},
  };
  for (const auto& [lines, waits] : cases) {
    OneHead one;
    ASSERT_EQ(one.read("POST / HTTP/" + lines + "Host: a\r\n\r\n"), Step::done) << lines;
    EXPECT_EQ(one.head.expects_continue, waits) << lines;
  }
}

TEST(RequestReader, refuses_before_the_head_is_complete) {
  const std::vector<std::pair<std::string, int>> beginnings = {
      {"GET / HTTP/1.1\n", 400},
      {"GET /\r\n", 400},
      {"GET / HTTP/3.0\r\n", 505},
      {"GET / HTTP/1.1\rX", 400},
      {"\x16", 400},
      {"GET /\x01", 400},
      {"CONNECT a:1 HTTP/1.1\r\n", 501},
      {"GET / HTTP/1.1\r\nHost : a\r\n", 400},
      {"GET / HTTP/1.1\r\n folded\r\n", 400},
  };
  for (const auto& [bytes, status] : beginnings) {
    OneHead one;
    EXPECT_EQ(one.read(bytes), Step::refused) << bytes;
    EXPECT_EQ(one.why.status, status) << bytes;
    EXPECT_FALSE(one.why.reason.empty());
  }
}

TEST(RequestReader, waits_while_nothing_is_wrong_yet) {
  for (const std::string bytes : {"G", "GET", "GET /v1", "GET / HTTP/1.1", "GET / HTTP/1.1\r", "GET / HTTP/1.1\r\n",
                                  "\r", "\r\n", "GET / HTTP/1.1\r\nHost", "GET / HTTP/1.1\r\nHost: a\r\n\r"}) {
    OneHead one;
    EXPECT_EQ(one.read(bytes), Step::more) << bytes;
  }
}

TEST(RequestReader, obeys_the_limits_it_was_given) {
  const std::string request = "GET /12345 HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
  const std::vector<std::pair<HeadLimits, int>> cases = {
      {{request.size(), 2, 6}, 0},
      {{request.size() - 1, 2, 6}, 431},
      {{request.size(), 1, 6}, 431},
      {{request.size(), 2, 5}, 414},
      {{10, 2, 6}, 431},
  };
  for (const auto& [limits, status] : cases) {
    OneHead one(limits);
    EXPECT_EQ(one.read(request), status == 0 ? Step::done : Step::refused) << limits.bytes;
    EXPECT_EQ(one.why.status, status);
  }
}

TEST(RequestReader, never_stores_more_fields_than_the_storage_holds) {
  std::array<Field, 1> storage{};
  RequestReader reader(default_request_limits, storage);
  RequestHead head;
  Refusal why;
  EXPECT_EQ(reader.read("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n", head, why), Step::refused);
  EXPECT_EQ(why.status, 431);
}

TEST(RequestReader, reads_another_head_after_reset) {
  OneHead one;
  const std::string first = "GET /first HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_EQ(one.read(first.substr(0, 20)), Step::more);
  ASSERT_EQ(one.read(first), Step::done);
  one.reader.reset();
  const std::string second = "DELETE /second HTTP/1.1\r\nHost: b\r\nX: y\r\n\r\n";
  ASSERT_EQ(one.read(second), Step::done);
  EXPECT_EQ(one.head.target, "/second");
  EXPECT_EQ(one.head.fields.size(), 2u);
}

}  // namespace
}  // namespace sluice::http
