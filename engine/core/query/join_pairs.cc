#include "core/query/join_pairs.h"

#include <algorithm>
#include <tuple>

namespace hypergraph {

namespace {

constexpr uint64_t kPairBytes = 8 * 4 + 4 * 2;

bool Before(const JoinPair& a, const JoinPair& b) {
  return std::tie(a.left.ts, a.left.seq, a.right.ts, a.right.seq) <
         std::tie(b.left.ts, b.left.seq, b.right.ts, b.right.seq);
}

Micros Sum(Micros ts, __int128 distance) {
  return static_cast<Micros>(std::clamp<__int128>(ts + distance, kMicrosMin, kMicrosMax));
}

}  // namespace

void JoinSide::NodesOf(const WalkEdge& edge, std::vector<NodeNumber>* nodes) const {
  nodes->clear();
  for (size_t i = 0; i < edge.nodes.size(); ++i) {
    const Symbol has = edge.roles ? edge.roles[i] : kSymbolNone;
    if (!has_role || has == role) nodes->push_back(edge.nodes[i]);
  }
  std::sort(nodes->begin(), nodes->end());
  nodes->erase(std::unique(nodes->begin(), nodes->end()), nodes->end());
}

TimeWindow Around(Micros ts, __int128 low, __int128 high) {
  const Micros last = Sum(ts, high);
  // No event_ts is the greatest instant, so a window up to it leaves nothing out.
  return {Sum(ts, low), last == kMicrosMax ? last : last + 1};
}

JoinPairs::JoinPairs(Guard* guard) : guard_(guard), kept_max_(guard->rows_max()) {
  const uint64_t affordable = std::max<uint64_t>(1, guard->bytes_max() / kPairBytes);
  if (affordable >= kept_max_) return;
  kept_max_ = affordable;
  reason_ = Truncated::kBytesMax;
}

void JoinPairs::Add(const JoinPair& pair) {
  pairs_.push_back(pair);
  if (pairs_.size() >= kept_max_ * 2 + 4096) Cut();
}

void JoinPairs::Cut() {
  const auto kept = pairs_.begin() + static_cast<ptrdiff_t>(kept_max_);
  std::nth_element(pairs_.begin(), kept, pairs_.end(), Before);
  pairs_.erase(kept, pairs_.end());
  cut_ = true;
}

std::vector<JoinPair> JoinPairs::Take() {
  if (pairs_.size() > kept_max_) Cut();
  if (cut_) guard_->Stop(reason_);
  std::sort(pairs_.begin(), pairs_.end(), Before);
  return std::move(pairs_);
}

}  // namespace hypergraph
