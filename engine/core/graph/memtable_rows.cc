// Which rows: access paths and visibility.
#include <algorithm>
#include <mutex>

#include "core/base/hash.h"
#include "core/base/sort_keys.h"
#include "core/graph/memtable.h"
#include "core/graph/schema.h"

namespace hypergraph {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

bool Holds(const TimeWindow& window, Micros ts) { return ts >= window.from && ts < window.to; }

// A row by its place in time; with `newest_first` both are mirrored, so that less always is sooner.
struct Timed {
  Micros ts;
  uint32_t row;
  bool operator<(const Timed& other) const {
    return ts != other.ts ? ts < other.ts : row < other.row;
  }
};

}  // namespace

SourceBounds Memtable::bounds() const {
  SourceBounds bounds;
  bounds.row_count = row_count();
  if (bounds.row_count == 0) return bounds;
  bounds.ts_min = ts_min_.load(kRelaxed);
  bounds.ts_max = ts_max_.load(kRelaxed);
  bounds.seq_min = seqs_[0];
  bounds.seq_max = seqs_[bounds.row_count - 1];
  bounds.member_count = member_ends_[bounds.row_count - 1];
  return bounds;
}

Status Memtable::LowerBound(Micros, uint32_t*) const {
  return {Code::kUnsupported, "a memtable is not ranked"};
}

bool Memtable::EstimateIndex(const IndexProbe&, uint32_t*) const { return false; }

Status Memtable::RowsByIndex(const IndexProbe&, TimeWindow, std::vector<uint32_t>*) const {
  return {Code::kUnsupported, "a memtable has no property index"};
}

void Memtable::SortByTime(std::vector<uint32_t>* rows, size_t from) const {
  const std::span<uint32_t> sorted = std::span(*rows).subspan(from);
  size_t late_count = 0;
  Micros latest = kMicrosMin;
  for (const uint32_t row : sorted) {
    const Micros ts = event_ts_[row];
    if (ts < latest) ++late_count;
    latest = std::max(latest, ts);
  }
  if (late_count == 0) return;
  // Keys count from the least time there is, so that they differ in few bits. It is read once, as
  // a writer may lower it meanwhile.
  const auto least = static_cast<uint64_t>(ts_min_.load(std::memory_order_relaxed));
  const auto key_of = [this, least](uint32_t row) {
    return static_cast<uint64_t>(event_ts_[row]) - least;
  };
  // Most records come in their order: then those that are late are sorted alone.
  constexpr size_t kOneLateOf = 8;
  std::vector<KeyedPlace> late;
  if (late_count > sorted.size() / kOneLateOf) {
    late.reserve(sorted.size());
    for (const uint32_t row : sorted) late.push_back({key_of(row), row});
    SortByKey(&late);
    for (size_t i = 0; i < late.size(); ++i) sorted[i] = late[i].place;
    return;
  }
  late.reserve(late_count);
  size_t kept = 0;
  latest = kMicrosMin;
  for (const uint32_t row : sorted) {
    const Micros ts = event_ts_[row];
    if (ts < latest) {
      late.push_back({key_of(row), row});
    } else {
      sorted[kept++] = row;
      latest = ts;
    }
  }
  SortByKey(&late);
  // From the end on; of equal ones the late one comes second, as it came when there was a later
  // one.
  size_t to = sorted.size();
  while (!late.empty()) {
    const KeyedPlace last = late.back();
    late.pop_back();
    for (; kept > 0 && key_of(sorted[kept - 1]) > last.key; --kept) sorted[--to] = sorted[kept - 1];
    sorted[--to] = last.place;
  }
}

