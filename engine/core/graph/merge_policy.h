// Which segments of a table to merge next: by size in tiers, those that overlap in time first, so
// that few segments stay and a time window touches fewer of them.
#ifndef HYPERGRAPH_GRAPH_MERGE_POLICY_H_
#define HYPERGRAPH_GRAPH_MERGE_POLICY_H_

#include <vector>

#include "core/base/types.h"

namespace hypergraph {

struct MergeCandidate {
  uint32_t row_count = 0;
  Micros ts_min = 0, ts_max = 0;
  bool is_full = false;       // Though it has fewer rows than a full one.
  uint32_t marked_count = 0;  // Rows that were replaced at or below the horizon, about.
};

struct MergeLimits {
  uint32_t segment_records_max = 2u << 20;
  Micros expired_before = kMicrosMin;  // Records of earlier event_ts may go.
};

// Places in `candidates`, ascending; empty when nothing is worth it. Requires: by ts_min.
std::vector<size_t> ChooseMerge(const std::vector<MergeCandidate>& candidates,
                                const MergeLimits& limits);

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_MERGE_POLICY_H_
