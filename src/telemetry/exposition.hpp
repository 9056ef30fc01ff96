#pragma once

#include <cstddef>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>

#include "telemetry/series.hpp"

namespace sluice::telemetry {

// One label of a series: its name and what it says.
using LabelPair = std::pair<std::string_view, std::string_view>;

// The families of one scrape, in order.
class Exposition {
 public:
  // Begins a family; what is added next belongs to it.
  void family(prometheus::MetricType type, std::string_view name, std::string_view help) {
    prometheus::MetricFamily& begun = families_.emplace_back();
    begun.type = type;
    begun.name = name;
    begun.help = help;
  }

  // A counter's or a gauge's value.
  template <class Number>
  void add(std::initializer_list<LabelPair> labels, Number value) {
    const bool counts = families_.back().type == prometheus::MetricType::Counter;
    prometheus::ClientMetric& metric = series(labels);
    (counts ? metric.counter.value : metric.gauge.value) = static_cast<double>(value);
  }

  // A histogram; `totals` is empty when nothing was observed yet.
  void add(std::initializer_list<LabelPair> labels, std::span<const double> bounds, const HistogramTotals& totals) {
    prometheus::ClientMetric::Histogram& histogram = series(labels).histogram;
    histogram.sample_sum = totals.sum;
    for (std::size_t i = 0; i <= bounds.size(); ++i) {
      if (i < totals.buckets.size()) histogram.sample_count += totals.buckets[i];
      const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
      histogram.bucket.push_back({histogram.sample_count, bound});
    }
  }

  // A family of one series without labels.
  template <class Number>
  void single(prometheus::MetricType type, std::string_view name, std::string_view help, Number value) {
    family(type, name, help);
    add({}, value);
  }

  std::vector<prometheus::MetricFamily> take() && { return std::move(families_); }

 private:
  prometheus::ClientMetric& series(std::initializer_list<LabelPair> labels) {
    prometheus::ClientMetric& metric = families_.back().metric.emplace_back();
    for (const auto& [name, value] : labels) metric.label.push_back({std::string(name), std::string(value)});
    return metric;
  }

  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace sluice::telemetry
