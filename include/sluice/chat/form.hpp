#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/result.hpp>
#include <sluice/chat/dialect.hpp>
#include <sluice/http/form.hpp>
#include <sluice/http/message.hpp>

namespace sluice::chat {

// Dialect::outline() for requests that are forms with files in them, read while they arrive: `model` and `stream` are
// fields there. Once the model is known the beginning can go on to a provider, but what follows has to be read all the
// same: a second model there would be one that nobody here permitted.
class FormOutline {
 public:
  explicit FormOutline(std::string_view boundary) : reader_(boundary) {}

  // Reads on. Errors are the caller's, and for good.
  Result<Ok> take(std::string_view bytes);
  // After the body's last byte: whether there was a whole form with a model in it.
  Result<Ok> finish() const;

  bool knows_model() const { return outline_.model_value.end != 0; }
  // Its `model` is a view into this object; `model_value` is the field's content, without any quotes.
  const Outline& outline() const { return outline_; }
  // The beginning of the form, as far as it holds the model, for a model of that name (borrowed).
  http::Slices retarget(std::string_view beginning, std::string_view model) const;

 private:
  Result<Ok> note(const http::FormPart& part);

  http::FormReader reader_;
  std::vector<http::FormPart> parts_;  // of one call
  std::string model_;
  bool stream_seen_ = false;
  Outline outline_;
};

}  // namespace sluice::chat
