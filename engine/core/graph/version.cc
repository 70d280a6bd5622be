#include "core/graph/version.h"

namespace hypergraph {

void RemovalQueue::Add(std::string name) {
  const std::lock_guard<std::mutex> lock(mutex_);
  names_.push_back(std::move(name));
}

std::vector<std::string> RemovalQueue::TakeAll() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(names_, {});
}

std::shared_ptr<const Version> MakeVersion(ManifestState state,
                                           std::vector<std::shared_ptr<const ClockFile>> clocks,
                                           const Version* before,
                                           const std::shared_ptr<RemovalQueue>& removals) {
  auto version = std::make_shared<Version>();
  for (std::string& name : NamedFiles(state)) {
    std::shared_ptr<HeldFile>& file = version->files[name];
    if (before != nullptr) {
      const auto known = before->files.find(name);
      if (known != before->files.end()) file = known->second;
    }
    if (file == nullptr) file = std::make_shared<HeldFile>(name, removals);
  }
  if (before != nullptr) {
    for (const auto& [name, file] : before->files) {
      if (version->files.count(name) == 0) file->SetObsolete();
    }
  }
  version->state = std::move(state);
  version->clocks = std::move(clocks);
  return version;
}

Status LastAtOrBefore(const Version& version, Micros instant, CommitInstant* found) {
  *found = {};
  for (auto clock = version.clocks.rbegin(); clock != version.clocks.rend(); ++clock) {
    if ((*clock)->info().first.committed_at > instant) continue;
    return (*clock)->LastAtOrBefore(instant, found);
  }
  return Status::Ok();
}

Status LastUpTo(const Version& version, Seq seq, CommitInstant* found) {
  *found = {};
  for (auto clock = version.clocks.rbegin(); clock != version.clocks.rend(); ++clock) {
    if ((*clock)->info().first.seq > seq) continue;
    return (*clock)->LastUpTo(seq, found);
  }
  return Status::Ok();
}

}  // namespace hypergraph
