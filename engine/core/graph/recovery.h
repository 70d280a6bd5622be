// From the bytes of a directory to a state in memory: the files that a MANIFEST names, then the
// logs that follow it.
//
// Threads: one at a time. Nothing here writes.
#ifndef HYPERGRAPH_GRAPH_RECOVERY_H_
#define HYPERGRAPH_GRAPH_RECOVERY_H_

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/graph/graph_state.h"
#include "core/graph/manifest_state.h"
#include "core/graph/version.h"
#include "core/storage/wal_reader.h"

namespace hypergraph {

inline constexpr uint8_t kCommitFrame = 1;  // The type of a log frame. Frozen: stored.
// What a frame can hold at all; what a commit may have is an option.
inline constexpr uint64_t kPayloadBytesMax = (uint64_t{1} << 32) - 64;

// Every immutable file of a state, open.
struct OpenedFiles {
  std::map<TableId, std::vector<std::shared_ptr<Segment>>> segments;
  std::vector<std::shared_ptr<const PropertyIndexFile>> indexes;
  std::vector<std::shared_ptr<const DictionaryFile>> nodes, symbols;
  std::vector<std::shared_ptr<const ClockFile>> clocks;
  // How many marks of each segment, by file id, its files hold.
  std::map<uint64_t, uint32_t> persisted_marks;
};

// kCorrupt unless the segment's properties and members are those of the table and its nodes.
Status CheckSegmentFits(const ManifestState& manifest, TableId table, const Segment& segment);
Status LoadManifest(FileSystem& files, const std::string& directory, ManifestState* state);
// kNotFound: a file that the state names is not there. Other failures name the file too.
Status OpenFiles(FileSystem& files, const std::string& directory, const ManifestState& state,
                 OpenedFiles* opened);
Status MakeGraph(const ManifestState& state, const OpenedFiles& opened,
                 std::shared_ptr<GraphState>* graph);

// The logs of a directory with numbers from `floor` on, ascending.
Status ListLogs(FileSystem& files, const std::string& directory, uint64_t floor,
                std::vector<uint64_t>* numbers);
std::vector<uint64_t> LogsAmong(const std::vector<std::string>& names, uint64_t floor);

// Carries the commits of the logs into a graph and remembers where it came to, so that a reader can
// go on from there.
class LogReplay {
 public:
  struct Ended {
    uint64_t log_number = 0;  // 0: there is no log.
    WalHeader header;
    uint64_t offset = 0;  // Where the readable frames of that log end.
    uint64_t torn_bytes = 0;
    bool damaged = false;
    std::string damaged_file;
    std::string reason;
  };

  LogReplay(FileSystem& files, std::string directory, const ManifestState& state)
      : files_(files),
        directory_(std::move(directory)),
        database_(state.database_uuid),
        log_floor_(state.log_floor),
        last_seq_(state.flushed_seq) {}

  // Applies what there is beyond what was applied before. Damage is no failure: it ends the replay,
  // and ended() tells. kNotFound: a log that must be there is not. `names` are those in the
  // directory, where they are known and nobody else changes them.
  Status Run(GraphState* graph, const std::vector<std::string>* names = nullptr);

  const Ended& ended() const { return ended_; }
  Seq last_seq() const { return last_seq_; }
  uint64_t commits() const { return commits_; }
  // By number, of all logs read: the bytes of their readable part.
  const std::map<uint64_t, uint64_t>& log_bytes() const { return log_bytes_; }

 private:
  // `later` are the numbers of the logs after it.
  Status ReadLog(uint64_t number, std::span<const uint64_t> later, GraphState* graph);
  // Whether nothing was ever written to any of these: their making failed, and the log before them
  // went on.
  Status AreUnused(std::span<const uint64_t> numbers, bool* unused) const;
  Status ApplyFrames(WalReader* reader, GraphState* graph);
  void SetDamaged(uint64_t number, uint64_t offset, std::string reason);

  FileSystem& files_;
  const std::string directory_;
  const DatabaseId database_;
  const uint64_t log_floor_;
  Seq last_seq_;
  uint64_t commits_ = 0;
  uint64_t reached_ = 0;  // Logs before this number are done with.
  std::map<uint64_t, uint64_t> log_bytes_;
  Ended ended_;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_RECOVERY_H_
