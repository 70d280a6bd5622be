#include "search.h"

#include <algorithm>
#include <cmath>

namespace hypermesh::hnsw {
namespace {

// From this share of all slots on nearly every candidate counts, so they are checked at the end.
constexpr double kPlainFrom = 0.9;

// What the ways take, as measured: distances a candidate of `ef` of a walk that goes through what
// may not be found too, which is the longer the less may be, and of one that steps over it.
constexpr double kCheckedDistances = 4.5;
constexpr double kTwoHopDistances = 36;

// How many vectors a scan, which reads them in order, compares in the time of one distance of a
// walk: what a walk does beside weighs more where vectors are short.
double ScansADistance(const Graph& graph) {
  return 1 + 1000 / static_cast<double>(graph.space().data_bytes());
}

double ShareOf(const Graph& graph, const Allowed& allowed) {
  return static_cast<double>(allowed.count) / graph.count();
}

Strategy Plan(const Graph& graph, const Allowed& allowed, size_t ef) {
  const double share = ShareOf(graph, allowed);
  if (allowed.words == nullptr)
    return graph.count() <= 2 * ef ? Strategy::kExact : Strategy::kPlain;
  const double scans_a_candidate = ScansADistance(graph) * static_cast<double>(ef);
  const double checked = kCheckedDistances / share * scans_a_candidate;
  const double two_hop = kTwoHopDistances * scans_a_candidate;
  if (static_cast<double>(allowed.count) <= std::min(checked, two_hop)) return Strategy::kExact;
  if (share >= kPlainFrom) return Strategy::kPlain;
  return checked <= two_hop ? Strategy::kBitset : Strategy::kTwoHop;
}

// How far a walk with a filter goes on: to the last of the results and, of distances that are never
// negative, no farther beyond the k-th than this. Where the nearest k lie close, the rest of the
// results may lie in other parts of the space, which are not worth a visit each.
class Horizon {
 public:
  Horizon(const Space& space, const SearchLimits& limits) : k_(limits.k) {
    if (space.metric() == Metric::kIp || space.is_coarse()) return;
    const double more = static_cast<double>(limits.ef) / static_cast<double>(limits.k);
    reach_ = static_cast<float>(1 + 0.04 * std::log2(more));
  }

  float Of(const NeighborPool& results) const {
    const float worst = results.worst();
    return results.count() < k_ ? worst : std::min(worst, results.distance(k_ - 1) * reach_);
  }