Status Memtable::RowsInWindow(TimeWindow window, uint32_t limit, bool newest_first,
                              std::vector<uint32_t>* rows) const {
  const uint32_t count = row_count();
  if (count == 0 || limit == 0 || window.from >= window.to) return Status::Ok();
  const size_t from = rows->size();
  if (table_ == kNodeTable && window.from >= 0 && window.to - window.from == 1) {
    if (window.from < Micros{kNodeNone}) {
      RowsOfChain(static_cast<NodeNumber>(window.from), window, rows);
    }
    if (rows->size() - from > limit) {
      const auto first = rows->begin() + static_cast<ptrdiff_t>(from);
      const auto surplus = static_cast<ptrdiff_t>(rows->size() - from - limit);
      if (newest_first) {
        rows->erase(first, first + surplus);
      } else {
        rows->resize(from + limit);
      }
    }
    return Status::Ok();
  }
  const uint32_t zone_count = (count + kZoneRows - 1) / kZoneRows;
  // Zones in the order of visit, and the soonest time that any later zone may still have.
  struct Visit {
    uint32_t zone;
    Micros soonest;
  };
  std::vector<Visit> visits;
  for (uint32_t i = 0; i < zone_count; ++i) {
    const uint32_t index = newest_first ? zone_count - 1 - i : i;
    const Zone& zone = *zones_.Find(index);
    const Micros least = zone.ts_min.load(kRelaxed);
    const Micros greatest = zone.ts_max.load(kRelaxed);
    if (least >= window.to || greatest < window.from) continue;
    visits.push_back({index, newest_first ? ~greatest : least});
  }
  Micros soonest = kMicrosMax;
  for (size_t i = visits.size(); i-- > 0;) {
    soonest = std::min(soonest, visits[i].soonest);
    visits[i].soonest = soonest;
  }
  std::vector<Timed> found;
  Timed last_wanted{kMicrosMax, UINT32_MAX};
  size_t cut_at = limit;
  for (const Visit& visit : visits) {
    if (found.size() >= limit && visit.soonest > last_wanted.ts) break;
    const uint32_t end = std::min(count, (visit.zone + 1) * kZoneRows);
    for (uint32_t row = visit.zone * kZoneRows; row < end; ++row) {
      const Micros ts = event_ts_[row];
      if (!Holds(window, ts)) continue;
      const Timed timed = newest_first ? Timed{~ts, ~row} : Timed{ts, row};
      if (!(last_wanted < timed)) found.push_back(timed);
    }
    if (found.size() < cut_at || limit == UINT32_MAX) continue;
    std::nth_element(found.begin(), found.begin() + (limit - 1), found.end());
    found.resize(limit);
    last_wanted = found.back();
    cut_at = size_t{limit} * 2 + kZoneRows;
  }
  if (!std::is_sorted(found.begin(), found.end())) std::sort(found.begin(), found.end());
  if (found.size() > limit) found.resize(limit);
  rows->reserve(from + found.size());
  for (const Timed& timed : found) rows->push_back(newest_first ? ~timed.row : timed.row);
  if (newest_first) std::reverse(rows->begin() + static_cast<ptrdiff_t>(from), rows->end());
  return Status::Ok();
}

uint32_t Memtable::Degree(NodeNumber node) const {
  const uint32_t count = row_count();
  const uint32_t chained = chained_rows_.load(std::memory_order_acquire);
  return chains_.Find(node).count + (chained < count ? count - chained : 0);
}

uint32_t Memtable::RowsInZones(TimeWindow window, uint32_t row_count) const {
  uint32_t sum = 0;
  for (uint32_t zone = 0; zone * kZoneRows < row_count; ++zone) {
    const Zone& at = *zones_.Find(zone);
    if (at.ts_min.load(kRelaxed) < window.to && at.ts_max.load(kRelaxed) >= window.from) {
      sum += kZoneRows;
    }
  }
  return sum;
}

// Appends the rows of a narrow window that have the node, in the order of rows.
void Memtable::ScanForNode(NodeNumber node, TimeWindow window, std::vector<uint32_t>* rows) const {
  const uint32_t count = row_count();
  for (uint32_t zone = 0; zone * kZoneRows < count; ++zone) {
    const Zone& at = *zones_.Find(zone);
    if (at.ts_min.load(kRelaxed) >= window.to || at.ts_max.load(kRelaxed) < window.from) continue;
    const uint32_t end = std::min(count, (zone + 1) * kZoneRows);
    for (uint32_t row = zone * kZoneRows; row < end; ++row) {
      if (!Holds(window, event_ts_[row])) continue;
      const uint32_t member_end = member_ends_[row];
      for (uint32_t i = MembersBegin(row); i < member_end; ++i) {
        if (members_[i] != node) continue;
        rows->push_back(row);
        break;
      }
    }
  }
}

