#include <sluice/gateway/form_body.hpp>

namespace sluice {
namespace {

constexpr std::size_t kept = std::size_t{1} << 20;  // bytes of a body that can be sent to one target after the other

}  // namespace

Async<std::string_view> FormBody::begin() {
  for (std::size_t wanted = kept;; wanted *= 2) {
    const Result<std::string_view> there = co_await incoming_.gather(wanted);
    if (!there) co_return there.error();
    Result<Ok> taken = outline_.take(there->substr(read_));
    if (!taken) co_return std::move(taken).error();
    read_ = there->size();
    if (left() > 0 && !outline_.knows_model()) continue;  // it stands behind the file
    Result<Ok> finished;
    if (left() == 0) finished = outline_.finish();
    if (!finished) co_return std::move(finished).error();
    co_return *there;
  }
}

Async<std::string_view> FormBody::next_piece() {
  const Result<std::string_view> piece = co_await incoming_.next_piece();
  if (!piece) co_return piece.error();
  Result<Ok> read = piece->empty() ? outline_.finish() : outline_.take(*piece);
  if (!read) co_return std::move(read).error();
  co_return *piece;
}

}  // namespace sluice
