#include <sluice/chat/form.hpp>

#include <utility>

#include <sluice/base/text.hpp>

#include "chat/request_body.hpp"

namespace sluice::chat {

Result<Ok> FormOutline::take(std::string_view bytes) {
  parts_.clear();
  if (Result<Ok> read = reader_.take(bytes, parts_); !read) return read;
  for (const http::FormPart& part : parts_) {
    if (Result<Ok> noted = note(part); !noted) return noted;
  }
  return Ok{};
}

Result<Ok> FormOutline::note(const http::FormPart& part) {
  for (const std::string_view decisive : {"model", "stream"}) {
    if (part.name != decisive && equals_ignoring_case(part.name, decisive)) {
      return refuse_member(decisive, "The field '" + std::string(decisive) + "' is there in another case.");
    }
  }
  if (part.name == "stream") {
    if (std::exchange(stream_seen_, true)) {
      return refuse_member("stream", "The field 'stream' is there more than once.");
    }
    outline_.stream = equals_ignoring_case(part.value, "true") || part.value == "1";
  }
  if (part.name != "model") return Ok{};
  if (knows_model()) return refuse_member("model", "The field 'model' is there more than once.");
  if (part.is_file) return refuse_member("model", "The field 'model' must not be a file.");
  if (Result<Ok> good = check_model(part.value); !good) return good;
  model_ = part.value;
  outline_.model = model_;
  outline_.model_value = {static_cast<std::size_t>(part.begin), static_cast<std::size_t>(part.end)};
  return Ok{};
}

Result<Ok> FormOutline::finish() const {
  if (!reader_.complete()) {
    return refuse("invalid_form", "The request's body is not valid multipart/form-data: it ends too early.");
  }
  if (!knows_model()) return refuse_member("model", "The field 'model' is missing.");
  return Ok{};
}

http::Slices FormOutline::retarget(std::string_view beginning, std::string_view model) const {
  const Edit edit{outline_.model_value, model};
  return edited(beginning, {&edit, 1});
}

}  // namespace sluice::chat
