#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::chat {

// What a request is about, as far as choosing a target needs to know: read without decoding the conversation.
struct Features {
  // Bytes of text a model will read: messages, instructions, tools with their schemas. What is media (base64, URLs) is
  // not among them.
  std::uint64_t prompt_bytes = 0;
  std::uint32_t messages = 0;  // instructions count as one
  std::uint32_t images = 0;
  std::uint32_t documents = 0;  // files such as PDF
  std::uint32_t audio = 0;
  bool tools = false;                       // at least one tool is offered
  bool json_schema = false;                 // the answer has to follow a schema
  std::optional<std::uint64_t> max_tokens;  // the longest answer the caller wants
  // The largest limit of all that the body sets under any name, as a provider may follow the one or the other; where
  // one cannot be read, as large as it can be. 0: there is none.
  std::uint64_t most_tokens = 0;
  std::uint32_t choices = 1;  // answers wanted to the one question; pictures, where these are made
  // What only the provider that made it can read: encrypted or signed reasoning, answers it keeps.
  bool is_bound = false;
  bool is_sealed = false;         // it is: what a provider keeps or has encrypted, and another one refuses
  std::string previous_response;  // the answer this one follows, where the provider keeps it; empty: none
  // A hash of the conversation's beginning, up to and including the first message of a user: the same for all turns of
  // it. 0: there is none.
  std::uint64_t opening = 0;
  // Members of `metadata` that are strings, and the end user, as `user`. At most 16, of 256 bytes each.
  struct Tag {
    std::string name;
    std::string value;
  };
  std::vector<Tag> tags;

  // About how many tokens the prompt has: four bytes of text each, a thousand for an image, two for each page-sized
  // document or minute of sound. For choosing only: it is off by a third either way.
  std::uint64_t prompt_tokens() const { return prompt_bytes / 4 + images * 1'000ull + (documents + audio) * 2'000ull; }
};

}  // namespace sluice::chat
