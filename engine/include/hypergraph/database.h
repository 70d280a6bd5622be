// An embedded database of temporal hyperedges in one directory.
//
// Threads: every function may be called from any thread. One process writes (a lock on LOCK),
// others may open read-only. Destroying a Database closes it. Snapshots outlive it safely.
#ifndef HYPERGRAPH_DATABASE_H_
#define HYPERGRAPH_DATABASE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/graph/snapshot.h"
#include "include/hypergraph/options.h"

namespace hypergraph {

// What a commit did. A commit that changes nothing (all duplicates) has the seq that it saw.
struct CommitReceipt {
  Seq seq = 0;
  Micros committed_at = 0;
  uint32_t inserted = 0, updated = 0, deleted = 0, duplicates = 0;
  // One id a row of the batch's inserts in order, of the earlier hyperedge where a key was a
  // duplicate. Empty when all are fresh: then they are first_id, first_id + 1, …
  EdgeId first_id = 0;
  std::vector<EdgeId> ids;
};

struct OpenReport {
  bool created = false;
  uint64_t commits_replayed = 0;
  uint64_t log_bytes_truncated = 0;  // A torn tail: never acknowledged as durable.
  bool damaged_log = false;          // Opened read-only; see damage_offset and RepairDatabase.
  std::string damaged_file;
  uint64_t damage_offset = 0;
  std::vector<std::string> unknown_files;
};

struct DatabaseStats {
  Seq seq = 0, history_floor = 0;
  uint64_t node_count = 0, symbol_count = 0;
  uint64_t segment_count = 0, segment_bytes = 0, segment_records = 0;
  uint64_t memtable_records = 0, memtable_bytes = 0, log_bytes = 0, disk_bytes = 0;
  uint64_t flushes = 0, merges = 0, commits = 0, group_syncs = 0;
  struct Table {
    std::string name;
    uint64_t segments, records, deleted, bytes;
  };
  std::vector<Table> tables;
};

struct CheckReport {
  uint64_t files_checked = 0, bytes_checked = 0, records_checked = 0;
  std::vector<std::string> faults;  // Empty: sound.
};

struct BackupReport {
  uint64_t files_linked = 0, files_copied = 0, files_kept = 0, bytes_copied = 0;
  Seq seq = 0;
};

class Database {
 public:
  // Makes pages for what opening will read from the logs. For a thread that waits for the opening
  // with the same options on another one; ends when that has ended. Requires: options.pages.
  static void MakePages(const std::string& path, const OpenOptions& options);
  static Status Open(const std::string& path, const OpenOptions& options,
                     std::unique_ptr<Database>* database);
  virtual ~Database() = default;

  // One commit, atomic and isolated. `batch` is in the form of WIRE.md and is copied. The callback
  // runs once, on an engine thread (on the caller's without background threads).
  virtual void Submit(ByteView batch, Durability durability,
                      std::function<void(Status, CommitReceipt)> done) = 0;
  virtual Status Commit(ByteView batch, Durability durability, CommitReceipt* receipt) = 0;

  virtual Status Read(std::shared_ptr<const Snapshot>* snapshot) = 0;  // The newest commits.
  // The same for one query, which others may share: `now` is its own only where a table has a TTL.
  virtual Status ReadShared(std::shared_ptr<const Snapshot>* snapshot) = 0;
  virtual Status ReadAsOf(Seq seq, std::shared_ptr<const Snapshot>* snapshot) = 0;
  virtual Status ReadAsOfTime(Micros instant, std::shared_ptr<const Snapshot>* snapshot) = 0;
  // The instant of the last commit up to seq.
  virtual Status CommittedAt(Seq seq, Micros* instant) = 0;

  virtual Status Flush() = 0;  // The memtable becomes segments; the log starts anew.
  virtual Status
  Compact() = 0;  // Flushes, then merges all segments of each table into as few as may be.
  virtual Status RunOneMerge(bool* merged) = 0;  // The next merge that the policy wants, if any.
  virtual Status Refresh() = 0;  // Read-only: takes up what the writer has committed since.

  virtual Status Stats(DatabaseStats* stats) = 0;
  virtual const OpenReport& open_report() const = 0;
  virtual Status Check(CheckReport* report) = 0;
  // A consistent copy at `directory`, hard links where the file system allows; into an earlier
  // backup of the same database only what is new.
  virtual Status Backup(const std::string& directory, BackupReport* report) = 0;
  // Waits for running commits, flushes nothing (the log has it), releases the lock. Idempotent.
  virtual Status Close() = 0;
};

// Verifies every checksum of a backup, then makes a database of it at `directory`, which must not
// exist.
Status RestoreDatabase(FileSystem& files, const std::string& backup, const std::string& directory,
                       CheckReport* report);
// Point-in-time repair: keeps the commits before the first unreadable one, moves the rest of the
// log to quarantine/. Requires: nobody has the database open.
struct RepairReport {
  Seq last_kept = 0;
  uint64_t bytes_quarantined = 0;
  std::vector<std::string> quarantined;
};
Status RepairDatabase(FileSystem& files, const std::string& directory, RepairReport* report);

}  // namespace hypergraph

#endif  // HYPERGRAPH_DATABASE_H_
