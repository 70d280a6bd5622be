// What a simulation compares, with the disk as it is and with a bit of it flipped.
#include <algorithm>

#include "core/graph/database_files.h"
#include "core/graph/recovery.h"
#include "test/crash_script.h"
#include "test/model_dump.h"
#include "test/simulation.h"
#include "test/test.h"

namespace hypergraph::test {
namespace {

constexpr size_t kHeldMax = 6;

// What damage may be called. Never a wrong answer.
bool IsDetection(Code code) {
  return code == Code::kCorrupt || code == Code::kDamagedLog || code == Code::kNotADatabase ||
         code == Code::kNewerFormat;
}

// Whether the MANIFEST asks for the file, and for every byte of it to be right.
bool IsNamed(MemoryFileSystem& files, const std::string& path) {
  ManifestState state;
  CHECK_OK(LoadManifest(files, kDatabasePath, &state));
  const std::vector<std::string> names = NamedFiles(state);
  return std::any_of(names.begin(), names.end(),
                     [&](const auto& name) { return JoinPath(kDatabasePath, name) == path; });
}

}  // namespace

ModelView Simulation::ViewNow(const Snapshot& snapshot) const {
  return {&model_, model_.commits().back(), snapshot.seq, snapshot.now};
}

std::string Simulation::CompareSnapshot(const Snapshot& snapshot, const ModelView& view,
                                        Status* status) {
  ++counts_.snapshots;
  std::vector<std::string> lines;
  *status = DumpSnapshot(snapshot, "", &lines);
  if (!status->ok()) return "";
  const std::vector<std::string> expected = DumpModel(model_, view.newest, view.at, view.now);
  std::string difference = FirstDifference(lines, expected);
  for (int i = 0; i < 4 && difference.empty(); ++i) {
    ++counts_.queries;
    difference = QueryComparison(&generator_, view).Any(snapshot, status);
    if (!status->ok()) return "";
  }
  return difference;
}

void Simulation::CompareNewest() {
  std::shared_ptr<const Snapshot> snapshot;
  const Micros before = clock_.Now();
  Must(random_.Chance(0.5) ? database_->ReadShared(&snapshot) : database_->Read(&snapshot),
       "reading");
  if (snapshot->seq != model_.last_seq()) {
    Fail("a reader sees seq " + std::to_string(snapshot->seq) + ", not " +
         std::to_string(model_.last_seq()));
  }
  ModelView view = ViewNow(*snapshot);
  // One that is shared may be older only where no table has a TTL.
  view.now = std::max(view.now, before);
  Status status;
  const std::string difference = CompareSnapshot(*snapshot, view, &status);
  Must(status, "reading");
  if (!difference.empty()) Fail("now, at seq " + std::to_string(view.at) + ": " + difference);
  if (random_.Chance(0.3)) held_.push_back({snapshot, view});
  if (held_.size() > kHeldMax)
    held_.erase(held_.begin() + static_cast<ptrdiff_t>(random_.Below(kHeldMax)));
}

bool Simulation::MayBeGone(size_t at, Micros now) const {
  Micros history = kMicrosMax;
  for (const ModelCommit& commit : model_.commits()) {
    for (const auto& [id, table] : commit.schema->tables) {
      history = std::min(history, table->history);
    }
  }
  if (history == kMicrosMax) return false;
  return model_.commits()[at].seq < model_.LastAtOrBefore(now - history).seq;
}

void Simulation::ComparePast() {
  const size_t at = random_.Below(model_.commits().size());
  const ModelCommit& commit = model_.commits()[at];
  std::shared_ptr<const Snapshot> snapshot;
  const bool by_time = at > 0 && random_.Chance(0.3);
  const Status read = by_time ? database_->ReadAsOfTime(commit.committed_at, &snapshot)
                              : database_->ReadAsOf(commit.seq, &snapshot);
  if (read.code() == Code::kGone && MayBeGone(at, clock_.Now())) return;
  Must(read, "reading the past");
  const Seq expected = by_time ? model_.LastAtOrBefore(commit.committed_at).seq : commit.seq;
  if (snapshot->seq != expected) Fail("the past is of seq " + std::to_string(snapshot->seq));
  const ModelView view = ViewNow(*snapshot);
  Status status;
  const std::string difference = CompareSnapshot(*snapshot, view, &status);
  Must(status, "reading the past");
  if (!difference.empty()) Fail("in the past, at " + std::to_string(view.at) + ": " + difference);
  if (random_.Chance(0.3) && held_.size() < kHeldMax) held_.push_back({snapshot, view});
}

void Simulation::CompareHeld() {
  for (const Held& held : held_) {
    Status status;
    const std::string difference = CompareSnapshot(*held.snapshot, held.view, &status);
    Must(status, "reading a snapshot that was held");
    if (!difference.empty()) {
      Fail("in a snapshot that was held, at " + std::to_string(held.view.at) + ": " + difference);
    }
  }
}

// On a copy of the disk: the database itself goes on unharmed.
void Simulation::FlipBit() {
  if (armed_ || poisoned_) return;
  MemoryFileSystem copy(disks_.back()->image());
  std::vector<std::string> paths;
  for (const auto& [path, inode] : copy.image().entries) {
    const bool is_ours = path.starts_with(kDatabasePath + "/") && !path.ends_with("LOCK");
    if (is_ours && !copy.image().contents.at(inode)->bytes().empty()) paths.push_back(path);
  }
  const std::string& path = paths[random_.Below(paths.size())];
  const size_t bytes = copy.Map(path).value()->bytes().size();
  copy.FlipBitOnRead(path, random_.Below(bytes * 8));
  ++counts_.flips;
  CompareFlipped(&copy, path);
}

void Simulation::CompareFlipped(MemoryFileSystem* files, const std::string& path) {
  const bool is_named = IsNamed(*disks_.back(), path);
  OpenOptions options = SmallOptions(files, &clock_);
  std::unique_ptr<Database> database;
  const auto detected = [&](const Status& status) {
    if (!IsDetection(status.code())) Must(status, ("with a bit flipped in " + path).c_str());
    ++counts_.flips_detected;
  };
  const Status opened = Database::Open(kDatabasePath, options, &database);
  if (!opened.ok()) return detected(opened);
  std::shared_ptr<const Snapshot> snapshot;
  Must(database->Read(&snapshot), "reading");
  const ModelCommit* commit = model_.CommitOf(snapshot->seq);
  if (commit == nullptr) Fail("with a bit flipped, seq " + std::to_string(snapshot->seq));
  const OpenReport& report = database->open_report();
  if (report.damaged_log) {
    detected({Code::kDamagedLog, ""});
  } else if (snapshot->seq < model_.last_seq()) {
    // The log's last commit, after which none proves that it was ever whole.
    if (report.log_bytes_truncated == 0)
      Fail("with a bit flipped in " + path + ", commits are gone");
    ++counts_.flips_torn;
  }
  const ModelView view{&model_, *commit, snapshot->seq, snapshot->now};
  Status status;
  const std::string difference = CompareSnapshot(*snapshot, view, &status);
  if (!status.ok()) return detected(status);
  if (!difference.empty()) Fail("with a bit flipped in " + path + ": " + difference);
  CheckReport check;
  Must(database->Check(&check), "a check");
  if (!check.faults.empty()) {
    ++counts_.flips_detected;
  } else if (is_named && snapshot->seq == model_.last_seq()) {
    Fail("a check does not find the bit flipped in " + path);
  }
}

}  // namespace hypergraph::test
