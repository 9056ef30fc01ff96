// Requests that are forms with files in them: kept when small, passed on while they arrive when not.
#include "gateway/stage.hpp"

namespace sluice::test {
namespace {

std::string field(const std::string& name, const std::string& value) {
  return "--sep\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}

std::string file(std::size_t bytes) {
  return "--sep\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: "
         "audio/wav\r\n\r\n" +
         std::string(bytes, 'w') + "\r\n";
}

const std::string form_end = "--sep--\r\n";

std::string head(std::size_t bytes, const std::string& type = "multipart/form-data; boundary=sep",
                 const std::string& path = "/v1/audio/transcriptions") {
  return "POST " + path + " HTTP/1.1\r\nhost: x\r\n" + bearer() + "content-type: " + type +
         "\r\ncontent-length: " + std::to_string(bytes) + "\r\n\r\n";
}

std::string post_form(const std::string& body) { return head(body.size()) + body; }

constexpr std::size_t large = std::size_t{6} << 20;
constexpr const char* heard = R"({"text":"hello"})";

class Forms : public ::testing::Test {
 protected:
  void TearDown() override { stage_.settle(); }
  Stage stage_;
};

TEST_F(Forms, another_model_is_put_in_and_all_other_bytes_stay) {
  auto& upstream = stage_.upstream(always(response(200, heard)));
  stage_.open({upstream.port()});
  for (const bool behind : {false, true}) {
    const auto form = [&](const std::string& model) {
      return (behind ? file(10'000) + field("model", model) : field("model", model) + file(10'000)) +
             field("prompt", "caf\xC3\xA9") + form_end;
    };
    const Answer answer = stage_.ask(post_form(form("m")));
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.body, heard);
    const SeenRequest seen = upstream.seen().back();
    EXPECT_EQ(seen.target(), "/v1/audio/transcriptions");
    EXPECT_EQ(seen.field("content-type"), "multipart/form-data; boundary=sep");
    EXPECT_EQ(seen.body, form("real-model"));
  }
}

TEST_F(Forms, speech_is_translated_at_a_path_of_its_own) {
  auto& upstream = stage_.upstream(always(response(200, heard)));
  stage_.open({upstream.port()});
  const std::string body = field("model", "m") + file(10) + form_end;
  const std::string type = "multipart/form-data; boundary=\"sep\"";
  EXPECT_EQ(stage_.ask(head(body.size(), type, "/audio/translations") + body).body, heard);
  EXPECT_EQ(upstream.seen().back().target(), "/v1/audio/translations");
}

TEST_F(Forms, a_small_one_is_sent_to_the_next_target_as_well) {
  auto& broken = stage_.upstream(always(response(500, "{}")));
  auto& good = stage_.upstream(always(response(200, heard)));
  stage_.open({broken.port(), good.port()});
  const Answer answer = stage_.ask(post_form(field("model", "m") + file(500'000) + form_end));
  EXPECT_EQ(answer.body, heard);
  EXPECT_EQ(good.seen().back().body, field("model", "real-model") + file(500'000) + form_end);
}

TEST_F(Forms, a_large_one_goes_on_while_it_arrives_and_is_not_kept) {
  auto& upstream = stage_.upstream(always(response(200, heard)));
  auto& gateway = stage_.open({upstream.port()}, {.server = "limits: {buffered: 4MiB}"});
  const std::string body = field("model", "m") + file(large) + form_end;
  RawClient client(gateway.port());
  stage_.count(1);
  ASSERT_TRUE(client.send(head(body.size()) + body.substr(0, large / 2)));
  ASSERT_TRUE(upstream.await_requests(1)) << "the provider waits for the caller's last byte";
  ASSERT_TRUE(client.send(body.substr(large / 2)));
  const Answer answer = client.read_answer();
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.body, heard);
  const SeenRequest seen = upstream.seen().back();
  const std::string expected = field("model", "real-model") + file(large) + form_end;
  EXPECT_EQ(seen.field("content-length"), std::to_string(expected.size()));
  EXPECT_TRUE(seen.body == expected);
  // The connection is as good as new.
  stage_.count(1);
  ASSERT_TRUE(client.send(post_form(field("model", "m") + file(3) + form_end)));
  EXPECT_EQ(client.read_answer().body, heard);
  EXPECT_EQ(upstream.seen().back().body, field("model", "real-model") + file(3) + form_end);
}

TEST_F(Forms, a_large_one_whose_model_stands_behind_the_file_is_read_up_to_it) {
  auto& upstream = stage_.upstream(always(response(200, heard)));
  stage_.open({upstream.port()});
  const auto form = [](const std::string& model) { return file(large) + field("model", model) + form_end; };
  EXPECT_EQ(stage_.ask(post_form(form("m"))).body, heard);
  EXPECT_TRUE(upstream.seen().back().body == form("real-model"));
}

TEST_F(Forms, a_second_model_in_what_passes_through_ends_the_request) {
  auto& upstream = stage_.upstream(always(response(200, heard)));
  stage_.open({upstream.port()});
  const Answer answer = stage_.ask(post_form(field("model", "m") + file(large) + field("model", "other") + form_end));
  expect_error(answer, 400);
  ASSERT_TRUE(upstream.await_left(0));
  EXPECT_EQ(upstream.seen().back().body, "") << "the provider got all of it";
}

TEST_F(Forms, whose_rest_is_gone_are_not_sent_to_the_next_target) {
  auto& broken = stage_.upstream(always(response(500, "{}")));
  auto& unused = stage_.upstream(always(response(200, heard)));
  stage_.open({broken.port(), unused.port()});
  expect_error(stage_.ask(post_form(field("model", "m") + file(large) + form_end)), 502);
  EXPECT_EQ(unused.requests(), 0u);
}

TEST_F(Forms, of_which_nothing_went_out_yet_are_sent_to_the_next_target) {
  const RefusingPort refusing;
  auto& good = stage_.upstream(always(response(200, heard)));
  stage_.open({refusing.port(), good.port()});
  EXPECT_EQ(stage_.ask(post_form(field("model", "m") + file(large) + form_end)).body, heard);
}

TEST_F(Forms, a_caller_who_leaves_in_the_middle_of_one_takes_it_from_the_provider_too) {
  auto& upstream = stage_.upstream(always(response(200, heard)));
  auto& gateway = stage_.open({upstream.port()});
  const std::string body = field("model", "m") + file(large) + form_end;
  RawClient client(gateway.port());
  stage_.count(1);
  ASSERT_TRUE(client.send(head(body.size()) + body.substr(0, large / 2)));
  ASSERT_TRUE(upstream.await_requests(1));
  client.close();
  const Moment left = std::chrono::steady_clock::now();
  ASSERT_TRUE(upstream.await_left(0));
  record("cancelled_after_us", microseconds_since(left));
  EXPECT_EQ(stage_.lines().back()["status"], 499);
}

TEST_F(Forms, a_caller_who_leaves_is_noticed_while_the_provider_reads_nothing) {
  Script script;
  script.read_head().stop_reading().hang();
  auto& upstream = stage_.upstream(script);
  auto& gateway = stage_.open({upstream.port()});
  const std::string body = field("model", "m") + file(large * 4) + form_end;
  RawClient client(gateway.port());
  stage_.count(1);
  client.send(head(body.size()) + body.substr(0, large));
  ASSERT_TRUE(upstream.await_requests(1));
  client.close();
  EXPECT_EQ(stage_.lines().back()["status"], 499);
}

TEST_F(Forms, transcripts_in_a_stream_are_passed_on_and_one_that_was_cut_does_not_end) {
  const std::string delta = "data: {\"type\":\"transcript.text.delta\",\"delta\":\"hel\"}\r\n\r\n";
  const std::string done =
      "data: {\"type\":\"transcript.text.done\",\"text\":\"hello\",\"usage\":{\"type\":\"tokens\",\"input_tokens\":14,"
      "\"output_tokens\":5,\"total_tokens\":19}}\r\n\r\n";
  auto& upstream = stage_.upstream({always(stream_head() + chunk(delta) + chunk(done) + std::string(last_chunk)),
                                    Script().read_request().send(stream_head() + chunk(delta)).close()});
  stage_.open({upstream.port()}, {.model = "retry: {attempts: 1}"});
  const std::string request = post_form(field("model", "m") + field("stream", "true") + file(10) + form_end);
  expect_stream(stage_.ask(request), delta + done);
  EXPECT_EQ(stage_.lines().back()["output_tokens"], 5) << stage_.lines().back().dump();
  upstream.hang_up();
  expect_broken_stream(stage_.ask(request), delta);
}

TEST_F(Forms, transcripts_that_are_no_json_pass_as_they_are) {
  const std::string subtitles = "1\n00:00:00,000 --> 00:00:01,000\nhello\n";
  const std::string open_ended = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n" + subtitles;
  auto& upstream = stage_.upstream({Script().read_request().send(open_ended).close(),
                                    always(response(200, subtitles, "content-type: text/plain\r\n"))});
  stage_.open({upstream.port()});
  for (int i = 0; i < 2; ++i) {
    const Answer answer =
        stage_.ask(post_form(field("model", "m") + field("response_format", "srt") + file(10) + form_end));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, subtitles);
  }
}

TEST_F(Forms, what_is_none_is_refused_before_anybody_is_asked) {
  auto& upstream = stage_.upstream(always(response(200, heard)));
  stage_.open({upstream.port()}, {.server = "limits: {body: 8MiB}"});
  const std::string good = field("model", "m") + file(10) + form_end;
  expect_error(stage_.ask(head(good.size(), "application/json") + good), 400, "invalid_form");
  expect_error(stage_.ask(head(good.size(), "multipart/form-data") + good), 400, "invalid_form");
  expect_error(stage_.ask(post_form(good + "more")), 400, "invalid_form");
  expect_error(stage_.ask(post_form(field("model", "m") + file(10))), 400, "invalid_form");
  expect_error(stage_.ask(post_form(file(10) + form_end)), 400);
  expect_error(stage_.ask(post_form(field("model", "unknown") + file(10) + form_end)), 404, "model_not_found");
  expect_error(stage_.ask(head(std::size_t{9} << 20) + "--sep"), 413, "request_too_large");
  EXPECT_EQ(upstream.requests(), 0u);
}

}  // namespace
}  // namespace sluice::test
