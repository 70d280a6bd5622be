// The nodes of one segment by local number with their keys beside them, for results that have both:
// one touch of memory a member, where the directory's numbers and the dictionary's keys take one
// each. Filled as nodes are looked up.
//
// Of a segment whose table is small, and as long as those of the whole process stay below a bound:
// what is cached for speed must not grow with the data. Threads: any.
#ifndef HYPERGRAPH_INDEX_NODE_KEY_TABLE_H_
#define HYPERGRAPH_INDEX_NODE_KEY_TABLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/types.h"

namespace hypergraph {

class Dictionary;

class NodeKeyTable {
 public:
  NodeKeyTable() = default;
  ~NodeKeyTable();
  NodeKeyTable(const NodeKeyTable&) = delete;
  NodeKeyTable& operator=(const NodeKeyTable&) = delete;

  // For so many nodes, if this table is worth its memory to one who looks up so many: not to the
  // first short reads, nor once a key was found that is no small integer. What is false stays so
  // for this call only.
  [[nodiscard]] bool Ready(uint32_t node_count, size_t lookups) const;

  // Local numbers become nodes, in place, and `keys` their keys; false: one of them has no small
  // integer for a key, or it cannot be read, and then `keys` hold anything and the nodes are those
  // of the numbers up to `*done` only. `node_of(local)` is called for those that are new here.
  // Requires: Ready() was true, all are below its node_count, it is the one dictionary of the
  // nodes.
  template <typename NodeOf>
  [[nodiscard]] bool Resolve(std::span<uint32_t> locals, const Dictionary& dictionary,
                             NodeOf node_of, uint32_t* keys, size_t* done) const {
    constexpr auto kRelaxed = std::memory_order_relaxed;
    Entry* const entries = entries_.load(std::memory_order_acquire);
    for (*done = 0; *done < locals.size();) {
      const auto part = locals.subspan(*done, std::min(kChunk, locals.size() - *done));
      uint64_t least = UINT64_MAX;
      for (size_t i = 0; i < part.size(); ++i) {
        const uint64_t entry = entries[part[i]].load(kRelaxed);
        least = std::min(least, entry);
        keys[*done + i] = static_cast<uint32_t>(entry >> 32) - kFirstKey;
      }
      if (least < uint64_t{kFirstKey} << 32) {
        for (const uint32_t local : part) {
          if (entries[local].load(kRelaxed) != 0) continue;
          if (!Fill(entries + local, node_of(local), dictionary)) return false;
        }
        for (size_t i = 0; i < part.size(); ++i) {
          const uint64_t entry = entries[part[i]].load(kRelaxed);
          if (entry < uint64_t{kFirstKey} << 32) {
            // Where there is one there are mostly others, of which each would be looked up in vain.
            has_other_keys_.store(true, std::memory_order_relaxed);
            return false;
          }
          keys[*done + i] = static_cast<uint32_t>(entry >> 32) - kFirstKey;
        }
      }
      for (uint32_t& local : part) local = static_cast<uint32_t>(entries[local].load(kRelaxed));
      *done += part.size();
    }
    return true;
  }

 private:
  // The node below, above it a code for its key: 0 where nobody has looked it up yet.
  using Entry = std::atomic<uint64_t>;
  static constexpr uint32_t kOtherKey = 1, kFirstKey = 2;  // Key k is kFirstKey + k.
  static constexpr size_t kChunk = 128;

  // False where the key cannot be read.
  static bool Fill(Entry* entry, NodeNumber node, const Dictionary& dictionary);

  mutable std::atomic<Entry*> entries_{nullptr};
  mutable std::atomic<size_t> bytes_{0};
  mutable std::atomic<uint32_t> short_reads_{0};
  mutable std::atomic<bool> has_other_keys_{false};
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_INDEX_NODE_KEY_TABLE_H_
