#include "core/graph/merge_policy.h"

#include <algorithm>
#include <map>

namespace hypergraph {
namespace {

constexpr size_t kMergeCountMin = 4;
constexpr size_t kMergeCountMax = 8;
constexpr size_t kSmallCountMax = 12;  // Segments that are not full, of all tiers.
constexpr uint32_t kTierRows = 8192;  // All below are one tier; each next one is four times larger.

// Two of these do not fit one segment: merging them would write much to have hardly fewer.
bool IsFull(const MergeCandidate& candidate, const MergeLimits& limits) {
  return candidate.is_full || candidate.row_count > limits.segment_records_max / 2;
}

int TierOf(uint32_t row_count) {
  int tier = 0;
  for (uint64_t rows = kTierRows; rows <= row_count; rows *= 4) ++tier;
  return tier;
}

// How much of its inputs' time a merge leaves to one segment only: the less, the better it was.
double SpreadOf(const std::vector<MergeCandidate>& candidates, const std::vector<size_t>& places) {
  double spans = 0;
  Micros from = kMicrosMax, to = kMicrosMin;
  for (const size_t place : places) {
    const MergeCandidate& candidate = candidates[place];
    spans += static_cast<double>(candidate.ts_max) - static_cast<double>(candidate.ts_min) + 1;
    from = std::min(from, candidate.ts_min);
    to = std::max(to, candidate.ts_max);
  }
  return (static_cast<double>(to) - static_cast<double>(from) + 1) / spans;
}

// Of segments that lie next to each other in time, the run that overlaps most.
std::vector<size_t> BestRun(const std::vector<MergeCandidate>& candidates,
                            const std::vector<size_t>& places) {
  const size_t count = std::min(places.size(), kMergeCountMax);
  std::vector<size_t> best;
  double best_spread = 0;
  for (size_t begin = 0; begin + count <= places.size(); ++begin) {
    std::vector<size_t> run(places.begin() + static_cast<std::ptrdiff_t>(begin),
                            places.begin() + static_cast<std::ptrdiff_t>(begin + count));
    const double spread = SpreadOf(candidates, run);
    if (best.empty() || spread < best_spread) {
      best = std::move(run);
      best_spread = spread;
    }
  }
  return best;
}

// Full segments that all cover one instant, when there are too many of those.
std::vector<size_t> DeepestOverlap(const std::vector<MergeCandidate>& candidates,
                                   const MergeLimits& limits) {
  std::vector<size_t> deepest;
  for (size_t i = 0; i < candidates.size(); ++i) {
    std::vector<size_t> covering;
    for (size_t j = 0; j <= i; ++j) {
      if (IsFull(candidates[j], limits) && candidates[j].ts_max > candidates[i].ts_min) {
        covering.push_back(j);
      }
    }
    if (covering.size() > deepest.size()) deepest = std::move(covering);
  }
  if (deepest.size() < kMergeCountMin) return {};
  if (deepest.size() > kMergeCountMax) deepest.resize(kMergeCountMax);
  return deepest;
}

}  // namespace

std::vector<size_t> ChooseMerge(const std::vector<MergeCandidate>& candidates,
                                const MergeLimits& limits) {
  // Those that give back the most for the least: all or most of their rows may go.
  for (size_t i = 0; i < candidates.size(); ++i) {
    const MergeCandidate& candidate = candidates[i];
    if (candidate.ts_max < limits.expired_before ||
        candidate.marked_count > candidate.row_count / 2) {
      return {i};
    }
  }
  std::map<int, std::vector<size_t>> tiers;
  std::vector<size_t> small;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (IsFull(candidates[i], limits)) continue;
    tiers[TierOf(candidates[i].row_count)].push_back(i);
    small.push_back(i);
  }
  for (const auto& [tier, places] : tiers) {
    if (places.size() >= kMergeCountMin) return BestRun(candidates, places);
  }
  if (small.size() > kSmallCountMax) {
    std::sort(small.begin(), small.end(), [&](size_t a, size_t b) {
      return candidates[a].row_count < candidates[b].row_count;
    });
    small.resize(kMergeCountMin);
    std::sort(small.begin(), small.end());
    return small;
  }
  return DeepestOverlap(candidates, limits);
}

}  // namespace hypergraph
