#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <sluice/base/secret.hpp>

// How the secrets of keys made at run time are written:
//
//   sk-sluice-<id>-<chance>-<checksum>
//
// The id (8 characters) says which key it is, so that it is found without a search. The chance is 32 random bytes in
// base64url (43 characters). The checksum is the CRC-32 (of IEEE 802.3) of everything before its dash, in base 62 (6
// characters): whoever looks for secrets that lie about can tell one from something alike, and a misspelt one is
// refused without a look at the store.
namespace sluice::ledger {

inline constexpr std::string_view key_prefix = "sk-sluice-";
inline constexpr std::size_t key_id_size = 8;
inline constexpr std::size_t key_secret_size = 69;

// 40 bits of chance in Crockford's base 32.
std::string make_key_id();

// The whole secret of a key, made of chance from the system's generator. It is the only copy.
Secret make_key_secret(std::string_view id);
// The same from given chance.
Secret key_secret(std::string_view id, std::span<const std::uint8_t, 32> chance);

// The id in what somebody shows as a key's secret; nothing if it is not written as above, or its checksum is wrong.
// How long it takes depends on nothing but the size.
std::optional<std::string_view> key_id_of(std::string_view shown);

// Whether a word has the form of an id; says nothing about whether there is such a key.
bool is_key_id(std::string_view text);

}  // namespace sluice::ledger
