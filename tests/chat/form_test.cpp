#include <gtest/gtest.h>

#include <sluice/chat/form.hpp>

namespace sluice::chat {
namespace {

std::string field(const std::string& name, const std::string& value) {
  return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}
const std::string file = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nRIFF\r\n";

std::string trouble(const std::string& form, std::string_view param = "model") {
  FormOutline outline("b");
  Result<Ok> read = outline.take(form);
  if (read) read = outline.finish();
  if (read) return "";
  EXPECT_EQ(read.error().fault(), Fault::bad_request);
  EXPECT_EQ(read.error().param(), param);
  return read.error().message();
}

std::string joined(const http::Slices& slices) {
  std::string text;
  for (const std::string_view piece : slices.pieces()) text += piece;
  return text;
}

TEST(FormOutline, knows_the_model_and_puts_another_in_its_place) {
  const std::string form = file + field("model", "whisper") + field("stream", "true") + "--b--";
  FormOutline outline("b");
  EXPECT_FALSE(outline.knows_model());
  ASSERT_TRUE(outline.take(form));
  ASSERT_TRUE(outline.finish());
  EXPECT_EQ(outline.outline().model, "whisper");
  EXPECT_TRUE(outline.outline().stream);
  EXPECT_EQ(joined(outline.retarget(form, "x")), file + field("model", "x") + field("stream", "true") + "--b--");
}

TEST(FormOutline, knows_the_model_before_the_file_has_come) {
  FormOutline outline("b");
  ASSERT_TRUE(outline.take(field("model", "whisper") + "--b\r\n"));
  EXPECT_TRUE(outline.knows_model());
  EXPECT_FALSE(outline.finish());
}

TEST(FormOutline, refuses_a_model_that_is_missing_or_there_twice_or_not_a_name) {
  EXPECT_NE(trouble(file + "--b--"), "");
  EXPECT_NE(trouble(field("model", "a") + file + field("model", "b") + "--b--"), "");
  EXPECT_NE(trouble(field("model", "a") + field("Model", "b") + "--b--"), "");
  EXPECT_NE(trouble(field("model", "") + "--b--"), "");
  EXPECT_NE(trouble(field("model", "a\nb") + "--b--"), "");
  EXPECT_NE(trouble(field("model", std::string(300, 'x')) + "--b--"), "");
  EXPECT_NE(trouble("--b\r\nContent-Disposition: form-data; name=model; filename=x\r\n\r\na\r\n--b--"), "");
  EXPECT_NE(trouble(field("model", "a") + field("stream", "true") + field("stream", "false") + "--b--", "stream"), "");
  EXPECT_NE(trouble(field("model", "a"), ""), "") << "its end is missing";
  EXPECT_EQ(trouble(field("model", "a") + "--b--"), "");
}

}  // namespace
}  // namespace sluice::chat
