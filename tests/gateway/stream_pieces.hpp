#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sluice/chat/dialect.hpp>

#include "gateway/stage.hpp"

// Streams of every dialect, in the pieces that mean something.
namespace sluice::test {

struct Piece {
  std::string bytes;
  chat::EventSense::Kind kind;
};

// A whole stream of that dialect; fails the test when something in it is no event.
std::vector<Piece> pieces_of(const chat::Dialect& dialect, std::string_view stream);
// Everything that a provider of that dialect says, in one word, before it says that this is all.
std::string all_but_the_end(const chat::Dialect& dialect);
// The same without why it ended.
std::string all_but_the_reason(const chat::Dialect& dialect);
// That stream as an answer that is complete as HTTP goes.
std::string streamed_by(const chat::Dialect& dialect, const std::string& stream);
// A caller's streamed request in its own dialect, for the model of that name.
std::string request_of(const chat::Dialect& caller, const std::string& model);
// Opens a gateway with one provider and one model for each dialect, all of its name; each has the answer that `answer`
// gives it, whoever asks.
void open_all_dialects(Stage& stage, std::string (*answer)(const chat::Dialect& dialect));
// The caller sees that the stream broke: its last event says so, none says that this is all, and the connection ends
// without the last chunk.
void expect_visible_break(const chat::Dialect& caller, const Answer& answer);

}  // namespace sluice::test
