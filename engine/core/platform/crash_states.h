// The states in which a power failure may leave the disk, made of a MemoryFileSystem's record.
//
// The model. Contents written since the last sync of their file may be lost, whole or in any of
// their 512-byte sectors, whatever was written after them. Names changed since the last sync of
// their directory may be lost, singly too. What a sync that returned covers survives with the
// file's name. What was written before a sync that failed stays unsure for ever. A lost sector
// shows what was there before: earlier bytes, or zeros. A file whose name survives without its
// contents is empty.
//
// Threads: one at a time.
#ifndef HYPERGRAPH_PLATFORM_CRASH_STATES_H_
#define HYPERGRAPH_PLATFORM_CRASH_STATES_H_

#include <functional>

#include "core/platform/memory_file_system.h"

namespace hypergraph {

enum class CrashKind : uint8_t {
  kKeepAll,        // Nothing is lost: what a killed process leaves.
  kLoseAll,        // Everything not synced is lost.
  kPrefix,         // The first operations not synced are kept, the rest is lost.
  kTornAfter,      // The same, within a write: sectors before one are kept, from it on all is lost.
  kTornBefore,     // Of the last write kept, only the sectors from one on.
  kDropOne,        // One operation is lost, those after it are kept.
  kDropSector,     // One sector is lost.
  kEntriesPrefix,  // All contents are kept, and the first changes of names.
  kDataPrefix,     // All names are kept, and the first changes of contents.
  kRandom,         // Each operation whole, lost, or sector by sector; by the index as seed.
};

struct CrashVariant {
  CrashKind kind = CrashKind::kKeepAll;
  uint64_t index = 0;
};

class CrashStates {
 public:
  explicit CrashStates(const MemoryFileSystem& files)
      : initial_(files.initial()), record_(files.record()) {}

  // A crash at point p comes after the first p operations of the record: 0 … point_count() − 1.
  size_t point_count() const { return record_.size() + 1; }
  // How many variants of a kind there are at a point. Without limit for kRandom.
  uint64_t Count(size_t point, CrashKind kind);
  // Variants of every kind at a point: all of them where a kind has at most `each_max`, else its
  // first, its last and others drawn by `seed`; and as many of kRandom.
  std::vector<CrashVariant> Variants(size_t point, uint64_t each_max, uint64_t seed);
  // Requires: variant.index < Count(point, variant.kind).
  std::unique_ptr<MemoryFileSystem> Materialize(size_t point, CrashVariant variant);

 private:
  void MoveTo(size_t point);
  void Take(const Operation& operation);
  void Settle(const std::function<bool(const Operation&)>& is_durable);

  MemoryImage initial_;
  std::vector<Operation> record_;
  // Of the point last asked for.
  size_t point_ = 0;
  bool begun_ = false;
  MemoryImage durable_;
  std::vector<const Operation*> pending_;  // In order.
  std::set<uint64_t> unsure_files_;        // A sync of them failed.
  std::set<std::string> unsure_directories_;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_PLATFORM_CRASH_STATES_H_
