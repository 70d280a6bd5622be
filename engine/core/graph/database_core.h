// The database as one object: commits, flushes, merges and readers around a GraphState.
//
// Locks, in the order in which they may be taken:
//   maintenance_mutex_  flush, merge, backup, refresh: whoever changes what the MANIFEST says
//   writer_mutex_       the GraphState's writer functions and the log; held through a group's sync
//   those inside CommitQueue, SnapshotSource and RemovalQueue, by themselves
// Readers take none of the first two.
//
// Durable order of a flush and a merge: write files, sync them, sync the directory, replace the
// MANIFEST, take the new files into memory, then remove what they replace.
#ifndef HYPERGRAPH_GRAPH_DATABASE_CORE_H_
#define HYPERGRAPH_GRAPH_DATABASE_CORE_H_

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/graph/commit_queue.h"
#include "core/graph/graph_state.h"
#include "core/graph/merge_policy.h"
#include "core/graph/recovery.h"
#include "core/graph/snapshot_source.h"
#include "core/graph/version.h"
#include "core/storage/wal_writer.h"
#include "include/hypergraph/database.h"

namespace hypergraph {

class DatabaseCore final : public Database {
 public:
  DatabaseCore(std::string path, const OpenOptions& options);
  ~DatabaseCore() override;
  DatabaseCore(const DatabaseCore&) = delete;
  DatabaseCore& operator=(const DatabaseCore&) = delete;

  // Requires: called once, before all else.
  Status Start();

  void Submit(ByteView batch, Durability durability,
              std::function<void(Status, CommitReceipt)> done) override;
  Status Commit(ByteView batch, Durability durability, CommitReceipt* receipt) override;
  Status Read(std::shared_ptr<const Snapshot>* snapshot) override;
  Status ReadShared(std::shared_ptr<const Snapshot>* snapshot) override;
  Status ReadAsOf(Seq seq, std::shared_ptr<const Snapshot>* snapshot) override;
  Status ReadAsOfTime(Micros instant, std::shared_ptr<const Snapshot>* snapshot) override;
  Status CommittedAt(Seq seq, Micros* instant) override;
  Status Flush() override;
  Status Compact() override;
  Status RunOneMerge(bool* merged) override;
  Status Refresh() override;
  Status Stats(DatabaseStats* stats) override;
  const OpenReport& open_report() const override { return report_; }
  Status Check(CheckReport* report) override;
  Status Backup(const std::string& directory, BackupReport* report) override;
  Status Close() override;

 private:
  // What a flush or a merge has made and no MANIFEST names yet.
  struct Change {
    ManifestState state;
    std::vector<std::shared_ptr<const ClockFile>> clocks;
    std::vector<std::string> made;  // Names, to be removed if the change fails.
    // After the MANIFEST is durable.
    std::map<uint64_t, uint32_t> persisted_marks;
  };
  struct Horizon {
    Seq seq = 0;                         // Records replaced at or below it may go.
    Micros expired_before = kMicrosMin;  // Records with an earlier event_ts may go.
  };
  struct FlushFiles {
    std::map<TableId, FlushedTable> tables;
    std::vector<std::shared_ptr<const DictionaryFile>> nodes, symbols;  // All of them.
    bool nodes_changed = false, symbols_changed = false;
  };
  struct MergeJob {
    TableId table = 0;
    std::vector<std::shared_ptr<Segment>> inputs;
  };
  struct MergeOutput {
    std::vector<MergeInput> inputs;
    std::vector<std::shared_ptr<Segment>> outputs;
    std::vector<uint64_t> full_by_bytes;
  };

