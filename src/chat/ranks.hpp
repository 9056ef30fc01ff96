#pragma once

#include <sluice/chat/operations.hpp>

#include "chat/json_tree.hpp"
#include "chat/json_writer.hpp"

// What the dialects' codecs of rerank share.
namespace sluice::chat {

// The members `query` and `documents`, in the words that all of them use. An Error is the caller's.
Result<Ok> read_question(json::Value root, RerankRequest& request);
// A list of results: each with its document's number and a score. False: it is none, or a number is not one of a
// document.
bool read_results(json::Value list, const RerankRequest& request, std::vector<RerankResult>& results);
// The results as an open list's items, with their documents where the caller wants them.
void write_results(const RerankAnswer& answer, const RerankRequest& request, json::Writer& to);
// What a document says, for servers that take texts alone: an object as the JSON it is.
std::string text_of(const RerankDocument& document);

}  // namespace sluice::chat
