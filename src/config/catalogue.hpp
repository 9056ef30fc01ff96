#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/config/config.hpp>

#include "config/complaints.hpp"

// What is known about kinds of providers without anybody writing it down: config/providers.yaml, compiled in.
namespace sluice::config {

enum class KeyNeed : std::uint8_t { required, optional, none };

// How a kind's providers learn who we are, beside a key.
enum class CredentialWay : std::uint8_t {
  none,
  aws_sigv4,           // requests are signed with AWS's keys
  service_account,     // a token for a Google service account's signed statement
  client_credentials,  // a token for a client's id and secret
};

struct Kind {
  std::string name;
  std::string dialect;
  // Doors through which some dialects are reached, each with its dialect; for others this is their own house.
  std::vector<std::pair<std::string, std::string>> doors;
  std::vector<Provider::Voice> also;  // with paths in the place of base_url's
  std::string base_url;               // empty: the configuration has to give one, unless it is built in
  KeyNeed key = KeyNeed::required;
  CredentialWay credential = CredentialWay::none;
  std::string service;              // that requests are signed for
  std::string scope;                // that tokens are asked for
  std::string token_url;            // of whom; {tenant_id} stands for the client's tenant
  std::string bearer_variable;      // a key that is taken from there when nothing else is written
  std::string residency;            // where requests to its base_url are treated and kept; may be empty
  std::string key_variable;         // where the provider's own tools look for the key; may be empty
  std::vector<std::string> models;  // patterns under which the embedded default offers its models
  std::vector<std::string> tables;  // where models.csv tells of its models, the best first
  bool allow_private = false;
  bool built_in = false;
  bool free = false;   // asking it costs nothing
  bool probe = false;  // the embedded default has it when it answers at base_url
  Manners manners;

  // The door to that dialect, or nothing.
  std::string door_to(std::string_view spoken) const;
};

struct Catalogue {
  std::vector<std::string> dialects;         // that this version speaks
  std::vector<std::string> endpoints;        // as routes call them
  std::vector<Kind> kinds;                   // in the file's order
  std::vector<std::string> other_variables;  // hold keys, and are read only where a configuration names them

  // Null when there is none of that name.
  const Kind* find(std::string_view name) const;
  std::vector<std::string_view> names() const;
};

// Reads a catalogue as config/providers.yaml is written.
Catalogue read_catalogue(std::string_view text, Complaints& complaints);

// The one that is compiled in.
Catalogue shipped_catalogue();

}  // namespace sluice::config
