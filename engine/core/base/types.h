// Words that every layer uses.
#ifndef HYPERGRAPH_BASE_TYPES_H_
#define HYPERGRAPH_BASE_TYPES_H_

#include <cstdint>
#include <limits>
#include <span>

namespace hypergraph {

// Every record (a version of a hyperedge, or a delete) takes the next number of the database; a
// commit is the contiguous run of its records' numbers and is named by the last of them. A reader
// at `seq` sees the records numbered at most `seq`, so commits are atomic by construction.
using Seq = uint64_t;
inline constexpr Seq kSeqNone = 0;                       // Numbers start at 1.
inline constexpr Seq kSeqMax = (uint64_t{1} << 53) - 1;  // Exact in a JavaScript number.

// A hyperedge keeps the number of its first record as its id through all its versions.
using EdgeId = uint64_t;

// Nodes are interned to dense numbers, in order of first use, for the life of the database.
using NodeNumber = uint32_t;
inline constexpr NodeNumber kNodeNone = std::numeric_limits<uint32_t>::max();

// Labels and roles are interned strings; 0 is the absent one.
using Symbol = uint32_t;
inline constexpr Symbol kSymbolNone = 0;

using TableId = uint32_t;
using PropertyIndex = uint16_t;

// Microseconds since 1970-01-01 UTC. Spans of time are half-open [from, to).
using Micros = int64_t;
inline constexpr Micros kMicrosMin = std::numeric_limits<int64_t>::min();
inline constexpr Micros kMicrosMax = std::numeric_limits<int64_t>::max();  // valid_to: never ends.

struct TimeWindow {
  Micros from = kMicrosMin;
  Micros to = kMicrosMax;
};

enum class PropertyType : uint8_t {  // Frozen: stored.
  kBool = 1,
  kInt64 = 2,
  kFloat64 = 3,
  kString = 4,
  kTimestamp = 5,  // Micros.
};

using ByteView = std::span<const uint8_t>;

}  // namespace hypergraph

#endif  // HYPERGRAPH_BASE_TYPES_H_
