// Reads a result as WIRE.md draws it. The bytes may have been in other hands since they were
// written, so that nothing is looked at which is not within them.
//
// Threads: one. Ownership: borrows the bytes.
#ifndef HYPERGRAPH_QUERY_RESULT_VIEW_H_
#define HYPERGRAPH_QUERY_RESULT_VIEW_H_

#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/query/result.h"

namespace hypergraph {

class ResultView {
 public:
  struct Column {
    ValueType type = ValueType::kF64;
    uint8_t kind = 0;
    uint32_t value_count = 0;
    // Of what has none they are null. `offsets` has one more than there are rows, `keys` one a
    // value, `validity` a bit a row. Aligned as it happens: load them unaligned.
    const uint8_t* values = nullptr;
    const uint8_t* offsets = nullptr;
    const uint8_t* validity = nullptr;
    const uint8_t* keys = nullptr;
  };

  // kInvalid where the bytes are no result.
  static Status Open(ByteView bytes, ResultView* view);
  uint32_t row_count() const { return row_count_; }
  uint32_t column_count() const { return column_count_; }
  // Every row has a value, or offsets. kInvalid where there is no such column, or none within the
  // bytes.
  Status ColumnAt(uint32_t place, Column* column) const;

 private:
  Status At(uint32_t offset, uint64_t count, const uint8_t** at) const;

  ByteView bytes_;
  uint32_t row_count_ = 0;
  uint32_t column_count_ = 0;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_RESULT_VIEW_H_
