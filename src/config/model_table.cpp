#include "config/model_table.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

#include <sluice/base/text.hpp>
#include <sluice/ledger/money.hpp>

#include "config/catalogue.hpp"

namespace sluice::embedded {
extern const std::string_view models_csv;
}

namespace sluice::config {
namespace {

constexpr std::string_view header =
    "provider,model,input,output,cache_read,cache_write,cache_write_1h,reasoning,input_above_200k,output_above_200k,"
    "audio_input,audio_output,image,request,context,max_output,can,cannot";
constexpr std::size_t cells_of_a_row = 18;
using Cells = std::array<std::string_view, cells_of_a_row>;

// Cuts a line at its commas. False when it has too many or too few.
bool cut(std::string_view line, Cells& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::size_t comma = line.find(',');
    if ((comma == std::string_view::npos) != (i + 1 == cells.size())) return false;
    cells[i] = line.substr(0, comma);
    if (comma != std::string_view::npos) line.remove_prefix(comma + 1);
  }
  return true;
}

// These take an empty cell for what is not known. False when there is something else in it than there should be.
bool read_price(std::string_view cell, std::optional<std::int64_t>& out) {
  out = ledger::usd_in(cell);
  return cell.empty() || out;
}

bool read_limit(std::string_view cell, std::optional<std::uint64_t>& out) {
  out = parse_decimal(cell);
  return cell.empty() || out.value_or(0) > 0;
}

bool read_capabilities(std::string_view cell, std::vector<Capability>& out) {
  while (!cell.empty()) {
    const std::size_t space = cell.find(' ');
    const auto capability = capability_named(cell.substr(0, space));
    if (!capability || std::find(out.begin(), out.end(), *capability) != out.end()) return false;
    out.push_back(*capability);
    if (space == std::string_view::npos) return true;
    cell.remove_prefix(space + 1);
    if (cell.empty()) return false;
  }
  return true;
}

bool read_prices(const Cells& cells, KnownPrices& prices) {
  return read_price(cells[2], prices.input) && read_price(cells[3], prices.output) &&
         read_price(cells[4], prices.cache_read) && read_price(cells[5], prices.cache_write) &&
         read_price(cells[6], prices.cache_write_1h) && read_price(cells[7], prices.reasoning) &&
         read_price(cells[8], prices.input_above_200k) && read_price(cells[9], prices.output_above_200k) &&
         read_price(cells[10], prices.audio_input) && read_price(cells[11], prices.audio_output) &&
         read_price(cells[12], prices.image) && read_price(cells[13], prices.request);
}

// What is wrong with a line, or null after reading it.
const char* read_row(std::string_view line, ModelRow& row) {
  Cells cells;
  if (!cut(line, cells)) return "it has not 18 cells";
  row.table = cells[0];
  row.model = cells[1];
  if (row.table.empty() || row.model.empty()) return "it names no model";
  if (!read_prices(cells, row.facts.prices)) return "a price is no decimal number";
  if (!read_limit(cells[14], row.facts.context) || !read_limit(cells[15], row.facts.max_output))
    return "a limit is no number of tokens";
  if (!read_capabilities(cells[16], row.facts.can) || !read_capabilities(cells[17], row.facts.cannot))
    return "a capability is unknown, or named twice";
  const auto& cannot = row.facts.cannot;
  const auto contradicts = [&](Capability one) { return std::find(cannot.begin(), cannot.end(), one) != cannot.end(); };
  if (std::any_of(row.facts.can.begin(), row.facts.can.end(), contradicts)) return "it contradicts itself";
  return nullptr;
}

bool is_before(const ModelRow& row, std::string_view table, std::string_view model) {
  return std::tie(row.table, row.model) < std::tie(table, model);
}

ModelTable fault_at(std::size_t line, std::string_view why) {
  ModelTable table;
  table.fault = "line " + std::to_string(line) + ": " + std::string(why);
  return table;
}

// Without its end; the rest stays in `text`. Nothing when there is no end of a line.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

// Where each kind's models are told of, by its name.
using TablesOfKinds = std::map<std::string, std::vector<std::string>, std::less<>>;

TablesOfKinds tables_of_kinds() {
  TablesOfKinds out;
  for (Kind& kind : shipped_catalogue().kinds) out.emplace(std::move(kind.name), std::move(kind.tables));
  return out;
}

const ModelTable& shipped_table() {
  static const ModelTable table = read_model_table(embedded::models_csv);
  return table;
}

const ModelFacts* find(std::string_view table, std::string_view model) {
  const auto& rows = shipped_table().rows;
  const auto found = std::lower_bound(rows.begin(), rows.end(), model, [&](const ModelRow& row, std::string_view) {
    return is_before(row, table, model);
  });
  return found != rows.end() && found->table == table && found->model == model ? &found->facts : nullptr;
}

}  // namespace

ModelTable read_model_table(std::string_view text) {
  ModelTable table;
  const auto first = take_line(text);
  if (!first || !first->starts_with("# ")) return fault_at(1, "its date and sources are missing");
  table.version = first->substr(2);
  const auto second = take_line(text);
  if (!second || *second != header) return fault_at(2, "it does not name the columns");
  for (std::size_t number = 3; !text.empty(); ++number) {
    const auto line = take_line(text);
    if (!line) return fault_at(number, "it has no end");
    ModelRow row;
    if (const char* why = read_row(*line, row)) return fault_at(number, why);
    if (!table.rows.empty() && !is_before(table.rows.back(), row.table, row.model))
      return fault_at(number, "it is not behind the one before it");
    table.rows.push_back(std::move(row));
  }
  return table;
}

const ModelFacts* facts_of(std::string_view kind, std::string_view model) {
  static const TablesOfKinds tables = tables_of_kinds();
  const auto of_kind = tables.find(kind);
  if (of_kind == tables.end()) return nullptr;
  for (const std::string_view name : names_of_model(model)) {
    for (const std::string& table : of_kind->second) {
      if (const ModelFacts* facts = find(table, name)) return facts;
    }
  }
  return nullptr;
}

std::string_view model_table_version() { return shipped_table().version; }

std::string_view model_table_date() {
  constexpr std::string_view form = "0000-00-00";
  const std::string_view line = shipped_table().version;
  for (std::size_t at = 0; at + form.size() <= line.size(); ++at) {
    const std::string_view here = line.substr(at, form.size());
    const bool is_date = std::equal(here.begin(), here.end(), form.begin(),
                                    [](char c, char like) { return like == '0' ? c >= '0' && c <= '9' : c == like; });
    if (is_date) return here;
  }
  return {};
}

}  // namespace sluice::config
