// Builds a batch (WIRE.md) from rows in C++: for tests, the simulator and the seeds of fuzzers.
//
//   BatchWriter batch;
//   batch.CreateTable("events", {{"size", PropertyType::kInt64}});
//   batch.Insert(1, {BatchRow(1000).Member(7).Member("ann", "author").Set(0, int64_t{12})});
//   database->Commit(batch.Finish(), Durability::kSync, &receipt);
//
// Threads: one at a time. The view of Finish lives until the next call.
#ifndef HYPERGRAPH_GRAPH_BATCH_WRITER_H_
#define HYPERGRAPH_GRAPH_BATCH_WRITER_H_

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/graph/batch_kinds.h"
#include "core/graph/schema.h"

namespace hypergraph {

// An unsigned integer or a text.
struct BatchNode {
  BatchNode(uint64_t number) : key(number) {}                    // NOLINT: implicit on purpose
  BatchNode(int number) : key(static_cast<uint64_t>(number)) {}  // NOLINT: implicit on purpose
  BatchNode(const char* text) : key(std::string(text)) {}        // NOLINT: implicit on purpose
  BatchNode(std::string text) : key(std::move(text)) {}          // NOLINT: implicit on purpose
  std::variant<uint64_t, std::string> key;
  auto operator<=>(const BatchNode&) const = default;
};

struct BatchNull {};
struct BatchTimestamp {
  Micros value = 0;
};
using BatchValue = std::variant<BatchNull, bool, int64_t, double, std::string, BatchTimestamp>;

// One hyperedge, or what changes of one. Unset fields of an insert have their defaults.
struct BatchRow {
  BatchRow() = default;
  explicit BatchRow(Micros event_time) : event_ts(event_time) {}
  BatchRow& EventTs(Micros value) {
    event_ts = value;
    return *this;
  }
  BatchRow& ValidTo(Micros value) {
    valid_to = value;
    return *this;
  }
  BatchRow& Weight(double value) {
    weight = value;
    return *this;
  }
  BatchRow& Label(std::string value) {
    label = std::move(value);
    return *this;
  }
  BatchRow& Key(std::string value) {
    key = std::move(value);
    return *this;
  }
  BatchRow& Member(BatchNode node, std::string role = "") {
    if (!members) members.emplace();
    members->emplace_back(std::move(node), std::move(role));
    return *this;
  }
  BatchRow& NoMembers() {
    members.emplace();
    return *this;
  }
  BatchRow& Set(PropertyIndex property, BatchValue value) {
    properties[property] = std::move(value);
    return *this;
  }
  BatchRow& SetText(PropertyIndex property, std::string value) {
    return Set(property, BatchValue(std::move(value)));
  }
  BatchRow& SetNull(PropertyIndex property) { return Set(property, BatchNull{}); }

  std::optional<Micros> event_ts, valid_to;
  std::optional<double> weight;
  std::optional<std::string> label, key;
  std::optional<std::vector<std::pair<BatchNode, std::string>>> members;
  std::map<PropertyIndex, BatchValue> properties;
};

// Columns as they are, for bulk inserts of integer nodes.
struct BatchColumns {
  std::span<const Micros> event_ts;
  std::span<const uint32_t> member_offsets;  // event_ts.size() + 1 of them.
  std::span<const uint32_t> members;
  std::span<const double> weight;  // Empty: all 1.
};

struct BatchTableOptions {
  Micros ttl = 0;
  Micros history = kMicrosMax;
  uint32_t arity_max = 1u << 20;
};

class BatchWriter {
 public:
  BatchWriter() { Clear(); }
  BatchWriter& Clear();
  // Of a transaction that read a snapshot of this seq; 0 is one as well.
  BatchWriter& BaseSeq(Seq seq);
  // What the property is written as from here on, whatever its values: columns of nulls alone need
  // it (they count as int64 otherwise).
  BatchWriter& TypeOfProperty(PropertyIndex property, PropertyType type) {
    types_[property] = type;
    return *this;
  }

  BatchWriter& Insert(TableId table, const std::vector<BatchRow>& rows);
  BatchWriter& InsertColumns(TableId table, const BatchColumns& columns);
  // Each row changes all fields that any of them sets, except properties: those are per row.
  BatchWriter& Update(TableId table, const std::vector<std::pair<EdgeId, BatchRow>>& rows);
  BatchWriter& Delete(TableId table, const std::vector<EdgeId>& ids);
  BatchWriter& SetNodes(
      const std::vector<std::pair<BatchNode, BatchRow>>& nodes);  // Properties only.
  BatchWriter& DropNodes(const std::vector<BatchNode>& nodes);
  BatchWriter& CreateTable(std::string_view name,
                           const std::vector<PropertySchema>& properties = {},
                           const std::vector<IndexSchema>& indexes = {},
                           const BatchTableOptions& options = {});
  BatchWriter& DropTable(TableId table);
  BatchWriter& AddProperties(TableId table, const std::vector<PropertySchema>& properties);
  BatchWriter& CreateIndex(TableId table, const IndexSchema& index);
  BatchWriter& DropIndex(TableId table, std::string_view name);
  BatchWriter& SetOptions(TableId table, const BatchTableOptions& options);

  // The whole batch. More can be added afterwards.
  ByteView Finish();

 private:
  void Begin(OpKind kind);
  void PutRows(std::span<const BatchRow* const> rows);
  void PutTexts(std::span<const std::string> texts, bool as_symbols);
  void PutMembers(std::span<const BatchRow* const> rows);
  void PutNodes(std::span<const BatchNode* const> nodes);
  void PutProperties(std::span<const BatchRow* const> rows);
  void PutProperty(PropertyIndex property, std::span<const BatchRow* const> rows);
  void PutPropertySchemas(const std::vector<PropertySchema>& properties);
  void PutIndexSchema(const IndexSchema& index);

  ByteWriter out_;
  uint32_t op_count_ = 0;
  bool inserting_ = false;
  std::map<PropertyIndex, PropertyType> types_;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_BATCH_WRITER_H_