// The same of rows [first, end), by their members alone.
void Memtable::RowsWithoutChains(NodeNumber node, uint32_t first, uint32_t end, TimeWindow window,
                                 std::vector<uint32_t>* rows) const {
  constexpr uint32_t kTogether = 64;  // Most have not got the node, and are compared at once.
  const uint32_t member_end = member_ends_[end - 1];
  uint32_t row = first;
  uint32_t last = UINT32_MAX;
  for (uint32_t at = MembersBegin(first); at < member_end;) {
    uint32_t count = 0;
    const NodeNumber* nodes = members_.Run(at, std::min(kTogether, member_end - at), &count).data();
    uint32_t equal = 0;
    for (uint32_t i = 0; i < count; ++i) equal += nodes[i] == node ? 1u : 0u;
    for (uint32_t i = 0; equal != 0; ++i) {
      if (nodes[i] != node) continue;
      --equal;
      uint32_t high = end - 1;
      while (row < high) {
        const uint32_t middle = row + (high - row) / 2;
        if (member_ends_[middle] <= at + i) {
          row = middle + 1;
        } else {
          high = middle;
        }
      }
      if (row != last && Holds(window, event_ts_[row])) rows->push_back(row);
      last = row;
    }
    at += count;
  }
}

// Appends the node's rows of the window, each once, in the order of rows.
void Memtable::RowsOfChain(NodeNumber node, TimeWindow window, std::vector<uint32_t>* rows) const {
  const uint32_t count = row_count();
  // First, so that what lies before it is in the chain.
  const uint32_t chained = std::min(chained_rows_.load(std::memory_order_acquire), count);
  const NodeChains::Head head = chains_.Find(node);
  if (head.count > 2 * kZoneRows && table_ != kNodeTable &&
      RowsInZones(window, count) < head.count / 2) {
    ScanForNode(node, window, rows);
    return;
  }
  const size_t from = rows->size();
  uint32_t last = UINT32_MAX;
  for (uint32_t incidence = head.incidence; incidence != NodeChains::kEnd;) {
    uint32_t row;
    incidence = chains_.Next(incidence, &row);
    if (row == last || row >= chained) continue;  // Those from there on follow.
    last = row;
    const Micros ts = event_ts_[row];
    if (Holds(window, ts)) {
      rows->push_back(row);
    } else if (ts < window.from &&
               zones_.Find(row / kZoneRows)->ts_max_so_far.load(kRelaxed) < window.from) {
      break;  // Neither this row nor any before it is late enough.
    }
  }
  std::reverse(rows->begin() + static_cast<ptrdiff_t>(from), rows->end());
  if (chained < count) RowsWithoutChains(node, chained, count, window, rows);
}

Status Memtable::RowsOfNode(NodeNumber node, TimeWindow window, std::vector<uint32_t>* rows) const {
  const size_t from = rows->size();
  RowsOfChain(node, window, rows);
  SortByTime(rows, from);
  return Status::Ok();
}

uint32_t Memtable::DistinctOf(uint32_t row, std::span<const NodeNumber> sorted_nodes) const {
  uint64_t few = 0;
  std::vector<bool> many(sorted_nodes.size() > 64 ? sorted_nodes.size() : 0);
  uint32_t distinct = 0;
  const uint32_t end = member_ends_[row];
  for (uint32_t i = MembersBegin(row); i < end; ++i) {
    const NodeNumber node = members_[i];
    const auto found = std::lower_bound(sorted_nodes.begin(), sorted_nodes.end(), node);
    if (found == sorted_nodes.end() || *found != node) continue;
    const auto place = static_cast<size_t>(found - sorted_nodes.begin());
    const bool seen = many.empty() ? (few >> place & 1) != 0 : many[place];
    if (seen) continue;
    if (many.empty()) {
      few |= uint64_t{1} << place;
    } else {
      many[place] = true;
    }
    ++distinct;
  }
  return distinct;
}

