#include "core/index/local_keys.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>

namespace hypergraph {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
// Its memory is worth it once a row for every so many nodes was asked for.
constexpr uint64_t kNodesARow = 2;
constexpr uint32_t kUnknownKey = UINT32_MAX;  // No small integer.
constexpr size_t kFilledAtOnce = 128;

// Of tables that serve.
std::atomic<size_t> made_bytes{0};

// Zeros, each page of which is made when it is touched: calloc may clear all of them at one stroke.
void* MapZeros(size_t bytes) {
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at == MAP_FAILED ? nullptr : at;
}

}  // namespace

size_t LocalKeys::ServingBytes() { return made_bytes.load(kRelaxed); }

LocalKeys::~LocalKeys() {
  Entry* const entries = entries_.load(kRelaxed);
  if (entries == nullptr) return;
  munmap(entries, bytes_);
  if (!useless_.load(kRelaxed)) made_bytes.fetch_sub(bytes_, kRelaxed);
}

bool LocalKeys::Make(uint32_t node_count, uint32_t rows) const {
  if (node_count == 0 || node_count > kNodesMax ||
      (asked_rows_.fetch_add(rows, kRelaxed) + rows) * kNodesARow < node_count) {
    return false;
  }
  asked_rows_.store(0, kRelaxed);  // Where there is no room, not so soon again.
  const size_t bytes = node_count * sizeof(Entry);
  Entry* entries = nullptr;
  if (made_bytes.fetch_add(bytes, kRelaxed) + bytes <= kBytesMax) {
    auto* made = static_cast<Entry*>(MapZeros(bytes));
    if (made != nullptr &&
        entries_.compare_exchange_strong(entries, made, std::memory_order_acq_rel)) {
      bytes_ = bytes;
      return true;
    }
    if (made != nullptr) munmap(made, bytes);
  }
  made_bytes.fetch_sub(bytes, kRelaxed);
  return entries != nullptr;  // Somebody else's, made meanwhile.
}

bool LocalKeys::Resolve(const NodeDirectory& directory, const Dictionary& nodes,
                        std::span<uint32_t> locals, uint32_t* keys, bool* all_small) const {
  const Entry* const entries = entries_.load(std::memory_order_acquire);
  const uint32_t node_count = directory.count();
  uint32_t most = 0;
  for (size_t i = 0; i < locals.size(); ++i) {
    const uint32_t local = locals[i];
    if (local >= node_count) return false;  // Bytes may lie although their checksum is right.
    const uint64_t entry = entries[local].load(kRelaxed);
    const uint32_t key = static_cast<uint32_t>(entry) - 1;
    most = std::max(most, key);
    keys[i] = key;
    locals[i] = key == kUnknownKey ? local : static_cast<uint32_t>(entry >> 32);
  }
  *all_small = most != kUnknownKey;
  return *all_small || FillIn(directory, nodes, locals, keys, all_small);
}

// Where a key is unknown, `locals` still has the local number.
bool LocalKeys::FillIn(const NodeDirectory& directory, const Dictionary& nodes,
                       std::span<uint32_t> locals, uint32_t* keys, bool* all_small) const {
  Entry* const entries = entries_.load(std::memory_order_acquire);
  const uint32_t node_count = directory.count();
  std::array<uint32_t, kFilledAtOnce> places;
  std::array<uint32_t, kFilledAtOnce> numbers;
  std::array<uint32_t, kFilledAtOnce> found;
  *all_small = false;
  bool all = true;
  for (size_t i = 0; i < locals.size();) {
    size_t count = 0;
    for (; i < locals.size() && count < kFilledAtOnce; ++i) {
      if (keys[i] != kUnknownKey) continue;
      places[count] = static_cast<uint32_t>(i);
      numbers[count++] = locals[i];
    }
    const std::span<uint32_t> some(numbers.data(), count);
    if (!directory.ToGlobal(some)) return false;
    bool small = false;
    small = nodes.SmallKeysOf(some, found.data(), &small).ok() && small;
    all = all && small;
    for (size_t k = 0; k < count; ++k) {
      uint32_t& local = locals[places[k]];
      if (small) {
        keys[places[k]] = found[k];
        entries[local].store(uint64_t{numbers[k]} << 32 | (found[k] + 1), kRelaxed);
      }
      local = numbers[k];
    }
  }
  *all_small = all;
  // Others may be reading it: what it has of memory goes with the segment, its share at once.
  if (!all && !useless_.exchange(true, kRelaxed)) {
    made_bytes.fetch_sub(node_count * sizeof(Entry), kRelaxed);
  }
  return true;
}

}  // namespace hypergraph
