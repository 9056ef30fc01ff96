#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sluice/config/model_table.hpp>

// How config/models.csv is read.
namespace sluice::config {

struct ModelRow {
  std::string_view table;  // whose model it is
  std::string_view model;
  ModelFacts facts;
};

struct ModelTable {
  std::string_view version;    // the first line, without its mark
  std::vector<ModelRow> rows;  // in the order of table and model, each pair once
  std::string fault;           // why the text could not be read, with the line; empty: it could, all of it
};

// Reads a whole table, which points into `text`, or nothing of it: there are no quotes, no spaces around cells and no
// empty lines in it, and rows are sorted by bytes.
ModelTable read_model_table(std::string_view text);

// The names under which a model may be known, in the order they are tried.
std::vector<std::string_view> names_of_model(std::string_view model);

}  // namespace sluice::config