  // --- Opening, database_open.cc.
  Status OpenDirectory();
  Status FindPlace();
  Status CreateIfEmpty(const std::vector<std::string>& names);
  Status CheckNoCommits(const std::string& name);
  // MANIFEST, files and logs into graph_. Names of the directory where nobody else changes it, or
  // null.
  Status Load(const std::vector<std::string>* names);
  Status LoadOnce(const std::vector<std::string>* names, bool* vanished);
  Status LoadAndSync(const std::vector<std::string>& names);
  Status OpenUnsureLog(uint64_t number, std::unique_ptr<File>* file);
  Status ContinueLog(const LogReplay::Ended& ended);
  // Makes sure of what an earlier process left unsure, and cuts the log's end off: what no answer
  // waits for, but every write. Idempotent; a failure ends writing. Requires: writer_mutex_.
  Status Settle();
  void NoteFiles(const std::vector<std::string>& names);
  void PublishLoaded();         // Requires: writer_mutex_.
  void PublishAll();            // The same.
  Status RefuseWrites() const;  // Ok if this database can be written to at all.

  // --- Commits, database_commit.cc.
  void RunGroup(const std::vector<CommitRequest*>& group);
  // Applied, in the group. Requires: writer_mutex_.
  Status CommitOne(CommitRequest* request, bool is_last);
  Status WaitForRoom(std::unique_lock<std::mutex>& writer);
  Status EnsureLog();                                  // Requires: writer_mutex_.
  Status SyncLog();                                    // Requires: writer_mutex_.
  void LogNow(Seq seq, ByteView payload, bool syncs);  // The same.
  Status Poison(const Status& cause);                  // Requires: writer_mutex_.
  bool MemtableFull() const;                           // Requires: writer_mutex_.
  bool FlushWanted() const;                            // Requires: writer_mutex_.
  uint64_t LogBytesSinceFreeze() const;                // Requires: writer_mutex_.

  // --- Maintenance. Requires, but where said: maintenance_mutex_. database_maintenance.cc:
  void MaintenanceLoop();
  void MakeChains();  // That opening deferred. Takes writer_mutex_.
  void WakeMaintenance();
  void RunMaintenance();  // Takes the mutex itself.
  Status StartChange(Change* change);
  Status SaveChange(Change* change);
  // Requires: writer_mutex_ too. `install` takes the new files into graph_.
  void FinishChange(Change* change, const std::function<void()>& install);
  void AbandonChange(const Change& change);
  void RemoveObsolete();  // Settles before. Takes writer_mutex_.
  uint64_t NextFileId() { return next_file_id_++; }
  std::string PathOf(const std::string& name) const;
  // What both the durable schema and the newest one let go: an option that is not durable yet must
  // drop nothing that outlives it, and one that keeps more holds at once. Takes writer_mutex_.
  Horizon HorizonOf(TableId table, const Schema& durable_schema, Seq durable);
  Horizon RetentionOf(const TableSchema& table, Seq durable);
  // flush.cc:
  Status FlushNow();  // All that is in memory.
  Status FlushFrozen(std::shared_ptr<const FrozenState> frozen);
  void EndFlushAttempt(const Status& status);  // Takes writer_mutex_.
  Status FreezeNow();  // Requires: writer_mutex_ only, an empty log group, !has_frozen().
  Status WriteFrozen(const FrozenState& frozen, Change* change, FlushFiles* made);
  Status WriteTables(const FrozenState& frozen, Change* change, FlushFiles* made);
  // Beside WriteTables: of the change it takes dictionaries and clocks alone.
  Status WriteOthers(const FrozenState& frozen, Change* change, FlushFiles* made);
  Status WriteTable(TableId table, const Memtable& memtable, const FrozenState& frozen,
                    Change* change, FlushedTable* flushed);
  Status WriteOutput(const TableSchema& table, const RecordColumns& records, Change* change,
                     std::shared_ptr<Segment>* segment);
  Status WriteFirstMarks(const RecordColumns& records, Segment* segment, SegmentState* state,
                         Change* change);
  Status WriteIndex(const Segment& segment, const std::vector<ColumnRef>& columns, Change* change,
                    PropertyIndexInfo* info, std::shared_ptr<const PropertyIndexFile>* file);
  Status WriteDictionary(const Dictionary& dictionary, uint32_t end,
                         std::vector<DictionaryFileInfo>* infos, Change* change,
                         std::vector<std::shared_ptr<const DictionaryFile>>* all, bool* changed);
  Status WriteClock(const FrozenState& frozen, Change* change);
  Status WriteMarks(Seq up_to, Change* change);
  // merge.cc:
  Status MergeNow(const MergeJob& job, bool* merged);
  Status WriteMerged(const MergeJob& job, const TableSchema& table, const Horizon& horizon,
                     Change* change, MergeOutput* made);
  static bool MayPurge(const Segment& segment, const Horizon& horizon);
  Status MergeWanted(bool* merged);
  Status BackfillIndexes();
  Status BuildIndexes(
      Change* change,
      std::vector<std::pair<std::shared_ptr<Segment>, std::shared_ptr<const PropertyIndexFile>>>*
          built,
      std::vector<std::pair<std::shared_ptr<Segment>, uint64_t>>* dropped);
  std::shared_ptr<const Schema> SchemaNow();  // Takes writer_mutex_.
  Status BackupNow(const std::string& directory, BackupReport* report);

