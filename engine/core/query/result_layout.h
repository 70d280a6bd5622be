// Where the fields of a result lie, as WIRE.md draws them, for who writes one and who reads it.
#ifndef HYPERGRAPH_QUERY_RESULT_LAYOUT_H_
#define HYPERGRAPH_QUERY_RESULT_LAYOUT_H_

#include <cstddef>

#include "core/query/result.h"

namespace hypergraph {

inline constexpr uint32_t kResultMagic = 0x31524748;  // "HGR1"
inline constexpr size_t kResultHeaderBytes = 64;
inline constexpr size_t kResultDescriptionBytes = 32;

// In the header.
inline constexpr size_t kPlanKindAt = 4, kRowCountAt = 8, kColumnCountAt = 12, kTruncatedAt = 16,
                        kCursorAt = 20, kCursorBytesAt = 24, kFlagsAt = 28, kSeqAt = 32,
                        kExaminedAt = 40, kMicrosAt = 48;
// In a column's description, behind its type and kind.
inline constexpr size_t kPlaceAt = 2, kValuesAt = 4, kValuesCountAt = 8, kOffsetsAt = 12,
                        kValidityAt = 16, kKeysAt = 20;

// Of one value.
inline uint32_t ResultValueBytes(ValueType type) {
  switch (type) {
    case ValueType::kF64:
    case ValueType::kI64:
      return 8;
    case ValueType::kU32:
    case ValueType::kList:
      return 4;
    case ValueType::kU8:
    case ValueType::kText:
      return 1;
  }
  return 1;
}

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_RESULT_LAYOUT_H_
