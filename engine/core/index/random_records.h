// Records made from a seed, for tests of segments: every optional column comes and goes, times tie,
// lists repeat, some are huge.
//
// Threads: none of its own.
#ifndef HYPERGRAPH_INDEX_RANDOM_RECORDS_H_
#define HYPERGRAPH_INDEX_RANDOM_RECORDS_H_

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/index/record_columns.h"

namespace hypergraph::test {

struct RecordShape {
  uint32_t rows = 1000;
  uint32_t nodes = 100;
  uint32_t node_step = 1;  // Above 1: node numbers are sparse.
  uint32_t arity_max = 12;
  uint32_t huge_arity = 0;  // Of one row, when not 0.
  int64_t ts_span = 500;    // Small: times tie.
  int64_t ts_begin = -250;
  bool optional_columns = true;
  bool shuffled_seqs = false;
  uint64_t seq_step = 1;  // Above 1: numbers are missing.
};

// One of each kind that segments may come in.
inline std::vector<RecordShape> RecordShapes() {
  RecordShape plain;
  RecordShape tiny;
  tiny.rows = 1;
  RecordShape bare;
  bare.rows = 5000;
  bare.optional_columns = false;
  RecordShape sparse;
  sparse.rows = 20'000;  // So many are encoded on two threads.
  sparse.nodes = 3000;
  sparse.node_step = 100'003;
  sparse.ts_span = 1'000'000'000'000;
  RecordShape shuffled;
  shuffled.rows = 6000;
  shuffled.shuffled_seqs = true;
  RecordShape gaps = shuffled;
  gaps.seq_step = 3;
  RecordShape huge;
  huge.rows = 300;
  huge.huge_arity = 70'000;
  return {plain, tiny, bare, sparse, shuffled, gaps, huge};
}

class RecordMaker {
 public:
  RecordMaker(Random* random, const RecordShape& shape) : random_(*random), shape_(shape) {}

  RecordColumns Make() {
    records_.record_count = shape_.rows;
    MakeOrder();
    for (uint32_t row = 0; row < shape_.rows; ++row) MakeMembers(row);
    if (!shape_.optional_columns) return std::move(records_);
    for (uint32_t row = 0; row < shape_.rows; ++row) {
      records_.valid_to.push_back(random_.Chance(0.7)
                                      ? kMicrosMax
                                      : records_.event_ts[row] + 1 +
                                            static_cast<int64_t>(random_.Below(99)));
      records_.weight.push_back(random_.Chance(0.5) ? 1.0 : random_.Fraction());
      records_.label.push_back(
          random_.Chance(0.2) ? kSymbolNone : static_cast<Symbol>(1 + random_.Below(7) * 1000));
      if (random_.Chance(0.6)) records_.key_bytes += "key-" + std::to_string(random_.Below(5000));
      records_.key_ends.push_back(records_.key_bytes.size());
    }
    MakeProperties();
    return std::move(records_);
  }

 private:
  void MakeOrder() {
    std::vector<std::pair<Micros, Seq>> order(shape_.rows);
    for (uint32_t i = 0; i < shape_.rows; ++i) {
      const auto offset =
          static_cast<int64_t>(random_.Below(static_cast<uint64_t>(shape_.ts_span)));
      const int64_t rising = static_cast<int64_t>(i) * shape_.ts_span / shape_.rows;
      order[i] = {shape_.ts_begin + (shape_.shuffled_seqs ? offset : rising + offset / 100),
                  100 + i * shape_.seq_step};
    }
    std::sort(order.begin(), order.end());
    for (const auto& [ts, seq] : order) {
      records_.event_ts.push_back(ts);
      records_.seq.push_back(seq);
      const bool later = shape_.optional_columns && random_.Chance(0.1);
      records_.id.push_back(later ? 1 + random_.Below(99) : seq);
    }
  }

