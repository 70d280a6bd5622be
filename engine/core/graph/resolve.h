// From a batch to a commit record, in two passes. The first checks every operation against the
// state and against the operations before it, and changes nothing; the second interns keys, reads
// what updates start from and writes the payload.
//
// Ownership: one resolver a batch; it points into the batch's bytes. Threads: the writer's.
#ifndef HYPERGRAPH_GRAPH_RESOLVE_H_
#define HYPERGRAPH_GRAPH_RESOLVE_H_

#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/graph/batch_reader.h"
#include "core/graph/graph_state.h"
#include "core/graph/resolve_find.h"
#include "core/graph/resolve_record.h"

namespace hypergraph {

class BatchResolver {
 public:
  BatchResolver(GraphState* state, const BatchLimits& limits, Micros now);
  Status Run(ByteView bytes, std::vector<uint8_t>* payload, CommitReceipt* receipt);

 private:
  // What the first pass found out about an operation.
  struct OpPlan {
    std::shared_ptr<const TableSchema> table;
    std::vector<uint32_t> rows;  // Inserts: those to write, when some are duplicates.
    bool some_duplicates = false;
    Seq first_seq = 0;              // Updates: of the first row.
    std::vector<LiveRecord> bases;  // Updates: what each starts from; source null: of this batch.
    // Deletes: those found; else the expired ones that had keys of this operation. They come first.
    std::vector<EdgeId> ids;
    std::vector<Seq> replaces;  // The records they end.
    // What the second pass made of keys and texts.
    std::vector<NodeNumber> nodes;
    std::vector<Symbol> labels, roles;
  };
  // The state of a hyperedge after the operations so far.
  struct PendingEdge {
    Seq seq = 0;
    bool deleted = false;
    Micros event_ts = 0, valid_to = 0;
    std::string_view key;
  };
  struct PendingTable {
    std::unordered_map<EdgeId, PendingEdge> edges;
    std::unordered_map<std::string_view, EdgeId> keys;  // 0: free.
  };
  struct PendingNode {
    Seq seq = 0;  // 0: dropped.
    EdgeId id = 0;
    Record record;
  };

  // --- First pass (resolve.cc).
  Status Check(const BatchOp& op, OpPlan* plan);
  Status CheckRows(const BatchOp& op, const TableSchema& table);
  Status CheckEdgeTable(const BatchOp& op, OpPlan* plan);
  Status CheckInsert(const BatchOp& op, OpPlan* plan);
  Status CheckUpdate(const BatchOp& op, OpPlan* plan);
  Status CheckUpdateRow(const BatchOp& op, uint32_t row, LiveRecord* base);
  Status CheckDelete(const BatchOp& op, OpPlan* plan);
  Status CheckNodes(const BatchOp& op);
  // The hyperedge as the batch has it by now, or null; `base` is set where the state has it.
  Status FindEdge(TableId table, EdgeId id, PendingEdge** edge, LiveRecord* base);
  Status FindKeyOwner(TableId table, std::string_view key, EdgeId* owner);
  // Deletes what has expired and has a key of the rows: else two hyperedges would have it when the
  // table's ttl is lifted. Afterwards every key of the rows is known to pending_.
  Status FreeExpiredKeys(const BatchOp& op, OpPlan* plan);
  // Hyperedges before it have expired: nobody sees them, and a merge drops them.
  Micros OldestSeen(TableId table) const;
  enum class IdOrigin : uint8_t { kFresh, kDuplicate };
  void NoteInsertId(EdgeId id, IdOrigin origin);
  Sources SourcesOf(TableId table);

  // --- Second pass (resolve_build.cc).
  Status InternAll();
  Status InternNodes(const BatchNodeList& list, std::vector<NodeNumber>* numbers);
  Status InternTexts(std::span<const std::string_view> texts, std::vector<Symbol>* symbols);
  Status WriteHeader(ByteWriter* out);
  Status WriteKeys(const Dictionary& dictionary, uint32_t first, bool symbols, ByteWriter* out);
  Status BuildEdges(const BatchOp& op, OpPlan* plan, ByteWriter* out);
  void BuildInsert(const BatchOp& op, const OpPlan& plan, ByteWriter* out);
  Status BuildSomeRows(const BatchOp& op, const OpPlan& plan, ByteWriter* out);
  Status BuildUpdate(const BatchOp& op, const OpPlan& plan, ByteWriter* out);
  Status BuildNodeOp(const BatchOp& op, const OpPlan& plan, ByteWriter* out);
  Status BuildSetNodes(const BatchOp& op, const OpPlan& plan, ByteWriter* out);
  Status BuildDropNodes(const BatchOp& op, ByteWriter* out);
  Status FindNode(NodeNumber node, PendingNode** pending);
  void Patch(const BatchOp& op, const OpPlan& plan, uint32_t row, Record* record);
  void PatchProperties(const BatchRows& rows, uint32_t row, Record* record);
  Status TakeBytes(size_t bytes);

  GraphState& state_;
  const BatchLimits& limits_;
  const Micros now_;
  Batch batch_;
  std::vector<OpPlan> plans_;
  Seq next_seq_;
  uint64_t built_bytes_ = 0;

  std::shared_ptr<const Schema> schema_;  // As the operations so far leave it.
  bool schema_changed_ = false;
  std::map<TableId, PendingTable> pending_;
  std::deque<std::string> old_keys_;  // What pending keys point to where the state had them.
  std::unordered_set<Seq> needed_;    // Records of this batch that later operations start from.
  std::unordered_map<Seq, Record> needed_records_;
  std::unordered_map<NodeNumber, PendingNode> pending_nodes_;
  std::map<TableId, std::vector<const RowSource*>> sources_;

  CommitReceipt receipt_;
  uint32_t insert_count_ = 0;
  bool ids_listed_ = false;  // receipt_.ids is in use.
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_RESOLVE_H_
