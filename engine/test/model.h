// What a database should hold, kept naively: every record ever written in one list, every commit
// with its schema. Slow, plain, and written without a look at how the engine does it.
//
// Threads: one at a time.
#ifndef HYPERGRAPH_TEST_MODEL_H_
#define HYPERGRAPH_TEST_MODEL_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/graph/batch_writer.h"
#include "core/graph/schema.h"
#include "include/hypergraph/database.h"

namespace hypergraph::test {

// One operation of a batch, as a value.
struct ModelOp {
  OpKind kind = OpKind::kInsert;
  TableId table = 0;
  std::vector<EdgeId> ids;       // Updates and deletes.
  std::vector<BatchRow> rows;    // Inserts, updates, node properties.
  std::vector<BatchNode> nodes;  // Set and drop nodes.
  std::string name;              // Of a table, or an index to drop.
  std::vector<PropertySchema> properties;
  std::vector<IndexSchema> indexes;
  BatchTableOptions options;
};

struct ModelBatch {
  Seq base_seq = 0;
  std::vector<ModelOp> ops;
};

// `schema` is that before the batch: a column of nulls alone has its type from there.
std::vector<uint8_t> EncodeBatch(const ModelBatch& batch, const Schema& schema);

struct ModelRecord {
  TableId table = 0;
  EdgeId id = 0;
  Seq seq = 0;
  Seq superseded_by = 0;
  Micros event_ts = 0;
  Micros valid_to = kMicrosMax;
  double weight = 1;
  std::string label, key;
  std::vector<std::pair<BatchNode, std::string>> members;
  std::map<PropertyIndex, BatchValue> properties;  // Without nulls.
  BatchNode node{0};                               // Of the node properties' table.

  bool VisibleAt(Seq at) const { return seq <= at && (superseded_by == 0 || superseded_by > at); }
};

struct ModelCommit {
  Seq seq = 0;
  Micros committed_at = 0;
  std::shared_ptr<const Schema> schema;
};

class Model {
 public:
  Model();

  // What the engine should answer. On anything but kOk nothing changes. A batch that changes
  // nothing makes no commit. `committed_at` is the engine's to say: SetInstant.
  Code Apply(const ModelBatch& batch, CommitReceipt* expected);
  void SetInstant(Micros committed_at) { commits_.back().committed_at = committed_at; }
  // Forgets the commits after the first `count`: what a recovered database did.
  void KeepCommits(size_t count);

  const std::vector<ModelCommit>& commits() const {
    return commits_;
  }  // The first is the empty
     // database, of seq 0.
  Seq last_seq() const { return commits_.back().seq; }
  const Schema& schema() const { return *commits_.back().schema; }
  const std::vector<ModelRecord>& records() const { return records_; }
  // The commit that ends at seq; null if none does.
  const ModelCommit* CommitOf(Seq seq) const;
  // The last commit up to seq, or up to the instant.
  const ModelCommit& LastUpTo(Seq seq) const;
  const ModelCommit& LastAtOrBefore(Micros instant) const;

  // Records that a reader at `at` sees, in a database whose newest commit is `newest`: tables that
  // were dropped by then are gone, whatever `at` is. Ordered by table, event_ts, seq; those of the
  // node table by seq.
  std::vector<const ModelRecord*> Visible(const ModelCommit& newest, Seq at) const;
  std::vector<EdgeId> LiveIds(TableId table) const;
  std::vector<std::string> LiveKeys(TableId table) const;

 private:
  using Live = std::map<std::pair<TableId, EdgeId>, size_t>;
  struct Undo {
    size_t records = 0;
    std::vector<size_t> superseded;
  };
  Code ApplyOps(const ModelBatch& batch, CommitReceipt* expected, Undo* undo);
  Code ApplyEdges(const ModelBatch& batch, const ModelOp& op, CommitReceipt* expected, Undo* undo);
  Code ApplyInsert(const ModelOp& op, CommitReceipt* expected);
  Code ApplyUpdate(const ModelBatch& batch, const ModelOp& op, CommitReceipt* expected, Undo* undo);
  Code ApplyDelete(const ModelBatch& batch, const ModelOp& op, CommitReceipt* expected, Undo* undo);
  void ApplyNodes(const ModelOp& op, CommitReceipt* expected, Undo* undo);
  template <typename Matches>
  bool ChangedSince(Seq base, const Matches& matches) const;
  bool Conflicts(const ModelBatch& batch, TableId table, EdgeId id) const;
  void Supersede(size_t index, Seq by, Undo* undo);
  void Rebuild();

  std::vector<ModelRecord> records_;
  std::vector<ModelCommit> commits_;
  // Of the newest state.
  Live live_;
  std::map<std::pair<TableId, std::string>, EdgeId> keys_;
  std::map<BatchNode, size_t> live_nodes_;
  // Of the batch being applied.
  std::shared_ptr<Schema> schema_;
  Seq next_seq_ = 0;
  std::set<std::pair<TableId, EdgeId>> touched_;  // Updated or deleted.
};

// Applies a change of the schema; false if it cannot be.
bool ChangeModelSchema(const ModelOp& op, Schema* schema);

}  // namespace hypergraph::test

#endif  // HYPERGRAPH_TEST_MODEL_H_
