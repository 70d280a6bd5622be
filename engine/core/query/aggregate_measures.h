// The figures of an aggregate, one of each measure for each group.
//
// Sums of integers are exact and rounded once, at the end, to a float64; sums of floats are added
// in the order of rows. Without any value a sum, an average, a least and a greatest are null;
// counts are 0. Distinct counts are exact.
//
// Threads: one.
#ifndef HYPERGRAPH_QUERY_AGGREGATE_MEASURES_H_
#define HYPERGRAPH_QUERY_AGGREGATE_MEASURES_H_

#include <vector>

#include "core/query/aggregate_columns.h"
#include "core/query/group_table.h"

namespace hypergraph {

// What is counted: rows, or when a group is of members, memberships. Parallel vectors.
struct Facts {
  std::vector<uint32_t> rows;     // Of the batch. Empty: fact i is row i.
  std::vector<uint32_t> members;  // Of the batch's member columns; with `rows` only.
  std::vector<uint32_t> groups;
  size_t size() const { return groups.size(); }
  uint32_t RowOf(size_t fact) const {
    return rows.empty() ? static_cast<uint32_t>(fact) : rows[fact];
  }
};

class MeasureColumn {
 public:
  // Requires: the plan was checked against the schema. `columns` outlives it.
  MeasureColumn(const Measure& measure, AggregateColumns* columns);

  void Add(const Facts& facts, const AggregateColumns& columns, uint32_t group_count);
  // For paths that know the figures of many rows at once: of counts, and of sums of floats.
  void AddMany(uint32_t group, uint64_t fact_count, double sum);

  const Measure& measure() const { return measure_; }
  ValueClass value_class() const { return values_ ? values_->value_class : ValueClass::kInteger; }
  void Resize(uint32_t group_count);
  uint64_t bytes() const;

  // The figure of a group: by measure, in the form of Less and of the result.
  bool Has(uint32_t group) const;
  double Number(uint32_t group) const;                                // Count, distinct, sum, avg.
  int64_t Integer(uint32_t group) const { return integers_[group]; }  // Min, max of integers.
  double Float(uint32_t group) const { return floats_[group]; }       // Min, max of floats.
  std::string_view Text(uint32_t group) const { return texts_[group]; }  // Min, max of texts.
  // -1, 0 or 1; a null is less than everything.
  int Compare(uint32_t left, uint32_t right) const;

 private:
  void AddSum(const Facts& facts);
  template <typename T>
  void AddExtreme(const Facts& facts, const std::vector<T>& from, std::vector<T>* into);
  void AddDistinct(const Facts& facts);
  void AddDistinctMembers(const Facts& facts, const MemberColumns& members);
  void AddDistinctCode(uint32_t group, uint64_t code);

  const Measure measure_;
  const ColumnValues* values_ = nullptr;
  std::vector<uint64_t> counts_;     // Values that are not null; distinct ones of kDistinct.
  std::vector<__int128> wide_sums_;  // Sums of integers.
  std::vector<int64_t> integers_;
  std::vector<double> floats_;
  std::vector<std::string_view> texts_;
  TextIds text_ids_;
  GroupTable distinct_{2};  // (group, value) pairs.
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_AGGREGATE_MEASURES_H_
