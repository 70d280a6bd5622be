// A caller's batch (WIRE.md), decoded and checked as far as that needs nothing but its bytes:
// lengths, codes, offsets, UTF-8, finite numbers, instants, repeated members. Any bytes at all may
// come.
//
// Ownership: what is read points into the bytes, which must be 8-aligned and outlive it.
#ifndef HYPERGRAPH_GRAPH_BATCH_READER_H_
#define HYPERGRAPH_GRAPH_BATCH_READER_H_

#include <memory>
#include <string_view>
#include <vector>

#include "core/graph/batch_kinds.h"
#include "core/graph/commit_record.h"
#include "core/graph/graph_state.h"
#include "core/index/dictionary.h"

namespace hypergraph {

// A list of nodes by their keys.
struct BatchNodeList {
  NodesForm form = NodesForm::kU32;
  uint32_t count = 0;
  UnalignedArray<uint32_t> small;     // kU32.
  UnalignedArray<uint64_t> integers;  // kU64.
  std::vector<NodeKey> keys;          // kKeys; each once.
  std::vector<uint32_t> places;       // kKeys: the place in keys of each.

  NodeKey KeyAt(uint32_t i) const {
    if (form == NodesForm::kKeys) return keys[places[i]];
    return NodeKey{false, form == NodesForm::kU32 ? small[i] : integers[i], {}};
  }
};

struct BatchProperty {
  PropertyIndex property = 0;
  PropertyType type = PropertyType::kInt64;
  UnalignedArray<uint8_t> present;  // Presence of each. Empty: all are values.
  UnalignedArray<int64_t> integers;
  UnalignedArray<double> floats;
  UnalignedArray<uint32_t> text_offsets;
  std::string_view texts;

  Presence At(uint32_t row) const {
    return present.empty() ? Presence::kValue : static_cast<Presence>(present[row]);
  }
  std::string_view TextOf(uint32_t row) const {
    return texts.substr(text_offsets[row], text_offsets[row + 1] - text_offsets[row]);
  }
};

struct BatchRows {
  uint32_t count = 0;
  uint32_t fields = 0;  // Of BatchField.
  UnalignedArray<Micros> event_ts, valid_to;
  UnalignedArray<double> weight;
  std::vector<std::string_view> labels;
  UnalignedArray<uint32_t> label_codes;
  UnalignedArray<uint32_t> member_offsets;
  BatchNodeList members;
  std::vector<std::string_view> roles;   // Each once.
  UnalignedArray<uint8_t> role_codes;    // Empty: no roles.
  UnalignedArray<uint32_t> key_offsets;  // Empty: no keys.
  std::string_view keys;
  std::vector<BatchProperty> properties;

  bool Has(BatchField field) const { return (fields & field) != 0; }
  std::string_view KeyOf(uint32_t row) const {
    return keys.substr(key_offsets[row], key_offsets[row + 1] - key_offsets[row]);
  }
};

struct BatchOp {
  OpKind kind = OpKind::kInsert;
  TableId table = 0;
  UnalignedArray<EdgeId> ids;
  std::unique_ptr<BatchRows> rows;       // Inserts, updates; of node properties their properties.
  std::unique_ptr<BatchNodeList> nodes;  // Of node properties.
  std::unique_ptr<TableSchema> schema;   // What schema changes name. Names are not yet checked.
};

struct Batch {
  Seq base_end = 0;  // The first seq that a transaction's snapshot does not have; 0: none.
  std::vector<BatchOp> ops;
};

Status ReadBatch(ByteView bytes, const BatchLimits& limits, Batch* batch);

// What is wrong, as "row 3: a weight is not finite".
Status RowError(Code code, uint32_t row, std::string_view what);

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_BATCH_READER_H_
