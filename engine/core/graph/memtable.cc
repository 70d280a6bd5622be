// Writing: append, mark.
#include "core/graph/memtable.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>

#include "core/base/hash.h"
#include "core/graph/schema.h"

namespace hypergraph {

namespace {

constexpr uint32_t kMembersMax = 1u << 31;

// Copies packed values, or their bits, into the column's blocks.
template <typename From, typename T>
void CopyInto(const UnalignedArray<From>& values, uint32_t first, GrowingColumn<T>* column) {
  static_assert(sizeof(From) == sizeof(T));
  for (uint32_t done = 0; done < values.size();) {
    const auto left = static_cast<uint32_t>(values.size()) - done;
    const std::span<T> run = column->RunForWriting(first + done, left);
    std::memcpy(run.data(), values.data() + size_t{done} * sizeof(T), run.size_bytes());
    done += static_cast<uint32_t>(run.size());
  }
}

uint64_t PropertyBits(const PropertyBlock& block, uint32_t i) {
  return block.type == PropertyType::kFloat64 ? std::bit_cast<uint64_t>(block.floats[i])
                                              : static_cast<uint64_t>(block.integers[i]);
}

}  // namespace

Memtable::Memtable(TableId table) : table_(table) {}
Memtable::~Memtable() = default;

Status Memtable::Append(const RowBlock& block, Seq first_seq) {
  if (block.count == 0) return Status::Ok();
  const uint32_t first_row = row_count_.load(std::memory_order_relaxed);
  if (!HasRoomFor(block)) {
    return {Code::kTooLarge, "the records waiting for a flush have more than 2^31 members"};
  }
  AppendPlain(block, first_row, first_seq);
  AppendMembers(block, first_row);
  if (!block.ids.empty()) NoteIds(block, first_row, first_seq);
  if (!block.key_bytes.empty()) AppendKeys(block, first_row);
  for (const PropertyBlock& property : block.properties) {
    AppendProperty(property, block.count, first_row);
  }
  AppendZones(block, first_row);
  row_count_.store(first_row + block.count, std::memory_order_release);
  return Status::Ok();
}

bool Memtable::HasRoomFor(const RowBlock& block) const {
  return block.members.size() <= kMembersMax - member_count_ &&
         block.count <= kMembersMax - row_count_.load(std::memory_order_relaxed);
}

void Memtable::AppendPlain(const RowBlock& block, uint32_t first_row, Seq first_seq) {
  for (uint32_t done = 0; done < block.count;) {
    const std::span<Seq> run = seqs_.RunForWriting(first_row + done, block.count - done);
    for (size_t i = 0; i < run.size(); ++i) run[i] = first_seq + done + i;
    done += static_cast<uint32_t>(run.size());
  }
  CopyInto(block.event_ts, first_row, &event_ts_);
  CopyInto(block.label, first_row, &labels_);
  for (uint32_t i = 0; i < block.valid_to.size(); ++i) {
    const Micros held = block.valid_to[i] ^ kMicrosMax;
    if (held != 0) valid_to_.At(first_row + i) = held;
  }
  for (uint32_t i = 0; i < block.weight.size(); ++i) {
    const uint64_t held = std::bit_cast<uint64_t>(block.weight[i]) ^ kOneBits;
    if (held != 0) weights_.At(first_row + i) = held;
  }
}

void Memtable::AppendMembers(const RowBlock& block, uint32_t first_row) {
  if (table_ == kNodeTable) {
    // The record of a node is looked up by its number; this table has no members to chain.
    for (uint32_t i = 0; i < block.count; ++i) {
      const auto node = static_cast<NodeNumber>(block.event_ts[i]);
      chains_.Push(chains_.CellForWriting(node), first_row + i, first_row + i);
      member_ends_.At(first_row + i) = 0;
    }
    chained_rows_.store(first_row + block.count, std::memory_order_release);
    return;
  }
  const uint32_t first_member = member_count_;
  CopyInto(block.members, first_member, &members_);
  uint32_t end = 0;
  for (uint32_t i = 0; i < block.count; ++i) {
    end += block.Arity(i);
    member_ends_.At(first_row + i) = first_member + end;
  }
  if (!defers_chains_) ChainRows(first_row, first_row + block.count);
  for (uint32_t i = 0; i < block.roles.size(); ++i) {
    const uint8_t code = block.roles[i];
    if (code != 0) roles_.At(first_member + i) = block.role_symbols[code - 1];
  }
  member_count_ += static_cast<uint32_t>(block.members.size());
}

void Memtable::ChainRows(uint32_t first_row, uint32_t end_row) {
  constexpr uint32_t kTogether = 16;  // Cells whose cache lines are fetched at the same time.
  std::array<std::atomic<uint64_t>*, kTogether> cells;
  const uint32_t total_end = end_row == 0 ? 0 : member_ends_[end_row - 1];
  uint32_t row = first_row;
  uint32_t row_end = member_ends_[first_row];
  for (uint32_t at = MembersBegin(first_row); at < total_end;) {
    uint32_t count = 0;
    const std::span<const NodeNumber> nodes =
        members_.Run(at, std::min(kTogether, total_end - at), &count);
    for (uint32_t i = 0; i < count; ++i) {
      cells[i] = &chains_.CellForWriting(nodes[i]);
      __builtin_prefetch(cells[i], 1);
    }
    for (uint32_t i = 0; i < count; ++i, ++at) {
      while (at == row_end) row_end = member_ends_[++row];
      chains_.Push(*cells[i], at, row);
    }
  }
  chained_rows_.store(end_row, std::memory_order_release);
}

bool Memtable::ChainMore(uint32_t rows_max) {
  const uint32_t end = row_count_.load(std::memory_order_relaxed);
  const uint32_t first = chained_rows_.load(std::memory_order_relaxed);
  if (first < end) ChainRows(first, first + std::min(rows_max, end - first));
  defers_chains_ = chained_rows_.load(std::memory_order_relaxed) < end;
  return defers_chains_;
}

void Memtable::AppendZones(const RowBlock& block, uint32_t first_row) {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  for (uint32_t i = 0; i < block.count;) {
    const uint32_t row = first_row + i;
    const uint32_t in_zone = std::min(block.count - i, kZoneRows - row % kZoneRows);
    Micros least = block.event_ts[i];
    Micros greatest = least;
    for (uint32_t j = i + 1; j < i + in_zone; ++j) {
      least = std::min(least, block.event_ts[j]);
      greatest = std::max(greatest, block.event_ts[j]);
    }
    Zone& zone = zones_.At(row / kZoneRows);
    if (row % kZoneRows != 0) {
      least = std::min(least, zone.ts_min.load(kRelaxed));
      greatest = std::max(greatest, zone.ts_max.load(kRelaxed));
    }
    zone.ts_min.store(least, kRelaxed);
    zone.ts_max.store(greatest, kRelaxed);
    if (least < ts_min_.load(kRelaxed)) ts_min_.store(least, kRelaxed);
    if (greatest > ts_max_.load(kRelaxed)) ts_max_.store(greatest, kRelaxed);
    zone.ts_max_so_far.store(ts_max_.load(kRelaxed), kRelaxed);
    i += in_zone;
  }
}

void Memtable::NoteIds(const RowBlock& block, uint32_t first_row, Seq first_seq) {
  const std::unique_lock lock(lookup_mutex_);
  for (uint32_t i = 0; i < block.count; ++i) {
    const EdgeId id = block.ids[i];
    if (id == 0 || id == first_seq + i) continue;
    ids_.At(first_row + i) = id;
    versions_.emplace(id, first_row + i);
    has_versions_.store(true, std::memory_order_release);
  }
}

void Memtable::AppendKeys(const RowBlock& block, uint32_t first_row) {
  const std::unique_lock lock(lookup_mutex_);
  size_t at = 0;
  for (uint32_t i = 0; i < block.count; ++i) {
    const std::string_view key = block.keys.substr(at, block.key_bytes[i]);
    at += key.size();
    if (key.empty()) continue;
    keys_.At(first_row + i) = arena_.Add(key);
    if (key_slots_.size() < uint64_t{key_count_ + 1} * 2) {
      std::vector<uint32_t> old(key_slots_.empty() ? 256 : key_slots_.size() * 2);
      old.swap(key_slots_);
      for (const uint32_t slot : old) {
        if (slot != 0) AddKeySlot(slot);
      }
    }
    ++key_count_;
    AddKeySlot(first_row + i + 1);
  }
  has_keys_.store(key_count_ != 0, std::memory_order_release);
}

void Memtable::AddKeySlot(uint32_t slot) {
  const uint64_t mask = key_slots_.size() - 1;
  uint64_t place = HashText(KeyOf(slot - 1)) & mask;
  while (key_slots_[place] != 0) place = (place + 1) & mask;
  key_slots_[place] = slot;
}

void Memtable::AppendProperty(const PropertyBlock& block, uint32_t count, uint32_t first_row) {
  std::atomic<PropertyStore*>& cell = properties_.At(block.property);
  PropertyStore* store = cell.load(std::memory_order_relaxed);
  if (store == nullptr) {
    property_owners_.push_back(std::make_unique<PropertyStore>(block.type, &memory_));
    store = property_owners_.back().get();
    cell.store(store, std::memory_order_release);
  }
  // A property keeps its type for good, so another one can only come of damaged bytes.
  if (store->type != block.type) return;
  if (block.present.empty() && block.type != PropertyType::kString) {
    for (uint32_t done = 0; done < count;) {
      const std::span<uint8_t> run = store->present.RunForWriting(first_row + done, count - done);
      std::memset(run.data(), 1, run.size());
      done += static_cast<uint32_t>(run.size());
    }
    CopyInto(block.integers, first_row, &store->values);
    CopyInto(block.floats, first_row, &store->values);
    return;
  }
  size_t text_at = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t length = block.type == PropertyType::kString ? block.text_bytes[i] : 0;
    if (block.present.empty() || block.present[i] != 0) {
      store->present.At(first_row + i) = 1;
      store->values.At(first_row + i) = block.type == PropertyType::kString
                                            ? arena_.Add(block.text.substr(text_at, length))
                                            : PropertyBits(block, i);
    }
    text_at += length;
  }
}

void Memtable::Mark(uint32_t row, Seq superseded_by) {
  std::atomic<Seq>& mark = superseded_by_.At(row);
  if (mark.load(std::memory_order_relaxed) != 0) return;
  mark.store(superseded_by, std::memory_order_release);
  mark_count_.fetch_add(1, std::memory_order_release);
}

bool Memtable::FindSeq(Seq seq, uint32_t* row) const {
  uint32_t low = 0;
  uint32_t high = row_count();
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (seqs_[middle] < seq) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  *row = low;
  return low < row_count() && seqs_[low] == seq;
}

uint64_t Memtable::bytes() const {
  uint64_t sum = seqs_.bytes() + event_ts_.bytes() + ids_.bytes() + valid_to_.bytes() +
                 weights_.bytes() + labels_.bytes() + keys_.bytes() + superseded_by_.bytes() +
                 member_ends_.bytes() + members_.bytes() + roles_.bytes() + zones_.bytes() +
                 chains_.bytes() + arena_.bytes() + key_slots_.size() * sizeof(uint32_t);
  for (const auto& store : property_owners_) sum += store->present.bytes() + store->values.bytes();
  return sum;
}

}  // namespace hypergraph
