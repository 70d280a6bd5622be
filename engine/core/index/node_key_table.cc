#include "core/index/node_key_table.h"

#include <sys/mman.h>

#include "core/index/dictionary.h"

namespace hypergraph {
namespace {

constexpr size_t kPageBytes = 4096;
constexpr size_t kLargePageBytes = 2 << 20;
constexpr size_t kTableBytesMax = kLargePageBytes;
// From here on a table has a large page to itself: lookups go all over it.
constexpr size_t kLargePageFrom = 1 << 20;
constexpr size_t kFewLookups = 64;
constexpr uint32_t kShortReadsMin = 8;

// Of all tables of the process together.
constexpr size_t kBytesMax = 8 << 20;
std::atomic<size_t> bytes_taken{0};

size_t BytesOf(uint32_t node_count) {
  const size_t bytes = size_t{node_count} * sizeof(uint64_t);
  if (bytes >= kLargePageFrom) return kLargePageBytes;
  return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

bool TakeBytes(size_t bytes) {
  const size_t before = bytes_taken.fetch_add(bytes, std::memory_order_relaxed);
  if (before + bytes <= kBytesMax) return true;
  bytes_taken.fetch_sub(bytes, std::memory_order_relaxed);
  return false;
}

// All zero. Null where there is none.
void* Map(size_t bytes) {
  constexpr int kProtection = PROT_READ | PROT_WRITE;
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS;
  // Large pages lie at multiples of their size: what is too much on both sides goes back.
  const size_t room = bytes == kLargePageBytes ? 2 * kLargePageBytes : bytes;
  void* const mapped = mmap(nullptr, room, kProtection, kFlags, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  if (room == bytes) return mapped;
  auto* const begin = static_cast<uint8_t*>(mapped);
  const size_t before = -reinterpret_cast<uintptr_t>(begin) & (kLargePageBytes - 1);
  if (before != 0) munmap(begin, before);
  munmap(begin + before + bytes, room - before - bytes);
#if defined(MADV_HUGEPAGE)
  (void)madvise(begin + before, bytes, MADV_HUGEPAGE);  // A hint: small ones serve as well.
#endif
  return begin + before;
}

}  // namespace

NodeKeyTable::~NodeKeyTable() {
  Entry* const entries = entries_.load(std::memory_order_relaxed);
  if (entries == nullptr) return;
  const size_t bytes = bytes_.load(std::memory_order_relaxed);
  munmap(static_cast<void*>(entries), bytes);
  bytes_taken.fetch_sub(bytes, std::memory_order_relaxed);
}

bool NodeKeyTable::Ready(uint32_t node_count, size_t lookups) const {
  if (has_other_keys_.load(std::memory_order_relaxed)) return false;
  if (entries_.load(std::memory_order_acquire) != nullptr) return true;
  if (node_count == 0 || size_t{node_count} * sizeof(Entry) > kTableBytesMax) return false;
  if (lookups <= kFewLookups &&
      short_reads_.fetch_add(1, std::memory_order_relaxed) < kShortReadsMin) {
    return false;
  }
  const size_t bytes = BytesOf(node_count);
  if (!TakeBytes(bytes)) return false;
  void* const mapped = Map(bytes);
  Entry* none = nullptr;
  if (mapped != nullptr && entries_.compare_exchange_strong(none, static_cast<Entry*>(mapped),
                                                            std::memory_order_acq_rel)) {
    bytes_.store(bytes, std::memory_order_relaxed);
    return true;
  }
  if (mapped != nullptr) munmap(mapped, bytes);
  bytes_taken.fetch_sub(bytes, std::memory_order_relaxed);
  return mapped != nullptr;  // Somebody else's, made meanwhile.
}

bool NodeKeyTable::Fill(Entry* entry, NodeNumber node, const Dictionary& dictionary) {
  NodeKey key;
  if (!dictionary.KeyOf(node, &key).ok()) return false;
  const bool small = !key.is_text && key.integer < UINT32_MAX - 1;
  const uint64_t code = small ? kFirstKey + key.integer : kOtherKey;
  // A key never changes, so that whoever looks it up writes the same.
  entry->store(code << 32 | node, std::memory_order_relaxed);
  return true;
}

}  // namespace hypergraph
