// Writes a result as WIRE.md draws it: a header, column descriptions, then arrays appended one
// after the other, so that nothing is moved or zeroed once written.
//
// Threads: one. The writer borrows `out`, which is whole only after Finish. Use: for each column
// BeginColumn, AppendValues as often as wanted, then SetOffsets and SetValidity where they apply
// (or one of the Add calls that do it all); then Finish.
#ifndef HYPERGRAPH_QUERY_RESULT_H_
#define HYPERGRAPH_QUERY_RESULT_H_

#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/index/dictionary.h"
#include "core/query/guard.h"
#include "core/query/plan.h"

namespace hypergraph {

enum class ValueType : uint8_t {  // Frozen: crosses the boundary to JavaScript.
  kF64 = 1,
  kI64 = 2,
  kU32 = 3,
  kU8 = 4,
  kText = 5,  // Bytes, with offsets.
  kList = 6,  // u32, with offsets.
};

// Kinds of result columns beyond those of ColumnKind. Frozen: crosses the boundary to JavaScript.
enum class ResultKind : uint8_t {
  kNode = 32,
  kHop = 33,
  kArrival = 34,
  kVia = 35,
  kParent = 36,
  kLeftId = 37,
  kLeftTs = 38,
  kRightId = 39,
  kRightTs = 40,
  kSharedNode = 41,
  kSharedCount = 42,
  kGroupBucket = 48,
  kGroupNode = 49,
  kGroupRole = 50,
  kGroupLabel = 51,
  kGroupProperty = 52,
  kMeasure = 64,
  kStep = 80,
  kDetail = 81,
  kEstimatedRows = 82,
};

struct ResultSummary {
  uint32_t row_count = 0;
  Seq seq = 0;              // What the result was read at.
  std::string_view cursor;  // Empty: none.
  bool snapshot_lost = false;
  bool whole = false;  // Nothing is missing, even if the guard stopped at the very end.
};

class ResultWriter {
 public:
  // Clears `out`, keeping its capacity.
  ResultWriter(PlanKind kind, uint32_t column_count, std::vector<uint8_t>* out);

  // Room for so many more bytes. Callers bound it by the budget; a wrong guess costs only time.
  void Reserve(uint64_t more_bytes);

  // `place` is the property, or the place of a measure.
  void BeginColumn(ValueType type, uint8_t kind, uint16_t place = 0);
  void BeginColumn(ValueType type, ResultKind kind, uint16_t place = 0) {
    BeginColumn(type, static_cast<uint8_t>(kind), place);
  }
  template <typename T>
  void AppendValues(std::span<const T> values) {
    AppendBytes(values.data(), values.size_bytes());
  }
  // row_count + 1 of them, from 0: of bytes (kText) or values (kList). Ends the column's values.
  void SetOffsets(std::span<const uint32_t> offsets);
  // The same offsets as an earlier column's: roles have those of members.
  void ShareOffsets(uint32_t earlier_column);
  // The keys of a list of nodes beside it, where all are small integers that can be read: whoever
  // then asks for keys by number is told why not. `known`: these keys, where there is one for each.
  // Ends the column's values.
  void AddNodeKeys(const Dictionary& nodes, std::span<const uint32_t> known = {});
  // One byte a row, 0: no value. Leaves the column all valid when every byte is set. Ends its
  // values.
  void SetValidity(std::span<const uint8_t> present);

  // Whole columns. An empty `present` means that all rows have a value.
  void AddF64(uint8_t kind, uint16_t place, std::span<const double> values,
              std::span<const uint8_t> present = {});
  void AddI64(uint8_t kind, uint16_t place, std::span<const int64_t> values,
              std::span<const uint8_t> present = {});
  void AddU32(uint8_t kind, uint16_t place, std::span<const uint32_t> values,
              std::span<const uint8_t> present = {});
  void AddU8(uint8_t kind, uint16_t place, std::span<const uint8_t> values,
             std::span<const uint8_t> present = {});
  // Requires: all texts together are below 4 GiB; Finish finds out.
  void AddText(uint8_t kind, uint16_t place, std::span<const std::string_view> values,
               std::span<const uint8_t> present = {});

  // Ends the result: everything that the guard knows, and the summary. kTooLarge when an offset
  // would not fit 32 bits.
  Status Finish(const ResultSummary& summary, const Guard& guard);

  size_t bytes() const { return out_->size(); }

 private:
  void AppendBytes(const void* data, size_t count);
  void Align();
  void EndValues();
  uint8_t* Description();
  void AddPlain(ValueType type, uint8_t kind, uint16_t place, const void* values, size_t bytes,
                std::span<const uint8_t> present);

  std::vector<uint8_t>* out_;
  uint32_t column_count_;
  uint32_t columns_begun_ = 0;
  size_t values_at_ = 0;
  uint32_t value_bytes_ = 1;
  bool values_open_ = false;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_RESULT_H_
