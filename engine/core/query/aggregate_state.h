// A running aggregate: its groups, its figures, and the three ways to add rows to them.
//
// Threads: one.
#ifndef HYPERGRAPH_QUERY_AGGREGATE_STATE_H_
#define HYPERGRAPH_QUERY_AGGREGATE_STATE_H_

#include <deque>
#include <optional>
#include <vector>

#include "core/query/aggregate_measures.h"
#include "core/query/group_table.h"
#include "core/query/select.h"

namespace hypergraph {

// kInvalid or kNotFound, saying what is wrong with groups, measures or top.
Status CheckAggregate(const TableSchema& schema, const AggregatePlan& plan);

class AggregateState {
 public:
  // Requires: CheckAggregate was ok; all outlive it.
  AggregateState(const TableSchema& schema, const AggregatePlan& plan);

  // The general way. The members of all rows are in memory at once when they are needed.
  Status AddRows(const RowSource& source, Rows rows);

  // By rank: bucket borders are looked up, counts are differences of ranks.
  bool CanAddByRank() const { return by_rank_; }
  // Whether looking up borders beats reading the instants of about `row_count` rows.
  bool PaysByRank(const RowSource& source, TimeWindow window) const;
  // Requires: CanAddByRank(), a ranked source.
  Status AddByRank(const RowSource& source, Rows rows);

  // By node: counters of all nodes. Their sums are added by FinishNodes.
  bool CanAddByNode() const { return by_node_; }
  Status AddByNode(const RowSource& source, Rows rows, uint32_t node_end);
  // Requires: nothing is added after. Adds only groups that the result can show: `kept_max` of
  // them.
  void FinishNodes(uint32_t kept_max, bool* more);

  bool NeedsMembers() const { return columns_.needs_members(); }
  // Of the rows added last.
  uint64_t last_member_count() const { return columns_.members().nodes.size(); }
  uint64_t bytes() const;
  const GroupTable& groups() const { return groups_; }
  const std::deque<MeasureColumn>& measures() const { return measures_; }
  const TextIds& part_texts(size_t part) const { return part_texts_[part]; }
  const AggregatePlan& plan() const { return plan_; }
  const TableSchema& schema() const { return schema_; }

 private:
  std::vector<NodeNumber> CountedNodes(uint32_t kept_max, bool* more) const;
  void GroupRows(uint32_t row_count);
  void GroupMemberships(uint32_t row_count);
  void PartsOfRow(uint32_t row, GroupParts* parts);
  uint64_t CodeOf(const ColumnValues& values, size_t part, uint32_t row);

  const TableSchema& schema_;
  const AggregatePlan& plan_;
  bool by_rank_ = false, by_node_ = false;
  std::optional<size_t> node_part_, role_part_;
  GroupTable groups_;
  AggregateColumns columns_;
  std::array<const ColumnValues*, kGroupPartsMax> part_values_{};  // Null: of the membership.
  std::array<TextIds, kGroupPartsMax> part_texts_;
  std::vector<Buckets> buckets_;  // One a part.
  std::deque<MeasureColumn> measures_;
  Facts facts_;
  std::vector<double> weights_;
  std::vector<uint32_t> node_counts_;
};

// Orders the groups, cuts them to the budget and writes them.
Status WriteAggregate(const AggregateState& state, Seq seq, Guard* guard,
                      std::vector<uint8_t>* result);

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_AGGREGATE_STATE_H_
