// Row 23, and what of row 28 concerns every dialect: streams that end without saying that this is all.
#include "gateway/stream_pieces.hpp"

namespace sluice::test::stream_end_faults_test {
namespace {

using chat::Dialect;

void row_23_every_dialect_s_stream_that_ends_without_its_end(Stage& stage) {
  open_all_dialects(stage, [](const Dialect& dialect) { return streamed_by(dialect, all_but_the_end(dialect)); });
  for (const Dialect* const dialect : chat::dialects()) {
    SCOPED_TRACE(dialect->name());
    const Answer answer = stage.ask(request_of(*dialect, std::string(dialect->name())));
    EXPECT_TRUE(answer.body.starts_with(all_but_the_end(*dialect))) << answer.body;
    expect_visible_break(*dialect, answer);
  }
  for (const auto& line : stage.lines()) {
    EXPECT_EQ(line["cut"], true) << line.dump();
    EXPECT_EQ(line["error"], "upstream_error") << line.dump();
  }
  EXPECT_EQ(stage.gateway().await_metric("sluice_upstream_attempts_total", static_cast<double>(chat::dialects().size()),
                                         {"outcome=\"truncated\""}),
            static_cast<double>(chat::dialects().size()));
}

// Some servers leave out what comes behind the reason why the model ended. Where the streams of a dialect are read and
// not relayed, that is enough for its readers.
std::string without_what_ends_it(const Dialect& dialect) {
  const bool ends_with_its_reason = &dialect == &chat::openai_chat() || &dialect == &chat::bedrock_converse();
  return streamed_by(dialect, ends_with_its_reason ? all_but_the_reason(dialect) : all_but_the_end(dialect));
}

void row_23_every_translated_stream_that_ends_without_its_end(Stage& stage) {
  open_all_dialects(stage, without_what_ends_it);
  for (const Dialect* const caller : chat::dialects()) {
    for (const Dialect* const provider : chat::dialects()) {
      if (caller == provider) continue;
      SCOPED_TRACE(std::string(caller->name()) + " asks " + std::string(provider->name()));
      const Answer answer = stage.ask(request_of(*caller, std::string(provider->name())));
      expect_visible_break(*caller, answer);
    }
  }
  for (const auto& line : stage.lines()) EXPECT_EQ(line["cut"], true) << line.dump();
}

// By the dialects' own words, written down by hand: the last thing but one says that the model has ended.
void row_23_a_reason_to_end_is_no_end(Stage& stage) {
  const std::string reason = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
  Script script;
  script.read_request().send(stream_head() + chunk(delta_event("one") + reason) + std::string(last_chunk)).again();
  auto& upstream = stage.upstream(script);
  stage.open({upstream.port()}, {.model = "retry: {attempts: 1}"});
  expect_broken_stream(stage.ask(chat_stream()), delta_event("one") + reason, "upstream_error");
}

void row_23_nothing_but_an_end_of_the_connection_falls_back(Stage& stage) {
  auto& bad = stage.upstream(always(stream_head() + std::string(last_chunk)));
  auto& good = stage.upstream(always(streamed({delta_event("other")})));
  stage.open({bad.port(), good.port()});
  const Answer answer = stage.ask(chat_stream());
  expect_stream(answer, delta_event("other") + std::string(done_event));
  EXPECT_EQ(answer.field("x-sluice-attempts"), "2");
}

// In front of the end of every dialect whose streams are server-sent events.
std::string with_an_odd_event(const Dialect& dialect) {
  const std::string before = all_but_the_end(dialect);
  return streamed_by(dialect, before + "data: {not json\n\ndata: [7]\n\nevent: odd\ndata: \"x\"\n\n");
}

void row_28_no_dialect_s_relay_minds_what_it_cannot_read(Stage& stage) {
  open_all_dialects(stage, with_an_odd_event);
  for (const Dialect* const dialect : chat::dialects()) {
    if (!dialect->streams_events()) continue;
    SCOPED_TRACE(dialect->name());
    const Answer answer = stage.ask(request_of(*dialect, std::string(dialect->name())));
    EXPECT_TRUE(answer.body.starts_with(all_but_the_end(*dialect) +
                                        "data: {not json\n\ndata: [7]\n\nevent: odd\ndata: \"x\"\n\n"))
        << answer.body;
    expect_visible_break(*dialect, answer);
  }
}

constexpr Row rows[] = {
    {"row_23_every_dialect_s_stream_that_ends_without_its_end",
     row_23_every_dialect_s_stream_that_ends_without_its_end},
    {"row_23_every_translated_stream_that_ends_without_its_end",
     row_23_every_translated_stream_that_ends_without_its_end},
    {"row_23_a_reason_to_end_is_no_end", row_23_a_reason_to_end_is_no_end},
    {"row_23_nothing_but_an_end_of_the_connection_falls_back", row_23_nothing_but_an_end_of_the_connection_falls_back},
    {"row_28_no_dialect_s_relay_minds_what_it_cannot_read", row_28_no_dialect_s_relay_minds_what_it_cannot_read},
};
INSTANTIATE_TEST_SUITE_P(stream_end_faults, FaultRow, ::testing::ValuesIn(rows), row_name);

}  // namespace
}  // namespace sluice::test::stream_end_faults_test
