// Memory for lists of row numbers that a thread keeps from one query to the next: the lists of a
// hub are large enough that the system would map and clear their pages anew for each query.
//
// Threads: any; each has its own, at most kKeptRowLists of kKeptRowsMax numbers.
#ifndef HYPERGRAPH_QUERY_ROW_LISTS_H_
#define HYPERGRAPH_QUERY_ROW_LISTS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hypergraph {

inline constexpr size_t kKeptRowLists = 5;
inline constexpr size_t kKeptRowsMax = size_t{256} << 10;

// An empty list, with room where some was kept.
std::vector<uint32_t> TakeRowList();
// Ends the use of a list; its contents are not looked at.
void KeepRowList(std::vector<uint32_t> rows);

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_ROW_LISTS_H_
