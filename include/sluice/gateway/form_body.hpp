#pragma once

#include <cstddef>
#include <string_view>

#include <sluice/chat/form.hpp>
#include <sluice/net/service.hpp>

namespace sluice {

// A request's body that is a form with files in it. A small one is kept, so that every target can be sent it; of a
// large one only the beginning is, up to the model's name, and the rest goes from the caller to one target while it
// arrives. What passes through is read: the source's errors are those of net::Incoming and of chat::FormOutline.
class FormBody final : public net::BodySource {
 public:
  // `incoming` must outlive this.
  FormBody(net::Incoming& incoming, std::string_view boundary) : incoming_(incoming), outline_(boundary) {}

  // Reads the beginning: all of a small body. A view into the request's buffer, valid until the first next_piece().
  Async<std::string_view> begin();
  // After begin().
  const chat::Outline& outline() const { return outline_.outline(); }
  http::Slices retarget(std::string_view beginning, std::string_view model) const {
    return outline_.retarget(beginning, model);
  }

  std::uint64_t left() const override { return incoming_.left(); }
  bool taken() const override { return incoming_.taken(); }
  Async<std::string_view> next_piece() override;

 private:
  net::Incoming& incoming_;
  chat::FormOutline outline_;
  std::size_t read_ = 0;
};

}  // namespace sluice
