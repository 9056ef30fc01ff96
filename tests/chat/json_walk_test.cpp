#include "chat/json_walk.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "chat/events.hpp"
#include "chat/oracle.hpp"

namespace sluice::chat::json {
namespace {

std::string repeated(std::string_view piece, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

std::string object_of(std::size_t members) {
  std::string text = "{";
  for (std::size_t i = 0; i < members; ++i) text += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":0";
  return text + "}";
}

const std::vector<std::string>& good_texts() {
  static const std::vector<std::string> texts{
      "{}",
      "[]",
      "0",
      "-0",
      "1.5e+10",
      "1E5",
      "true",
      "false",
      "null",
      R"("")",
      R"("a")",
      " \t\r\n{ } \n",
      R"({"a":1})",
      R"({"a":{"b":[1,2,{"c":null}]},"d":""})",
      "[[],[[]],{}]",
      R"("\"\\\/\b\f\n\r\t\u00e9")",
      R"("\ud83c\udf0a")",
      R"("\u0000")",
      "\"\xF0\x9F\x8C\x8A\"",
      "\"\x7F\"",
      "1e-999",
      "0e999",
      "1e308",
      "-1.7976931348623157e308",
      "18446744073709551616",
      R"({"a":1,"a":2})",
      R"({"":0})",
      "[1 , 2\t,\n3]",
      R"(["]","}",",",":","{"])",
      R"("\\")",
      R"("\\\"")",
      R"({"\\":1})",
      std::string(64, '1'),
      nested(128),
      std::string(128, '[') + "1" + std::string(128, ']'),
      object_of(10'000),
      '"' + std::string(300'000, 'x') + '"',
      '[' + repeated("0,", 100'000) + "0]",
  };
  return texts;
}

const std::vector<std::string>& bad_texts() {
  static const std::vector<std::string> texts{
      "",
      " ",
      "\n\n",
      "{",
      "}",
      "[",
      "]",
      "{]",
      "[}",
      "{\"a\"}",
      "{\"a\":}",
      "{\"a\":1,}",
      "{,}",
      "{1:2}",
      "{a:1}",
      "[1,]",
      "[,1]",
      "[1 2]",
      "[1,,2]",
      "1 2",
      "{}{}",
      "{} x",
      "[]]",
      "\"a\"b",
      "\"a\"\"b\"",
      "\"a",
      "a\"",
      "'a'",
      "tru",
      "truee",
      "true\"\"",
      "nul",
      "Null",
      "NaN",
      "Infinity",
      "-Infinity",
      "undefined",
      "+1",
      "-",
      "01",
      "-01",
      "1.",
      ".5",
      "1e",
      "1e+",
      "1.e5",
      "0x10",
      "1_000",
      "1,2",
      "--1",
      "1-",
      "1e5.5",
      "1\"a\"",
      "1true",
      "1e999",
      "-1e999",
      "1e309",
      "[1e400]",
      "// c\n1",
      "[1/**/]",
      "\"\\x\"",
      "\"\\u12\"",
      "\"\\u12g4\"",
      "\"\\U0041\"",
      "\"\\\"",
      "\\",
      "\\\"a\\\"",
      "[\\n]",
      "\"\\ud800\"",
      "\"\\udc00\"",
      "\"\\ud800\\ud800\"",
      "\"\\ud800x\"",
      "\"\\ud800\\n\"",
      "\"\\udc00\\ud800\"",
      "\"a\nb\"",
      "\"a\tb\"",
      std::string("\"a\0b\"", 5),
      std::string("1\0", 2),
      std::string("\0", 1),
      "\"\x80\"",
      "\"\xC0\xAF\"",
      "\"\xED\xA0\x80\"",
      "\"\xF5\x80\x80\x80\"",
      "\"\xE2\x82\"",
      "\xFF",
      "\xEF\xBB\xBF{}",
      "\xC2\xA0{}",
      "\f1",
      "\v1",
      std::string(65, '1'),
      "0." + std::string(63, '1'),
      nested(129),
      std::string(129, '[') + "1" + std::string(129, ']'),
      nested(100'000),
      std::string(100'000, '['),
      object_of(10'001),
      repeated("{\"a\":", 200),
      ":",
      ",",
      "{\"a\"::1}",
      "{\"a\":1:2}",
      "[\"a\":1]",
      "{\"a\",\"b\"}",
      "{\"a\":1 \"b\":2}",
      "{\"a\":\"b\"\"c\":1}",
  };
  return texts;
}

TEST(JsonWalk, accepts_what_is_json) {
  for (const std::string& text : good_texts()) EXPECT_EQ(read(text).problem, "") << text.substr(0, 80);
}

TEST(JsonWalk, refuses_what_is_not_json_or_over_a_limit) {
  for (const std::string& text : bad_texts()) EXPECT_NE(read(text).problem, "") << text.substr(0, 80);
}

TEST(JsonWalk, agrees_with_another_reader) {
  for (const auto* texts : {&good_texts(), &bad_texts()}) {
    for (const std::string& text : *texts) EXPECT_EQ(disagreement(text), "") << text.substr(0, 80);
  }
}

TEST(JsonWalk, agrees_with_another_reader_on_damaged_texts) {
  const std::vector<std::string> seeds{fixture("request.json"), fixture("answer.json"), fixture("embeddings.json"),
                                       R"({"m\u006fdel":"\ud83c\udf0a","a":[1.5e3,-0,true,{"b":null}],"c":"\\\""})"};
  constexpr std::string_view bytes = "{}[]:,\"\\ \n0123456789.eE+-utrfalsn/\x80\xC3\xF0\x01";
  std::mt19937 random(20260101);
  const auto below = [&random](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
  };
  for (int round = 0; round < 30'000; ++round) {
    std::string text = seeds[below(seeds.size())];
    if (below(4) == 0) text.resize(below(text.size()));
    for (std::size_t damage = below(4); damage > 0 && !text.empty(); --damage) {
      const std::size_t at = below(text.size());
      if (below(3) == 0) {
        text.erase(at, 1 + below(3));
      } else if (below(2) == 0) {
        text.insert(at, 1, bytes[below(bytes.size())]);
      } else {
        text[at] = bytes[below(bytes.size())];
      }
    }
    ASSERT_EQ(disagreement(text), "") << text;
  }
}

// A page of memory with a page behind it that must not be touched; no sanitizer sees into a shared library.
class GuardedPage {
 public:
  GuardedPage()
      : pages_(mmap(nullptr, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
        bytes_(static_cast<char*>(pages_)) {
    if (pages_ == MAP_FAILED || mprotect(bytes_ + size, size, PROT_NONE) != 0) std::abort();
  }
  GuardedPage(const GuardedPage&) = delete;
  GuardedPage& operator=(const GuardedPage&) = delete;
  ~GuardedPage() { munmap(pages_, 2 * size); }

  // A copy of `text` whose last byte is the last of the page.
  std::string_view copy_of(std::string_view text) {
    char* const at = bytes_ + size - text.size();
    std::copy(text.begin(), text.end(), at);
    return {at, text.size()};
  }

 private:
  static constexpr std::size_t size = 65536;  // a multiple of every page size in use
  void* pages_;
  char* bytes_;
};

TEST(JsonWalk, reads_no_byte_beyond_the_text) {
  const std::string body = fixture("request.json");
  GuardedPage page;
  for (std::size_t size = 0; size <= body.size(); ++size) {
    const std::string_view text = page.copy_of(std::string_view(body).substr(0, size));
    EXPECT_EQ(static_cast<bool>(read(text)), size >= body.size() - 1) << size;
  }
  for (const std::string& text : bad_texts()) {
    if (text.size() < 1000) {
      EXPECT_FALSE(read(page.copy_of(text))) << text;
    }
  }
}

TEST(JsonWalk, says_where_the_wanted_members_are) {
  const std::string text =
      R"( {"a" : "x" ,"b":[1,{"a":2}] , "c":{ },"d":[],"e":null,"f":true,"g":false,"h":-1.5e3 ,"i":{"a":0}} )";
  std::array<Member, 10> members{{{.name = "a"},
                                  {.name = "b"},
                                  {.name = "c"},
                                  {.name = "d"},
                                  {.name = "e"},
                                  {.name = "f"},
                                  {.name = "g"},
                                  {.name = "h"},
                                  {.name = "i"},
                                  {.name = "j"}}};
  const Verdict verdict = read(text, members);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict.root, Kind::object);
  EXPECT_EQ(verdict.value.begin, 1U);
  EXPECT_EQ(verdict.value.end, text.size() - 1);
  const std::array<Kind, 10> kinds{Kind::string, Kind::array, Kind::object, Kind::array,  Kind::null,
                                   Kind::yes,    Kind::no,    Kind::number, Kind::object, Kind::none};
  const std::array<std::string_view, 10> values{R"("x")", R"([1,{"a":2}])", "{ }",    "[]",         "null",
                                                "true",   "false",          "-1.5e3", R"({"a":0})", ""};
  for (std::size_t i = 0; i < members.size(); ++i) {
    EXPECT_EQ(members[i].kind, kinds[i]) << i;
    EXPECT_EQ(value_of(members[i], text), values[i]) << i;
    EXPECT_EQ(members[i].empty, i == 2 || i == 3) << i;
    EXPECT_FALSE(members[i].repeated) << i;
  }
}

TEST(JsonWalk, finds_members_only_at_the_top) {
  std::array<Member, 1> members{{{.name = "a"}}};
  EXPECT_TRUE(read(R"([{"a":1},"a",{"b":{"a":1}}])", members));
  EXPECT_TRUE(read(R"({"b":{"a":1},"c":[{"a":2}],"d":"a"})", members));
  EXPECT_EQ(members[0].kind, Kind::none);
}

TEST(JsonWalk, compares_names_by_what_they_mean) {
  for (const std::string_view text :
       {R"({"mod\u0065l":1})", R"({"\u006d\u006f\u0064\u0065\u006C":1})", R"({"model" :1})"}) {
    std::array<Member, 1> members{{{.name = "model"}}};
    EXPECT_TRUE(read(text, members));
    EXPECT_EQ(members[0].kind, Kind::number) << text;
  }
  for (const std::string_view text : {R"({"Model":1})", R"({"model\u0000":1})", R"({"\\u006dodel":1})",
                                      R"({"model ":1})", R"({"mode":1})", R"({"models":1})"}) {
    std::array<Member, 1> members{{{.name = "model"}}};
    EXPECT_TRUE(read(text, members));
    EXPECT_EQ(members[0].kind, Kind::none) << text;
  }
}

TEST(JsonWalk, notices_repeated_members_and_keeps_the_last) {
  const std::string_view text = R"({"a":[],"b":1,"\u0061":"x","c":2})";
  std::array<Member, 2> members{{{.name = "a"}, {.name = "b"}}};
  ASSERT_TRUE(read(text, members));
  EXPECT_TRUE(members[0].repeated);
  EXPECT_EQ(value_of(members[0], text), R"("x")");
  EXPECT_FALSE(members[0].empty);
  EXPECT_FALSE(members[1].repeated);
}

TEST(JsonWalk, finds_members_by_the_beginning_of_their_name) {
  const std::string_view text = R"({"x":1,"x_own":{"a":1},"y":2})";
  std::array<Member, 1> members{{{.name = "x_", .is_prefix = true}}};
  ASSERT_TRUE(read(text, members));
  EXPECT_EQ(value_of(members[0], text), R"({"a":1})");
}

TEST(JsonWalk, tells_what_a_string_means) {
  const std::string_view text = R"({"a":"\u00e9\ud83c\udf0a\n\"\\\/\u0041\b\f\r\t","b":"plain","c":1,"d":""})";
  std::array<Member, 4> members{{{.name = "a"}, {.name = "b"}, {.name = "c"}, {.name = "d"}}};
  ASSERT_TRUE(read(text, members));
  std::string scratch;
  EXPECT_EQ(string_of(members[0], text, scratch), "\xC3\xA9\xF0\x9F\x8C\x8A\n\"\\/A\b\f\r\t");
  EXPECT_EQ(string_of(members[1], text, scratch), "plain");
  EXPECT_EQ(string_of(members[2], text, scratch), std::nullopt);
  EXPECT_EQ(string_of(members[3], text, scratch), "");
}

TEST(JsonWalk, names_the_problem_and_where_it_is) {
  const Verdict verdict = read(R"({"a":1,"b":tru})");
  EXPECT_EQ(verdict.problem, "there is an unknown word");
  EXPECT_EQ(verdict.at, 11U);
  EXPECT_EQ(read("\"\xFF\"").problem, "it is not UTF-8");
  EXPECT_EQ(read("[\"\\q\"]").at, 2U);
  EXPECT_EQ(read(nested(129)).problem, "it is nested too deeply");
}

TEST(JsonWalk, reads_small_texts_after_very_large_ones) {
  const std::string large = '"' + std::string(9'000'000, 'x') + '"';
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(read(large));
    EXPECT_TRUE(read("{}"));
    EXPECT_FALSE(read("{"));
  }
}

TEST(JsonWalk, counts_values_wherever_they_stand_and_stops_counting) {
  EXPECT_EQ(count_values("7", 100), 1u);
  EXPECT_EQ(count_values(R"({"a":[1,2,{"b":"c, d [e] \"{\" \\"}],"f":null})", 100), 7u);
  EXPECT_EQ(count_values(R"("\\\"[,,,,")", 100), 1u);
  EXPECT_EQ(count_values(R"("open [,,,)", 100), 1u) << "also where it is no JSON";
  EXPECT_EQ(count_values("[0,0,0,0,0,0]", 4), 4u);
}

}  // namespace
}  // namespace sluice::chat::json
