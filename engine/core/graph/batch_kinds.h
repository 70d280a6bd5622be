// The codes of a batch's bytes (WIRE.md), for its writer and its reader.
#ifndef HYPERGRAPH_GRAPH_BATCH_KINDS_H_
#define HYPERGRAPH_GRAPH_BATCH_KINDS_H_

#include <cstdint>

namespace hypergraph {

inline constexpr uint32_t kBatchMagic = 0x31424748;  // "HGB1".

enum class OpKind : uint8_t {  // Frozen: crosses the boundary to JavaScript.
  kInsert = 1,
  kUpdate = 2,
  kDelete = 3,
  kSetNodes = 4,
  kDropNodes = 5,
  kCreateTable = 6,
  kDropTable = 7,
  kAddProperties = 8,
  kCreateIndex = 9,
  kDropIndex = 10,
  kSetOptions = 11,
};

enum BatchField : uint32_t {  // Frozen, as OpKind.
  kBatchEventTs = 1,
  kBatchValidTo = 2,
  kBatchWeight = 4,
  kBatchLabel = 8,
  kBatchMembers = 16,
  kBatchRoles = 32,
  kBatchKey = 64,
  kBatchProperties = 128,
  kBatchAllFields = 255,
};

enum class NodesForm : uint8_t { kU32 = 1, kU64 = 2, kKeys = 3 };         // Frozen, as OpKind.
enum class Presence : uint8_t { kNull = 0, kValue = 1, kUnchanged = 2 };  // Frozen, as OpKind.

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_BATCH_KINDS_H_
