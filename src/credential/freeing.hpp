#pragma once

// Ends what libcrypto made, by the function that it has for it: std::unique_ptr<BIGNUM, Free<BN_free>>.
namespace sluice::credential {

template <auto release>
struct Free {
  template <class T>
  void operator()(T* pointer) const {
    release(pointer);
  }
};

}  // namespace sluice::credential