Status Memtable::RowsOfNodes(std::span<const NodeNumber> nodes, uint32_t at_least,
                             TimeWindow window, std::vector<uint32_t>* rows) const {
  if (nodes.empty() || at_least > nodes.size()) return Status::Ok();
  const uint32_t wanted = std::max(at_least, 1u);
  // A row with `wanted` of the nodes has one of any (all − wanted + 1) of them: take the rarest.
  std::vector<NodeNumber> rarest(nodes.begin(), nodes.end());
  std::sort(rarest.begin(), rarest.end(),
            [this](NodeNumber a, NodeNumber b) { return Degree(a) < Degree(b); });
  rarest.resize(nodes.size() - wanted + 1);
  std::vector<uint32_t> candidates;
  for (const NodeNumber node : rarest) RowsOfChain(node, window, &candidates);
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  std::vector<NodeNumber> sorted(nodes.begin(), nodes.end());
  std::sort(sorted.begin(), sorted.end());
  const size_t from = rows->size();
  for (const uint32_t row : candidates) {
    if (wanted == 1 || DistinctOf(row, sorted) >= wanted) rows->push_back(row);
  }
  SortByTime(rows, from);
  return Status::Ok();
}

Seq Memtable::SupersededBy(uint32_t row) const {
  const std::atomic<Seq>* mark = superseded_by_.Find(row);
  return mark == nullptr ? 0 : mark->load(std::memory_order_acquire);
}

bool Memtable::AllVisible(Seq at) const {
  if (!frozen_.load(std::memory_order_acquire)) return false;
  const uint32_t count = row_count();
  return count == 0 || (mark_count_.load(std::memory_order_acquire) == 0 && seqs_[count - 1] <= at);
}

Status Memtable::SelectVisible(Seq at, Rows rows, std::vector<uint32_t>* visible) const {
  const bool marks = mark_count_.load(std::memory_order_acquire) != 0;
  for (uint32_t i = 0; i < rows.size(); ++i) {
    const uint32_t row = rows[i];
    if (seqs_[row] > at) continue;
    const Seq by = marks ? SupersededBy(row) : 0;
    if (by == 0 || by > at) visible->push_back(row);
  }
  return Status::Ok();
}

Status Memtable::FindId(EdgeId id, std::vector<uint32_t>* rows) const {
  uint32_t row;
  // The first version has the id for its seq; a row of that seq with another id is a later version
  // of another hyperedge.
  if (FindSeq(id, &row) && IdOf(row) == id) rows->push_back(row);
  if (!has_versions_.load(std::memory_order_acquire)) return Status::Ok();
  const size_t from = rows->size();
  const uint32_t count = row_count();
  {
    const std::shared_lock lock(lookup_mutex_);
    const auto [first, last] = versions_.equal_range(id);
    for (auto at = first; at != last; ++at) {
      if (at->second < count) rows->push_back(at->second);
    }
  }
  std::sort(rows->begin() + static_cast<ptrdiff_t>(from), rows->end());
  return Status::Ok();
}

Status Memtable::FindKey(std::string_view key, std::vector<uint32_t>* rows) const {
  if (key.empty() || !has_keys_.load(std::memory_order_acquire)) return Status::Ok();
  const size_t from = rows->size();
  const uint32_t count = row_count();
  {
    const std::shared_lock lock(lookup_mutex_);
    const uint64_t mask = key_slots_.size() - 1;
    for (uint64_t at = HashText(key) & mask; key_slots_[at] != 0; at = (at + 1) & mask) {
      const uint32_t row = key_slots_[at] - 1;
      if (row < count && KeyOf(row) == key) rows->push_back(row);
    }
  }
  std::sort(rows->begin() + static_cast<ptrdiff_t>(from), rows->end());
  return Status::Ok();
}

}  // namespace hypergraph
