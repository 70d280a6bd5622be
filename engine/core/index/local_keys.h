// The numbers and the keys of a segment's nodes by local number, where the keys are small integers:
// one table in place of two for what short reads look up again and again.
//
// Eight bytes a node, filled in as nodes are asked for, once reads have asked for many. A number
// never changes its key, so that whoever looks an entry up writes the same. Threads: any.
#ifndef HYPERGRAPH_INDEX_LOCAL_KEYS_H_
#define HYPERGRAPH_INDEX_LOCAL_KEYS_H_

#include <atomic>

#include "core/index/dictionary.h"
#include "core/index/node_directory.h"

namespace hypergraph {

class LocalKeys {
 public:
  static constexpr uint32_t kNodesMax = 1u << 20;
  static constexpr size_t kBytesMax = size_t{64} << 20;  // Of all tables in the process.

  // Of tables that serve now.
  static size_t ServingBytes();

  LocalKeys() = default;
  ~LocalKeys();
  LocalKeys(const LocalKeys&) = delete;
  LocalKeys& operator=(const LocalKeys&) = delete;

  // Whether Resolve may be called; else the members of these rows are to be looked up elsewhere.
  // `node_count` is always the same.
  bool Serves(uint32_t node_count, uint32_t rows) const {
    if (useless_.load(std::memory_order_relaxed)) return false;
    return entries_.load(std::memory_order_acquire) != nullptr || Make(node_count, rows);
  }
  // Local numbers to numbers, in place, and their keys beside them. *all_small is false where some
  // are no small integers or cannot be read, and `keys` then holds anything. False as
  // NodeDirectory::ToGlobal. Requires: Serves was true, directory and dictionary are always the
  // same.
  [[nodiscard]] bool Resolve(const NodeDirectory& directory, const Dictionary& nodes,
                             std::span<uint32_t> locals, uint32_t* keys, bool* all_small) const;

 private:
  using Entry = std::atomic<uint64_t>;  // Number and key + 1; 0 while unknown.

  bool Make(uint32_t node_count, uint32_t rows) const;
  [[nodiscard]] bool FillIn(const NodeDirectory& directory, const Dictionary& nodes,
                            std::span<uint32_t> locals, uint32_t* keys, bool* all_small) const;

  mutable std::atomic<Entry*> entries_{nullptr};
  mutable std::atomic<uint64_t> asked_rows_{0};
  mutable std::atomic<bool> useless_{false};  // Some keys are no small integers.
  mutable size_t bytes_ = 0;                  // Of the entries; for who made them, and the end.
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_INDEX_LOCAL_KEYS_H_
