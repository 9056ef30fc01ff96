#pragma once

#include <chrono>
#include <map>
#include <stdexcept>
#include <string>

#include <sluice/ledger/store.hpp>
#include <sluice/ledger/usage_report.hpp>

#include "ledger/records.hpp"

namespace sluice::ledger {

inline constexpr std::chrono::seconds long_enough{30};
inline constexpr Span always{UtcTime::min(), UtcTime::max()};

template <class T>
T taken(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  return *std::move(result);
}

inline void keep(Recorder& recorder, const UsageRecord& record, NanoUsd bound = 0) {
  const std::unique_ptr<Entry> entry = taken(recorder.open(record));
  entry->bound(bound);
  entry->settle(record);
}

// All records of a database, by request id; one that is there twice is an error.
inline std::map<std::string, UsageRecord> records_of(const std::string& path) {
  std::map<std::string, UsageRecord> records;
  taken(each_usage_record(path, always, [&](const UsageRecord& record) {
    if (!records.emplace(record.request_id, record).second)
      throw std::runtime_error(record.request_id + " is there twice");
    return true;
  }));
  return records;
}

}  // namespace sluice::ledger
