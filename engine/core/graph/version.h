// A durable state as one MANIFEST named it, and the files that it keeps on the disk.
//
// A file is removed when the last Version that names it is gone and a newer MANIFEST no longer
// names it: then its name goes to the removal queue, which the maintenance thread empties. Readers
// thus never remove anything themselves.
//
// Threads: any; a Version is immutable.
#ifndef HYPERGRAPH_GRAPH_VERSION_H_
#define HYPERGRAPH_GRAPH_VERSION_H_

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/graph/manifest_state.h"
#include "core/index/segment.h"

namespace hypergraph {

class RemovalQueue {
 public:
  void Add(std::string name);
  std::vector<std::string> TakeAll();

 private:
  std::mutex mutex_;
  std::vector<std::string> names_;
};

class HeldFile {
 public:
  HeldFile(std::string name, std::shared_ptr<RemovalQueue> removals)
      : name_(std::move(name)), removals_(std::move(removals)) {}
  ~HeldFile() {
    if (obsolete_.load(std::memory_order_acquire)) removals_->Add(std::move(name_));
  }
  HeldFile(const HeldFile&) = delete;
  HeldFile& operator=(const HeldFile&) = delete;
  // The MANIFEST on the disk no longer names it.
  void SetObsolete() { obsolete_.store(true, std::memory_order_release); }

 private:
  std::string name_;
  std::shared_ptr<RemovalQueue> removals_;
  std::atomic<bool> obsolete_{false};
};

struct Version {
  ManifestState state;
  std::vector<std::shared_ptr<const ClockFile>> clocks;  // As state.clocks.
  std::map<std::string, std::shared_ptr<HeldFile>> files;
};

// `before` may be null. Files that only `before` names become obsolete.
std::shared_ptr<const Version> MakeVersion(ManifestState state,
                                           std::vector<std::shared_ptr<const ClockFile>> clocks,
                                           const Version* before,
                                           const std::shared_ptr<RemovalQueue>& removals);

// The last commit at or before the instant, or up to the seq, among the clock files; seq 0 if none.
Status LastAtOrBefore(const Version& version, Micros instant, CommitInstant* found);
Status LastUpTo(const Version& version, Seq seq, CommitInstant* found);

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_VERSION_H_
