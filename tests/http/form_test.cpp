#include <gtest/gtest.h>

#include <sluice/http/form.hpp>

namespace sluice::http {
namespace {

std::string part(const std::string& disposition, const std::string& content, const std::string& more = "") {
  return "--sep\r\nContent-Disposition: form-data; " + disposition + "\r\n" + more + "\r\n" + content + "\r\n";
}

struct Read {
  std::vector<FormPart> parts;
  bool complete = false;
  std::string trouble;
};

Read read(const std::vector<std::string_view>& pieces, std::string_view boundary = "sep") {
  FormReader reader(boundary);
  Read result;
  for (const std::string_view piece : pieces) {
    const Result<Ok> taken = reader.take(piece, result.parts);
    if (taken) continue;
    result.trouble = taken.error().message();
    EXPECT_EQ(taken.error().fault(), Fault::bad_request);
    EXPECT_EQ(taken.error().blame(), Blame::client);
    return result;
  }
  result.complete = reader.complete();
  return result;
}

const std::string form = part(R"(name="file"; filename="a b.wav")", "RIFF\r\n--se\r\r\n--seq\r\n-") +
                         part(R"(name="model")", "whisper-1") + part("name=prompt", "") + "--sep--\r\n";

TEST(Form, tells_names_values_and_where_contents_lie) {
  const Read all = read({form});
  ASSERT_EQ(all.trouble, "");
  EXPECT_TRUE(all.complete);
  ASSERT_EQ(all.parts.size(), 3u);
  const auto content = [&](const FormPart& given) { return form.substr(given.begin, given.end - given.begin); };
  EXPECT_EQ(all.parts[0].name, "file");
  EXPECT_TRUE(all.parts[0].is_file);
  EXPECT_EQ(all.parts[0].value, "") << "files are not kept";
  EXPECT_EQ(content(all.parts[0]), "RIFF\r\n--se\r\r\n--seq\r\n-");
  EXPECT_EQ(all.parts[1].name, "model");
  EXPECT_FALSE(all.parts[1].is_file);
  EXPECT_EQ(all.parts[1].value, "whisper-1");
  EXPECT_EQ(content(all.parts[1]), "whisper-1");
  EXPECT_EQ(all.parts[2].name, "prompt");
  EXPECT_EQ(content(all.parts[2]), "");
}

TEST(Form, reads_the_same_wherever_it_is_cut) {
  for (std::size_t cut = 0; cut <= form.size(); ++cut) {
    const std::string_view text = form;
    const Read parts = read({text.substr(0, cut), text.substr(cut)});
    ASSERT_EQ(parts.trouble, "") << cut;
    ASSERT_TRUE(parts.complete) << cut;
    ASSERT_EQ(parts.parts.size(), 3u) << cut;
    EXPECT_EQ(parts.parts[1].value, "whisper-1") << cut;
    EXPECT_EQ(parts.parts[0].end, read({text}).parts[0].end) << cut;
  }
}

TEST(Form, is_not_complete_before_its_end) {
  const std::size_t end = form.size() - 2;  // the last line's end is not needed
  for (std::size_t size = 0; size < end; ++size) EXPECT_FALSE(read({form.substr(0, size)}).complete) << size;
  EXPECT_TRUE(read({form.substr(0, end)}).complete);
}

TEST(Form, keeps_only_the_beginning_of_a_long_value) {
  const Read parts = read({part(R"(name="prompt")", std::string(100'000, 'x')) + "--sep--"});
  ASSERT_EQ(parts.parts.size(), 1u);
  EXPECT_EQ(parts.parts[0].value, std::string(FormPart::longest_value, 'x'));
  EXPECT_EQ(parts.parts[0].end - parts.parts[0].begin, 100'000u);
}

TEST(Form, refuses_what_others_might_read_in_another_way) {
  const std::string good = part(R"(name="a")", "1");
  const std::vector<std::string> bad{
      "preamble\r\n" + good + "--sep--",
      "\r\n" + good + "--sep--",
      good + "--sep--x",
      good + "--sep--\r\n\r\n",
      good + "--sep \r\n",
      good + "--separate\r\n",
      "--sep--",
      part(R"(name="a"; name="model")", "1"),
      part(R"(name="mo\del")", "1"),
      part(R"(name="mod%65l")", "1"),
      part(R"(name*=UTF-8''model)", "1"),
      part(R"(filename="a\"; name="model")", "1"),
      part(R"(filename="a)", "1"),
      part("x", "1"),
      part(R"(filename="a")", "1"),
      part(R"(name="a")", "1", "Content-Disposition: form-data; name=\"model\"\r\n"),
      part(R"(name="a")", "1", "Content-Transfer-Encoding: base64\r\n"),
      part(R"(name="a")", "1", "folded\r\n line\r\n"),
      part(R"(name="a")", "1", "no colon\r\n"),
      part(R"(name="a")", "1", "x: a\nb\r\n"),
      part(R"(name="a")", "1", "x: " + std::string(9'000, 'x') + "\r\n"),
      "--sep\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n",
      "--sep\r\nContent-Type: text/plain\r\n\r\n1\r\n",
      "--sep\r\n\r\n1\r\n",
      "--sep\nContent-Disposition: form-data; name=\"a\"\n\n1\n--sep--",
  };
  for (const std::string& bytes : bad) {
    const std::string trouble = read({bytes}).trouble;
    EXPECT_TRUE(trouble.starts_with("The request's body is not valid multipart/form-data: ")) << bytes << trouble;
  }
}

TEST(Form, refuses_more_parts_than_a_form_has) {
  std::string bytes;
  for (int i = 0; i < 101; ++i) bytes += part("name=a", "1");
  const Read parts = read({bytes});
  EXPECT_NE(parts.trouble, "");
  EXPECT_EQ(parts.parts.size(), 100u);
}

TEST(Form, its_boundary_is_what_the_content_type_says) {
  EXPECT_EQ(form_boundary("multipart/form-data; boundary=----WebKitFormBoundaryx"), "----WebKitFormBoundaryx");
  EXPECT_EQ(form_boundary("Multipart/Form-Data;charset=utf-8;Boundary=\"a b\""), "a b");
  for (const char* type :
       {"", "application/json", "multipart/form-data", "multipart/form-data; boundary=",
        "multipart/form-data; boundary", "multipart/form-data; boundary=\"\"", "multipart/form-data; boundary=\"a \"",
        "multipart/mixed; boundary=a", "multipart/form-data; boundary=a; boundary=b",
        "multipart/form-data; boundary=\"a\r\"", "multipart/form-data-x; boundary=a",
        "multipart/form-data; boundary=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    EXPECT_FALSE(form_boundary(type)) << type;
  }
}

}  // namespace
}  // namespace sluice::http
