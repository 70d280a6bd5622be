// Reads a batch's bytes piece by piece: one cursor over them for operations, rows and properties
// (batch_reader.cc) and for nodes and schema changes (batch_parts.cc). After the first error the
// rest is not read.
//
// Threads: one reader a batch, on one thread.
#ifndef HYPERGRAPH_GRAPH_BATCH_PARTS_H_
#define HYPERGRAPH_GRAPH_BATCH_PARTS_H_

#include "core/graph/batch_reader.h"

namespace hypergraph {

class BatchParts {
 public:
  BatchParts(ByteView bytes, const BatchLimits& limits) : in_(bytes), limits_(limits) {}

 protected:
  template <typename T>
  UnalignedArray<T> Array(uint64_t count) {
    in_.AlignTo(8);
    // The reader refuses a count beyond its bytes; this one also a product that would overflow.
    if (count > in_.remaining()) count = UINT64_MAX / sizeof(T);
    const ByteView bytes = in_.GetBytes(count * sizeof(T));
    return in_.ok() ? UnalignedArray<T>(bytes.data(), count) : UnalignedArray<T>();
  }

  Status ReadSchemaOp(BatchOp* op);
  Status ReadNodes(uint32_t count, BatchNodeList* nodes);
  Status ReadText(const char* what, std::string_view* text);
  Status CheckText(const char* what, std::string_view text);

  static Status CutShort() { return {Code::kInvalid, "the batch is cut short or malformed"}; }
  static Status Invalid(std::string what) { return {Code::kInvalid, std::move(what)}; }

  ByteReader in_;
  const BatchLimits& limits_;

 private:
  Status ReadPropertySchemas(TableSchema* schema);
  void ReadIndexSchema(TableSchema* schema);
  Status ReadNodeKeys(BatchNodeList* nodes);
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_BATCH_PARTS_H_
