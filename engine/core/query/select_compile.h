// A Selection with its names resolved and its operands checked: the same for every source.
//
// Threads: one query's, on one thread. Ownership: borrows the snapshot, which keeps the table's
// sources alive, the guard and the options.
#ifndef HYPERGRAPH_QUERY_SELECT_COMPILE_H_
#define HYPERGRAPH_QUERY_SELECT_COMPILE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/short_list.h"
#include "core/query/filter.h"
#include "core/query/select.h"

namespace hypergraph {

// A way to find what some of the conjuncts leave, by an index on exactly these columns.
struct IndexPlan {
  std::string name;
  std::vector<IndexProbe> probes;  // Disjoint: one for each operand of an "in".
  std::vector<bool> settled;       // By conjunct: nothing of it is left to check.
};

// Parts of a selection that a row still has to be checked for, once an access path has found it.
struct Remainder {
  bool ids = false;
  bool keys = false;
  bool members = false;
  bool valid_at = false;
  bool visible = false;
  bool visible_first = false;  // Of a memtable: most rows, read in no order of time.
  std::vector<const FilterStep*> filters;

  bool empty() const {
    return !ids && !keys && !members && !valid_at && !visible && filters.empty();
  }
};

class CompiledSelection {
  static constexpr size_t kNearTerms = 4;

 public:
  struct Term {
    NodeNumber node = kNodeNone;
    bool any_role = true;
    Symbol role = kSymbolNone;
  };

  Status Compile(const Snapshot& snapshot, const Selection& selection, Guard* guard,
                 const SelectOptions& options);

  // Members are the one thing that an access path could go by.
  bool MembersOnly() const {
    return !nodes.empty() && instants == nullptr && ids.empty() && keys.empty() && indexes.empty();
  }
  // What is left to check of rows of the source when nothing is known but that they lie in the
  // window.
  Remainder WholeRemainder(const RowSource& source) const;
  // The part of `rows` for which all of it holds, as Rows that point into `rows` or into buffers of
  // this object's; valid until the next call.
  Status Check(const RowSource& source, const Remainder& remainder, Rows rows, Rows* matched);

  const TableSchema* schema = nullptr;
  const std::vector<std::shared_ptr<const RowSource>>* sources = nullptr;
  Guard* guard = nullptr;
  Seq at = 0;
  TimeWindow window;
  bool nothing = false;
  std::optional<Micros> valid_at;
  std::vector<EdgeId> ids;  // Ascending and distinct, as are keys.
  std::vector<std::string> keys;
  ShortList<Term, kNearTerms> terms;        // By node; those that some row may hold.
  ShortList<NodeNumber, kNearTerms> nodes;  // Distinct, of terms.
  uint32_t terms_at_least = 0;
  uint32_t nodes_at_least = 0;  // Rows with fewer of the nodes cannot match.
  bool nodes_suffice = true;    // Rows with that many of them do match.
  std::vector<FilterStep> conjuncts;
  std::vector<IndexPlan> indexes;
  const std::vector<Micros>* instants = nullptr;

 private:
  Status ResolveTable(const Snapshot& snapshot, TableId table);
  Status ResolveMembers(const Snapshot& snapshot, const Selection& selection);
  void ClampWindow(const Snapshot& snapshot, TimeWindow asked);
  void PlanIndexes();

  Status CheckVisible(const RowSource& source, Rows* rows);
  Status CheckValidAt(const RowSource& source, Rows* rows);
  Status CheckIds(const RowSource& source, Rows* rows);
  Status CheckKeys(const RowSource& source, Rows* rows);
  Status CheckMembers(const RowSource& source, Rows* rows);
  void CountTerms(Rows rows, const MemberColumns& members, std::vector<uint32_t>* matched);
  std::vector<uint32_t>* NextBuffer() {
    buffer_ ^= 1;
    buffers_[buffer_].clear();
    return &buffers_[buffer_];
  }

  // Checks read from one buffer and write to the other, in turn.
  std::vector<uint32_t> buffers_[2];
  unsigned buffer_ = 0;
  FilterScratch scratch_;
  std::vector<int64_t> integers_;
  std::vector<int64_t> ends_;
  std::vector<uint32_t> arities_;
  std::vector<uint64_t> edge_ids_;
  std::vector<std::string_view> texts_;
  std::vector<uint64_t> term_rows_;  // By term: the last row that it was counted for.
  uint64_t term_row_ = 0;
  MemberColumns members_;
};

// How many of the rows, from the first, have at most `members_max` members together; at least one.
// `arities` is scratch.
Status RowsWithin(const RowSource& source, Rows rows, uint64_t members_max,
                  std::vector<uint32_t>* arities, uint32_t* count);

// Memory for members of one batch is bounded by so many and one hyperedge more.
inline constexpr uint64_t kMembersInBatch = 1u << 18;

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_SELECT_COMPILE_H_