  // --- History, database_history.cc.
  Status InstantUpTo(Seq seq, CommitInstant* found);
  Status InstantAtOrBefore(Micros instant, CommitInstant* found);

  const std::string path_;
  const OpenOptions options_;
  std::shared_ptr<PageReserve> pages_;  // Until what follows an opening is done.
  FileSystem& files_;
  Clock& clock_;
  OpenReport report_;
  std::unique_ptr<FileLock> lock_;
  const std::shared_ptr<RemovalQueue> removals_ = std::make_shared<RemovalQueue>();
  std::shared_ptr<SnapshotSource> snapshots_;
  std::atomic<bool> closed_{false};

  mutable std::mutex writer_mutex_;
  DatabaseId database_id_{};                 // Set when opening.
  std::condition_variable room_;             // A flush ended, well or not.
  std::shared_ptr<GraphState> graph_;        // Replaced by Refresh only.
  std::unique_ptr<WalWriter> log_;           // Guarded by writer_mutex_. Null before the first.
  std::map<uint64_t, uint64_t> older_logs_;  // The same. Number → bytes; not log_.
  uint64_t next_log_number_ = 1;             // The same.
  // Until Settle: the end of the log to go on with, and logs that are not needed. The same.
  std::optional<LogReplay::Ended> unsettled_;
  std::vector<std::string> unneeded_logs_;
  uint64_t log_bytes_at_freeze_ = 0;  // The same.
  uint64_t frozen_log_ = 0;           // The log that began at the last freeze.
  Status poison_;                     // Guarded by writer_mutex_.
  std::vector<uint8_t> payload_;  // Of the last commit, whose memory the next one takes. The same.
  std::shared_ptr<const Version> reader_version_;  // What PublishAll publishes. The same.
  Seq history_floor_ = 0;                          // The same.
  uint64_t flush_attempts_ = 0;                    // The same.
  Status flush_failure_;                           // Of the last attempt. The same.

  std::mutex maintenance_mutex_;
  std::shared_ptr<const Version> version_;  // Guarded by maintenance_mutex_, as are these.
  std::atomic<uint64_t> next_file_id_{1};   // A flush takes some on two threads.
  std::set<std::string> pending_removals_;  // No longer named, perhaps still there.
  std::map<uint64_t, uint32_t> persisted_marks_;
  // Segments that ended at the bound of bytes: full, however few their records.
  std::set<uint64_t> full_by_bytes_;
  std::unique_ptr<LogReplay> replay_;  // Of a read-only database.

  std::atomic<uint64_t> flushes_{0}, merges_{0}, commits_{0}, group_syncs_{0};

  std::mutex work_mutex_;
  std::condition_variable work_;
  bool work_wanted_ = false;  // Guarded by work_mutex_, as is stopping_.
  bool stopping_ = false;
  std::thread maintenance_;
  std::mutex close_mutex_;
  std::unique_ptr<CommitQueue> queue_;  // Null when this database cannot be written to.
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_DATABASE_CORE_H_
