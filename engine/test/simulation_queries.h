// Random questions to a snapshot, each answered by the engine and, slowly, from the model.
//
// Threads: one at a time.
#ifndef HYPERGRAPH_TEST_SIMULATION_QUERIES_H_
#define HYPERGRAPH_TEST_SIMULATION_QUERIES_H_

#include "core/query/plan.h"
#include "test/model_generator.h"

namespace hypergraph::test {

// What a snapshot should show.
struct ModelView {
  const Model* model = nullptr;
  ModelCommit newest;  // When it was taken.
  Seq at = 0;
  Micros now = 0;
  // Of a table, in the order of (event_ts, seq), without what has expired.
  std::vector<const ModelRecord*> Records(TableId table) const;
  // Of a selection's window, without what has expired.
  Micros Begin(const Selection& selection) const;
};

// How an answer was wrong, or "" if it was right. An error of the engine is in `status`.
class QueryComparison {
 public:
  QueryComparison(BatchGenerator* generator, const ModelView& view)
      : generator_(generator), random_(generator->random()), view_(view) {}

  std::string Find(const Snapshot& snapshot, Status* status);
  std::string Count(const Snapshot& snapshot, Status* status);  // By label, too.
  std::string Expand(const Snapshot& snapshot, Status* status);
  std::string Path(const Snapshot& snapshot, Status* status);
  std::string Any(const Snapshot& snapshot, Status* status);

 private:
  TableId AnyTable();
  Selection AnySelection(TableId table);
  std::optional<FilterNode> AnyFilter(const TableSchema& table);
  OwnedNodeKey AnyNode();
  ExpandPlan AnyExpansion();
  std::vector<const ModelRecord*> Matching(const Selection& selection) const;

  BatchGenerator* generator_;
  Random& random_;
  const ModelView& view_;
};

}  // namespace hypergraph::test

#endif  // HYPERGRAPH_TEST_SIMULATION_QUERIES_H_
