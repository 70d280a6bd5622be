// Comparisons turned into ranges of a column's codes, once a query instead of once a row.
//
// Threads: any.
#ifndef HYPERGRAPH_INDEX_CODE_RANGES_H_
#define HYPERGRAPH_INDEX_CODE_RANGES_H_

#include <vector>

#include "core/index/predicate.h"
#include "core/storage/column_numbers.h"
#include "core/storage/column_texts.h"

namespace hypergraph {

struct CodeRange {  // Both inclusive.
  uint64_t low = 0;
  uint64_t high = 0;
};

// Invariant: ascending, neither touching nor overlapping.
using CodeRanges = std::vector<CodeRange>;

// The codes whose values satisfy the comparison (not kIsNull, kIsNotNull). False: a damaged block.
[[nodiscard]] bool RangesOf(const NumberColumn& column, CompareOp op,
                            std::span<const Value> operands, CodeRanges* ranges);
// Requires: the column has a dictionary.
[[nodiscard]] bool RangesOf(const TextColumn& column, CompareOp op, std::span<const Value> operands,
                            CodeRanges* ranges);

inline bool InRanges(uint64_t code, std::span<const CodeRange> ranges) {
  size_t low = 0;
  size_t high = ranges.size();
  while (low < high) {  // The first range that does not end before the code.
    const size_t middle = (low + high) / 2;
    if (ranges[middle].high < code) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < ranges.size() && ranges[low].low <= code;
}
bool AnyWithin(std::span<const CodeRange> ranges, uint64_t low, uint64_t high);

}  // namespace hypergraph

#endif  // HYPERGRAPH_INDEX_CODE_RANGES_H_