  void MakeMembers(uint32_t row) {
    if (row > 2 && random_.Chance(0.4)) return RepeatMembers(row);
    uint64_t count = 1 + random_.Below(shape_.arity_max);
    if (shape_.huge_arity != 0 && row == shape_.rows / 2) count = shape_.huge_arity;
    const bool with_roles = shape_.optional_columns && random_.Chance(0.5);
    std::set<std::pair<NodeNumber, Symbol>> seen;
    for (uint64_t i = 0; i < count; ++i) {
      const double skewed = random_.Fraction() * random_.Fraction() * random_.Fraction();
      const auto node = static_cast<NodeNumber>(
          count > shape_.arity_max ? i : static_cast<uint64_t>(skewed * shape_.nodes));
      const auto role = static_cast<Symbol>(with_roles ? random_.Below(3) * 17 : 0);
      if (!seen.insert({node, role}).second) continue;
      records_.members.push_back(node * shape_.node_step);
      if (shape_.optional_columns) records_.roles.push_back(role);
    }
    records_.member_ends.push_back(records_.members.size());
  }

  void RepeatMembers(uint32_t row) {
    const uint64_t source = row - 1 - random_.Below(std::min<uint32_t>(row - 1, 50));
    const uint64_t begin = source == 0 ? 0 : records_.member_ends[source - 1];
    for (uint64_t i = begin; i < records_.member_ends[source]; ++i) {
      records_.members.push_back(NodeNumber{records_.members[i]});
      if (shape_.optional_columns) records_.roles.push_back(Symbol{records_.roles[i]});
    }
    records_.member_ends.push_back(records_.members.size());
  }

  PropertyValues& Add(PropertyIndex property, PropertyType type) {
    PropertyValues& values = records_.properties.emplace_back();
    values.property = property;
    values.type = type;
    if (random_.Chance(0.5)) {
      for (uint32_t i = 0; i < shape_.rows; ++i) values.present.push_back(random_.Chance(0.8));
    }
    return values;
  }

  template <typename Draw>
  void AddIntegers(PropertyIndex property, PropertyType type, Draw draw) {
    PropertyValues& values = Add(property, type);
    for (uint32_t i = 0; i < shape_.rows; ++i) values.integers.push_back(draw());
  }
  template <typename Draw>
  void AddFloats(PropertyIndex property, Draw draw) {
    PropertyValues& values = Add(property, PropertyType::kFloat64);
    for (uint32_t i = 0; i < shape_.rows; ++i) values.floats.push_back(draw());
  }
  void AddTexts(PropertyIndex property, uint64_t distinct) {
    PropertyValues& values = Add(property, PropertyType::kString);
    for (uint32_t i = 0; i < shape_.rows; ++i) {
      const uint64_t number = random_.Below(distinct);
      if (number % 11 != 0) values.string_bytes += "t" + std::to_string(number);
      values.string_ends.push_back(values.string_bytes.size());
    }
  }

  void MakeProperties() {
    AddIntegers(0, PropertyType::kBool, [&] { return static_cast<int64_t>(random_.Below(2)); });
    AddIntegers(1, PropertyType::kInt64, [&] { return random_.Between(-40, 40); });
    AddIntegers(2, PropertyType::kInt64, [&] { return random_.Between(INT64_MIN, INT64_MAX); });
    AddIntegers(3, PropertyType::kTimestamp,
                [&] { return 1'700'000'000'000'000 + random_.Between(0, 9) * 86'400'000'000; });
    AddFloats(4, [&] { return static_cast<double>(random_.Between(-500, 900)) / 100; });
    AddFloats(5, [&] { return static_cast<double>(static_cast<float>(random_.Fraction())); });
    AddFloats(6, [&] { return std::ldexp(random_.Fraction() - 0.5, 40); });
    AddFloats(7, [&] {
      static constexpr double kValues[] = {-0.0, 0.0, 1.1e-9, -7e30, 1.0 / 3};
      return kValues[random_.Below(5)];
    });
    AddTexts(8, 12);
    AddTexts(9, 1'000'000'000);
  }

  Random& random_;
  const RecordShape shape_;
  RecordColumns records_;
};

}  // namespace hypergraph::test

#endif  // HYPERGRAPH_INDEX_RANDOM_RECORDS_H_
