// What the query layer reads: one immutable set of hyperedge records, whether a segment on disk or
// a prefix of the memtable.
//
// Threads: all const functions may run on any number of threads at once. Status is kCorrupt when a
// block on disk fails its checksum; outputs are then unspecified.
#ifndef HYPERGRAPH_INDEX_ROW_SOURCE_H_
#define HYPERGRAPH_INDEX_ROW_SOURCE_H_

#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/base/types.h"
#include "core/index/predicate.h"

namespace hypergraph {

class Dictionary;

// Some row numbers of one source, ascending in (event_ts, seq) order. Row numbers of a ranked
// source are its ranks in that order; those of a memtable are not, so never compare them as times.
class Rows {
 public:
  static Rows Range(uint32_t first, uint32_t count) { return Rows(nullptr, first, count); }
  static Rows List(std::span<const uint32_t> rows) {
    return Rows(rows.data(), 0, static_cast<uint32_t>(rows.size()));
  }
  uint32_t size() const { return count_; }
  bool contiguous() const { return list_ == nullptr; }
  uint32_t first() const { return first_; }
  const uint32_t* list() const { return list_; }
  uint32_t operator[](uint32_t index) const { return list_ ? list_[index] : first_ + index; }
  Rows Slice(uint32_t offset, uint32_t count) const {
    return list_ ? Rows(list_ + offset, 0, count) : Rows(nullptr, first_ + offset, count);
  }

 private:
  Rows(const uint32_t* list, uint32_t first, uint32_t count)
      : list_(list), first_(first), count_(count) {}
  const uint32_t* list_;
  uint32_t first_;
  uint32_t count_;
};

struct SourceBounds {
  uint32_t row_count = 0;
  Micros ts_min = 0, ts_max = 0;  // Both inclusive. Meaningless when row_count is 0.
  Seq seq_min = 0, seq_max = 0;
  uint64_t member_count = 0;
};

// Members of a batch of rows: those of row i are [offsets[i], offsets[i + 1]).
struct MemberColumns {
  std::vector<uint32_t> offsets;  // Starts as {0} when empty; Members() appends.
  std::vector<NodeNumber> nodes;  // In the order the caller gave them.
  std::vector<Symbol> roles;      // Parallel to nodes; stays empty while no row has a role.
  // Set by who wants the keys of `nodes` too: a source that finds them on the way appends them, as
  // long as there is one for each node so far and all are small integers. It is the dictionary
  // that numbered the nodes.
  const Dictionary* wants_keys = nullptr;
  std::vector<uint32_t> keys;
  void Clear() {
    offsets.assign(1, 0);
    nodes.clear();
    roles.clear();
    keys.clear();
  }
};

// A property of a batch of rows. Strings point into the source, which outlives the query.
struct PropertyColumn {
  std::vector<uint8_t> present;           // 1 or 0, one a row.
  std::vector<int64_t> integers;          // bool, int64, timestamp.
  std::vector<double> floats;             // float64.
  std::vector<std::string_view> strings;  // string.
};

class RowSource {
 public:
  virtual ~RowSource() = default;

  // Of a memtable: at this moment; it may grow, by records that no open snapshot sees.
  virtual SourceBounds bounds() const = 0;
  // True when row numbers are ranks in (event_ts, seq) order, so that a time window is a range.
  virtual bool ranked() const = 0;

  // --- Access paths. Results are appended in (event_ts, seq) order, without regard to visibility.

  // The first rank whose event_ts >= ts (row_count when none). Requires: ranked().
  virtual Status LowerBound(Micros ts, uint32_t* rank) const = 0;
  // The first (or, when `newest_first`, the last) `limit` rows of the window, still ascending;
  // UINT32_MAX for all. A ranked source is better served by LowerBound.
  virtual Status RowsInWindow(TimeWindow window, uint32_t limit, bool newest_first,
                              std::vector<uint32_t>* rows) const = 0;
  // An upper bound of the number of rows that have the node.
  virtual uint32_t Degree(NodeNumber node) const = 0;
  virtual Status RowsOfNode(NodeNumber node, TimeWindow window,
                            std::vector<uint32_t>* rows) const = 0;
  // Rows that have at least `at_least` distinct ones of the (distinct) nodes: 1 is any of,
  // nodes.size() is all of.
  virtual Status RowsOfNodes(std::span<const NodeNumber> nodes, uint32_t at_least,
                             TimeWindow window, std::vector<uint32_t>* rows) const = 0;
  // Whether an index on exactly these columns serves here, and about how many rows it would give.
  virtual bool EstimateIndex(const IndexProbe& probe, uint32_t* row_count) const = 0;
  // Requires: EstimateIndex(probe) was true.
  virtual Status RowsByIndex(const IndexProbe& probe, TimeWindow window,
                             std::vector<uint32_t>* rows) const = 0;
  // The rows for which the comparison holds (SQL's three values: null never holds), appended.
  virtual Status Select(const Comparison& comparison, Rows rows,
                        std::vector<uint32_t>* selected) const = 0;

  // --- Visibility at a sequence number: the record exists and no later one has replaced it.
  // Never true of a memtable that may still grow.
  virtual bool AllVisible(Seq at) const = 0;
  virtual Status SelectVisible(Seq at, Rows rows, std::vector<uint32_t>* visible) const = 0;

  // --- Columns. Plain outputs have room for rows.size() values.
  virtual Status EventTs(Rows rows, Micros* out) const = 0;
  virtual Status Seqs(Rows rows, Seq* out) const = 0;
  virtual Status Ids(Rows rows, EdgeId* out) const = 0;
  virtual Status ValidTo(Rows rows, Micros* out) const = 0;  // kMicrosMax: never ends.
  virtual Status Weights(Rows rows, double* out) const = 0;
  virtual Status Labels(Rows rows, Symbol* out) const = 0;
  virtual Status Arities(Rows rows, uint32_t* out) const = 0;
  virtual Status Members(Rows rows, MemberColumns* out) const = 0;  // Appended.
  // `out` comes in empty: a source may append or replace. An empty key is none.
  virtual Status Keys(Rows rows, std::vector<std::string_view>* out) const = 0;
  virtual Status Property(PropertyIndex property, Rows rows, PropertyColumn* out) const = 0;
  // The sum of the weights of a contiguous range; the fast path of aggregates.
  virtual Status SumWeights(Rows rows, double* sum) const = 0;
  // counts[node] += 1 for every membership of the rows. Requires: counts covers every node number.
  virtual Status CountMembers(Rows rows, std::span<uint32_t> counts) const = 0;

  // --- For writers: all records with this edge id or key, newest version or not.
  virtual Status FindId(EdgeId id, std::vector<uint32_t>* rows) const = 0;
  virtual Status FindKey(std::string_view key, std::vector<uint32_t>* rows) const = 0;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_INDEX_ROW_SOURCE_H_