 private:
  const size_t k_;
  float reach_ = std::numeric_limits<float>::infinity();
};

Candidate Start(const Graph& graph, const Query& query) {
  const uint32_t entry = graph.entry();
  return graph.Descend<false>(query.fast, false, 0,
                              {graph.DistanceTo(query.fast, false, entry), entry});
}

void TraversePlain(const Graph& graph, const Query& query, size_t ef, const Allowed& allowed,
                   Scratch* scratch) {
  // Those that may not be found take places of those that may.
  const auto wider =
      static_cast<size_t>(std::ceil(static_cast<double>(ef) / ShareOf(graph, allowed)));
  graph.Traverse<false>(query.fast, false, 0, std::min<size_t>(wider, graph.count()),
                        Start(graph, query), scratch);
  scratch->results.Reset(ef);
  for (size_t at = 0; at < scratch->pool.count(); ++at) {
    const uint32_t slot = scratch->pool.slot(at);
    if (allowed.Has(slot)) scratch->results.Insert(scratch->pool.distance(at), slot);
  }
}

// Codes led here; the exact vectors say the order.
void Rescore(const Graph& graph, const Query& query, Scratch* scratch) {
  NeighborPool& results = scratch->results;
  std::vector<Candidate>& exact = scratch->candidates;
  exact.clear();
  for (size_t at = 0; at < results.count(); ++at) {
    const uint32_t slot = results.slot(at);
    exact.push_back({graph.DistanceTo(query.exact.get(), true, slot), slot});
  }
  results.Reset(exact.size());
  for (const Candidate& candidate : exact) results.Insert(candidate.distance, candidate.slot);
}

}  // namespace

std::optional<Answer> Search(const Graph& graph, const Query& query, SearchLimits limits,
                             const Allowed& allowed, Scratch* scratch, uint32_t* slots,
                             float* distances) {
  const size_t wanted = std::min(limits.k, allowed.count);
  const size_t ef = limits.ef = std::max(limits.ef, limits.k);
  const bool may_scan = allowed.count <= limits.distances;
  limits.distances = std::min(limits.distances, allowed.count);
  if (wanted == 0) return Answer{Strategy::kExact, 0};
  Strategy strategy = Plan(graph, allowed, ef);
  bool is_done = true;
  if (strategy == Strategy::kPlain) TraversePlain(graph, query, ef, allowed, scratch);
  if (strategy == Strategy::kBitset)
    is_done = TraverseChecked(graph, query, limits, allowed, scratch);
  if (strategy == Strategy::kTwoHop)
    is_done = TraverseTwoHop(graph, query, limits, allowed, scratch);
  // Fewer than there are: the graph does not lead to the others.
  if (strategy == Strategy::kExact || !is_done || scratch->results.count() < wanted) {
    if (!may_scan) return std::nullopt;
    strategy = Strategy::kExact;
    ScanExactly(graph, query, wanted, allowed, scratch);
  } else if (graph.space().is_coarse()) {
    Rescore(graph, query, scratch);
  }
  // Without a filter the bits of those alive are read in place, and removals clear them at any
  // time.
  const size_t found = std::min(wanted, scratch->results.count());
  for (size_t at = 0; at < found; ++at) {
    slots[at] = scratch->results.slot(at);
    distances[at] = scratch->results.distance(at);
  }
  return Answer{strategy, found};
}

void ScanExactly(const Graph& graph, const Query& query, size_t k, const Allowed& allowed,
                 Scratch* scratch) {
  constexpr size_t kAhead = 4;
  NeighborPool& results = scratch->results;
  std::vector<uint32_t>& batch = scratch->batch;
  results.Reset(k);
  batch.clear();
  const auto measure = [&] {
    for (size_t at = 0; at < batch.size(); ++at) {
      if (at + kAhead < batch.size()) graph.PrefetchData(batch[at + kAhead]);
      const float distance = graph.DistanceTo(query.exact.get(), true, batch[at]);
      if (distance < results.worst() || !results.is_full()) results.Insert(distance, batch[at]);
    }
    batch.clear();
  };
  const uint32_t count = graph.count();
  for (size_t at = 0; at < WordsOf(count); ++at) {
    uint64_t word = allowed.words == nullptr ? ~uint64_t{0} : WordAt(allowed.words, at);
    if (at == count / 64) word &= (uint64_t{1} << (count % 64)) - 1;
    ForEachBit(word, at, [&](uint32_t slot) { batch.push_back(slot); });
    if (batch.size() >= 256) measure();
  }
  measure();
}

namespace {

constexpr auto kFarther = [](const Candidate& a, const Candidate& b) {
  return a.distance > b.distance;
};

void Push(std::vector<Candidate>* heap, Candidate candidate) {
  heap->push_back(candidate);
  std::push_heap(heap->begin(), heap->end(), kFarther);
}

Candidate Pop(std::vector<Candidate>* heap) {
  std::pop_heap(heap->begin(), heap->end(), kFarther);
  const Candidate nearest = heap->back();
  heap->pop_back();
  return nearest;
}

}  // namespace

bool TraverseChecked(const Graph& graph, const Query& query, SearchLimits limits,
                     const Allowed& allowed, Scratch* scratch) {
  constexpr size_t kAhead = 3;
  std::vector<Candidate>& heap = scratch->heap;
  std::vector<uint32_t>& batch = scratch->batch;
  NeighborPool& results = scratch->results;
  const Candidate start = Start(graph, query);
  const Horizon horizon(graph.space(), limits);
  // Where all that may be found lies here, as many are looked at as without a filter.
  size_t looks = limits.ef;
  const double cost = ScansADistance(graph) / 2;
  heap.clear();
  heap.push_back(start);
  results.Reset(limits.ef);
  scratch->visited.Begin(graph.count());
  scratch->visited.Visit(start.slot);
  if (allowed.Has(start.slot)) results.Insert(start.distance, start.slot);
  size_t distances = 1;
  while (!heap.empty()) {
    const Candidate nearest = Pop(&heap);
    if (looks > 0) {
      --looks;
    } else if (nearest.distance > horizon.Of(results)) {
      break;
    }
    if (static_cast<double>(distances) * cost > static_cast<double>(limits.distances)) return false;
    batch.clear();
    for (const uint32_t link : graph.Links(nearest.slot, 0))
      if (scratch->visited.Visit(link)) batch.push_back(link);
    for (size_t at = 0; at < std::min(kAhead, batch.size()); ++at) graph.PrefetchData(batch[at]);
    for (size_t at = 0; at < batch.size(); ++at) {
      if (at + kAhead < batch.size()) graph.PrefetchData(batch[at + kAhead]);
      const float distance = graph.DistanceTo(query.fast, false, batch[at]);
      if (looks == 0 && !(distance < horizon.Of(results))) continue;
      Push(&heap, {distance, batch[at]});
      if (allowed.Has(batch[at])) results.Insert(distance, batch[at]);
    }
    distances += batch.size();
  }
  return true;
}

bool TraverseTwoHop(const Graph& graph, const Query& query, SearchLimits limits,
                    const Allowed& allowed, Scratch* scratch) {
  constexpr size_t kAhead = 3;
  // Candidates of a first look at the query's surroundings, through what may not be found too: what
  // matches is not all in one piece, and each piece has to be entered somewhere.
  const size_t look = std::max<size_t>(48, limits.ef * 3 / 4);
  // By how much less than on average may match there before it is said to lie elsewhere: a walk
  // from here would find some of it, not the nearest.
  constexpr double kScarce = 0.125;
  const Horizon horizon(graph.space(), limits);
  std::vector<Candidate>& heap = scratch->heap;
  std::vector<uint32_t>& batch = scratch->batch;
  NeighborPool& results = scratch->results;
  size_t cost = graph.Traverse<false>(query.fast, false, 0, look, Start(graph, query), scratch);
  results.Reset(limits.ef);
  heap.clear();
  const size_t looked = scratch->pool.count();
  size_t matching = 0;
  for (size_t at = 0; at < looked; ++at) {
    const Candidate found = {scratch->pool.distance(at), scratch->pool.slot(at)};
    Push(&heap, found);
    if (!allowed.Has(found.slot)) continue;
    results.Insert(found.distance, found.slot);
    ++matching;
  }
  const double usual = ShareOf(graph, allowed) * static_cast<double>(looked);
  if (static_cast<double>(matching) < kScarce * usual) return false;
  scratch->visited.Begin(graph.count());
  for (size_t at = 0; at < looked; ++at) scratch->visited.Visit(scratch->pool.slot(at));

  std::vector<uint32_t>& between = scratch->links;
  size_t probes = 0;
  const auto take = [&](uint32_t slot) {
    if (allowed.Has(slot) && scratch->visited.Visit(slot)) batch.push_back(slot);
  };
  while (!heap.empty()) {
    const Candidate nearest = Pop(&heap);
    if (nearest.distance > horizon.Of(results)) break;
    if (cost + probes / 8 > limits.distances) return false;
    batch.clear();
    const std::span<const uint32_t> links = graph.Links(nearest.slot, 0);
    between.clear();
    for (const uint32_t link : links) {
      if (allowed.Has(link)) {
        if (scratch->visited.Visit(link)) batch.push_back(link);
      } else if (scratch->visited.Visit(link)) {
        graph.PrefetchLinks(link);
        between.push_back(link);
      }
    }
    for (const uint32_t link : between) {
      const std::span<const uint32_t> beyond = graph.Links(link, 0);
      for (const uint32_t slot : beyond) take(slot);
      probes += beyond.size();
    }
    probes += links.size();
    for (size_t at = 0; at < std::min(kAhead, batch.size()); ++at) graph.PrefetchData(batch[at]);
    for (size_t at = 0; at < batch.size(); ++at) {
      if (at + kAhead < batch.size()) graph.PrefetchData(batch[at + kAhead]);
      const float distance = graph.DistanceTo(query.fast, false, batch[at]);
      if (!(distance < horizon.Of(results))) continue;
      Push(&heap, {distance, batch[at]});
      results.Insert(distance, batch[at]);
    }
    cost += batch.size();
  }
  return true;
}

}  // namespace hypermesh::hnsw
