#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <sluice/chat/dialect.hpp>
#include <sluice/chat/features.hpp>

// How all dialects find out what a request is about. A dialect only says what its members mean, in tables.
namespace sluice::chat {

// What a member's value is to those who choose a target.
enum class Means : std::uint8_t {
  text,          // read by the model: a string, a list of them, or JSON in the model's eyes
  parts,         // the same, but what is an object has members that are known
  inside,        // an object, or a list of them, that is not itself read
  instructions,  // parts with which every conversation begins
  messages,      // parts, of which each is somebody's
  prompt,        // text that is somebody's
  role,          // whose a part is
  kind,          // a word that says what this object is: one of the names inside
  image,
  images,  // a list of them
  audio,
  document,
  blob,          // media of the type that a member names
  source,        // of a document: bytes, or text
  tools,         // what the model may call
  schema,        // that the answer has to follow, as an object
  schema_text,   // the same, as a string
  limit,         // the longest answer
  better_limit,  // which wins over the other
  choices,       // how many answers
  tags,          // members to attribute by, but for those named inside
  user,          // the end user
  other_user,    // the same where there is no better word
  bound,         // of use only to the provider that made it, unless it is empty
  sealed,        // the same, and an error to anybody else
  answer,        // the id of the answer that this follows
};

// A member by its name. Where objects hold others like themselves nothing is inside: then it is the same list of words.
struct Word {
  std::string_view name;
  Means means;
  std::span<const Word> inside{};
};

struct FeatureWords {
  std::span<const Word> members{};  // of the body
  bool absent_role_is_user = false;
};

// Dialect::features() in one pass over the body.
Features read_features(const FeatureWords& words, const Asked& asked, std::string_view body, std::uint64_t hash_key);

}  // namespace sluice::chat
