#include "chat/json_tree.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "chat/json_writer.hpp"

namespace sluice::chat::json {
namespace {

TEST(JsonTree, gives_every_value_in_its_writers_own_bytes) {
  const std::string text = R"( {"b": {"z" : 1.50, "a":[ 1e2 ,"x"]}, "a": "\u0041\n", "n":null,"t":true,"f":false} )";
  const Tree tree = Tree::read(text);
  ASSERT_TRUE(tree);
  const Value root = tree.root();
  EXPECT_EQ(root["b"].raw(), R"({"z" : 1.50, "a":[ 1e2 ,"x"]})");
  EXPECT_EQ(root["b"]["z"].raw(), "1.50");
  EXPECT_EQ(root["b"]["a"][0].raw(), "1e2");
  EXPECT_EQ(root["b"]["a"][0].whole(), 100U);
  EXPECT_EQ(root["a"].string(), "A\n");
  EXPECT_TRUE(root["a"].is("A\n"));
  EXPECT_TRUE(root["n"].is_null());
  EXPECT_EQ(root["t"].boolean(), true);
  EXPECT_EQ(root["f"].boolean(), false);
  EXPECT_EQ(root.size(), 5U);
}

TEST(JsonTree, keeps_the_order_and_the_names_of_members) {
  const Tree tree = Tree::read(R"({"z":1,"\u0061":2,"":3,"z":4})");
  std::string names;
  for (const Value member : tree.root()) names += member.name() + "=" + std::string(member.raw()) + ";";
  EXPECT_EQ(names, "z=1;a=2;=3;z=4;");
  EXPECT_EQ(tree.root()["z"].whole(), 4U);
  EXPECT_EQ(tree.root()["a"].whole(), 2U);
}

TEST(JsonTree, looking_into_nothing_gives_nothing) {
  const Tree tree = Tree::read(R"({"a":[1,{"b":[]}],"s":"text"})");
  const Value root = tree.root();
  EXPECT_FALSE(root["missing"]["deeper"][3]["still"]);
  EXPECT_FALSE(root["s"]["x"]);
  EXPECT_FALSE(root["a"]["x"]);
  EXPECT_FALSE(root[0]);
  EXPECT_FALSE(root["a"][2]);
  EXPECT_EQ(root["a"][1]["b"].size(), 0U);
  EXPECT_EQ(root["s"].whole(), std::nullopt);
  EXPECT_EQ(root["a"].string(), "");
  EXPECT_TRUE(root["missing"].absent());
  EXPECT_FALSE(Tree::read("{").root());
  EXPECT_FALSE(Tree::read("{}x"));
}

TEST(JsonTree, whole_numbers_are_those_every_reader_keeps) {
  const Tree tree = Tree::read("[12.0,9007199254740992,9007199254740993,-1,1.5,-9223372036854775808]");
  const Value list = tree.root();
  EXPECT_EQ(list[0].whole(), 12U);
  EXPECT_EQ(list[1].whole(), 9007199254740992U);
  EXPECT_EQ(list[2].whole(), std::nullopt);
  EXPECT_EQ(list[3].whole(), std::nullopt);
  EXPECT_EQ(list[3].integer(), -1);
  EXPECT_EQ(list[4].whole(), std::nullopt);
  EXPECT_EQ(list[5].integer(), std::numeric_limits<std::int64_t>::min());
}

// Writes a tree again, through every accessor.
void copy(const Value& value, Writer& writer) {
  switch (value.kind()) {
    case Kind::object:
      writer.open_object();
      for (const Value member : value) copy(member, writer.name(member.name()));
      writer.close_object();
      break;
    case Kind::array:
      writer.open_array();
      for (const Value item : value) copy(item, writer);
      writer.close_array();
      break;
    case Kind::string:
      writer.string(value.string());
      break;
    default:
      writer.raw(value.raw());
  }
}

TEST(JsonTree, what_the_writer_writes_means_what_the_tree_read) {
  for (const char* const text :
       {R"({"a":[],"b":{},"c":[[],[{}],[1,2,[3]]],"d":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00","e":-0.5e-7})", "[]", "7",
        R"("x")", R"([{"a":1},{"b":[null,true,false]}])"}) {
    const Tree tree = Tree::read(text);
    ASSERT_TRUE(tree) << text;
    std::string out;
    Writer writer(out);
    copy(tree.root(), writer);
    EXPECT_EQ(nlohmann::json::parse(out), nlohmann::json::parse(text)) << out;
  }
}

TEST(JsonWriter, puts_commas_where_they_belong) {
  std::string out;
  Writer writer(out);
  writer.open_object().member("a", "x").name("b").open_array().number(std::uint64_t{1}).number(std::int64_t{-2});
  writer.open_object().close_object().close_array().member("c", true).member_if("d", "").raw_member("e", "[1]");
  writer.close_object();
  EXPECT_EQ(out, R"({"a":"x","b":[1,-2,{}],"c":true,"e":[1]})");
}

}  // namespace
}  // namespace sluice::chat::json
