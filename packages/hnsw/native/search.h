// One query against a graph: which way to go, and the ways.
//
// Threads: the graph must not change meanwhile.
#ifndef HYPERMESH_HNSW_SEARCH_H_
#define HYPERMESH_HNSW_SEARCH_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "graph.h"
#include "scratch.h"
#include "space.h"

namespace hypermesh::hnsw {

// The slots that may be found. Without words: all of them.
struct Allowed {
  const uint64_t* words = nullptr;
  size_t count = 0;

  bool Has(uint32_t slot) const { return words == nullptr || HasBit(words, slot); }
};

// In the order of what they cost; src/hnsw-index.ts names them.
enum class Strategy : uint32_t { kPlain = 0, kBitset = 1, kTwoHop = 2, kExact = 3 };

struct SearchLimits {
  size_t k;
  size_t ef;
  // Of a scan, and of a walk with a filter: who must not wait long does without the answer.
  size_t distances = std::numeric_limits<size_t>::max();
};

struct Answer {
  Strategy strategy;
  size_t count;
};

// Writes the nearest first; min(k, allowed.count) of them, fewer only where slots are removed
// meanwhile. Nothing where it would take more than limits.distances.
std::optional<Answer> Search(const Graph& graph, const Query& query, SearchLimits limits,
                             const Allowed& allowed, Scratch* scratch, uint32_t* slots,
                             float* distances);

// The ways of the planner; each leaves what it found in scratch->results, in order. Those that are
// not exact return false when they would take longer than an exact scan, or than the limits allow.
void ScanExactly(const Graph& graph, const Query& query, size_t k, const Allowed& allowed,
                 Scratch* scratch);
bool TraverseChecked(const Graph& graph, const Query& query, SearchLimits limits,
                     const Allowed& allowed, Scratch* scratch);
bool TraverseTwoHop(const Graph& graph, const Query& query, SearchLimits limits,
                    const Allowed& allowed, Scratch* scratch);

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_SEARCH_H_
