// What the threads of threads_test.cc share: their database, what was acknowledged, the writer, and
// the plans that readers ask.
//
// Threads: World, any; Writer, Run on one.
#ifndef HYPERGRAPH_TEST_THREADS_WORLD_H_
#define HYPERGRAPH_TEST_THREADS_WORLD_H_

#include <condition_variable>
#include <mutex>

#include "core/base/random.h"
#include "core/graph/database_test.h"
#include "core/query/plan.h"
#include "core/query/run.h"

namespace hypergraph::test {

inline constexpr PropertyIndex kGroup = 0, kGroupRows = 1;
inline constexpr Micros kSpan = 1000;
inline constexpr uint64_t kNodeCount = 30;
inline constexpr uint64_t kInFlightMax = 8;

// --- Plans and results, as WIRE.md has them.

inline ByteWriter PlanOf(PlanKind kind, uint32_t rows_max) {
  ByteWriter out;
  out.Put(uint32_t{0x31504748});
  out.Put(kind);
  out.Put(rows_max);
  for (int i = 0; i < 7; ++i) out.Put(uint32_t{0});  // No other limits.
  out.Put(kTestTable);
  out.Put(kMicrosMin);
  out.Put(kMicrosMax);
  out.Put(uint8_t{0});
  for (const uint32_t count : {0u, 0u, 0u, 1u}) out.Put(count);  // Ids, keys, members, at least.
  out.Put(uint8_t{0});
  return out;
}

inline void PutColumn(ByteWriter* out, ColumnKind kind, PropertyIndex property = 0) {
  out->Put(kind);
  out->Put(property);
}

inline ByteWriter GroupsPlan() {
  ByteWriter out = PlanOf(PlanKind::kAggregate, 0);
  out.Put(uint8_t{1});
  out.Put(GroupKind::kProperty);
  out.Put(kGroup);
  out.Put(uint8_t{4});
  out.Put(MeasureKind::kCount);
  out.Put(MeasureKind::kMin);
  PutColumn(&out, ColumnKind::kWeight);
  out.Put(MeasureKind::kMax);
  PutColumn(&out, ColumnKind::kWeight);
  out.Put(MeasureKind::kMax);
  PutColumn(&out, ColumnKind::kProperty, kGroupRows);
  out.Put(uint8_t{0});
  out.Put(uint64_t{0});
  return out;
}

inline ByteWriter PagePlan(uint8_t newest_first, std::string_view cursor) {
  ByteWriter out = PlanOf(PlanKind::kFind, 64);
  out.Put(newest_first);
  out.Put(uint16_t{3});
  PutColumn(&out, ColumnKind::kId);
  PutColumn(&out, ColumnKind::kMembers);
  PutColumn(&out, ColumnKind::kProperty, 2);
  out.PutText(cursor);
  return out;
}

inline ByteWriter ExpandPlanOf(uint64_t node) {
  ByteWriter out = PlanOf(PlanKind::kExpand, 0);
  out.Put(uint32_t{1});
  out.Put(uint8_t{0});
  out.Put(node);
  out.Put(uint32_t{3});
  out.Put(HopOrder::kNonDecreasing);
  out.Put(uint16_t{0});  // No roles.
  return out;
}

using Bytes = std::vector<uint8_t>;

inline Bytes Ask(const Snapshot& snapshot, const ByteWriter& plan) {
  Bytes result;
  CHECK_OK(RunPlan(snapshot, plan.view(), nullptr, &result));
  return result;
}

inline uint32_t Rows32(const Bytes& result) { return LoadUnaligned<uint32_t>(&result[8]); }

template <typename T>
T Cell(const Bytes& result, size_t column, uint32_t row) {
  const auto at = LoadUnaligned<uint32_t>(&result[64 + 32 * column + 4]);
  return LoadUnaligned<T>(&result[at + row * sizeof(T)]);
}

// Checks that the snapshot holds whole groups; how many rows they have.
inline uint64_t CountWhole(const Snapshot& snapshot) {
  const Bytes result = Ask(snapshot, GroupsPlan());
  uint64_t rows = 0;
  for (uint32_t group = 0; group < Rows32(result); ++group) {
    const auto count = static_cast<uint64_t>(Cell<double>(result, 1, group));
    CHECK_EQ(count, static_cast<uint64_t>(Cell<int64_t>(result, 4, group)));
    CHECK_EQ(Cell<double>(result, 2, group), Cell<double>(result, 3, group));
    rows += count;
  }
  return rows;
}

// --- The world that the threads share.

class World {
 public:
  World(FileSystem* files, std::string path) : files_(*files), path_(std::move(path)) {
    Open();
    BatchWriter batch;
    batch.CreateTable("events",
                      {{"group", PropertyType::kInt64},
                       {"rows", PropertyType::kInt64},
                       {"name", PropertyType::kString}},
                      {{"by_group", {{ColumnKind::kProperty, kGroup}}}});
    // Every node that an expansion may begin with: keys are known to a snapshot taken before them.
    std::vector<BatchRow> first(1);
    first[0].EventTs(0).Set(kGroup, int64_t{-1}).Set(kGroupRows, int64_t{1});
    std::vector<std::pair<BatchNode, std::string>> nodes(kNodeCount, {BatchNode(0), ""});
    for (uint64_t node = 0; node < kNodeCount; ++node) nodes[node].first.key = node;
    first[0].members = std::move(nodes);
    batch.Insert(kTestTable, first);
    Note(CommitTest(database_.get(), batch.Finish()).seq, 1);
  }

  void Open() {
    OpenOptions options;
    options.files = &files_;
    options.memtable_records_max = 150;
    options.segment_records_max = 700;
    options.log_allocate_bytes = 1 << 16;
    database_ = OpenTest(options, path_);
  }

  Database* database() { return database_.get(); }
  FileSystem& files() { return files_; }
  const std::string& path() const { return path_; }

  // The rows after each commit, told in the order of commits.
  void Note(Seq seq, int64_t more_rows) {
    const std::lock_guard<std::mutex> lock(mutex_);
    CHECK(rows_after_.empty() || rows_after_.rbegin()->first < seq);
    rows_ += static_cast<uint64_t>(more_rows);
    rows_after_[seq] = rows_;
  }
  // Some acknowledged commit, and its rows.
  std::pair<Seq, uint64_t> AnyCommit(Random* random) {
    const std::lock_guard<std::mutex> lock(mutex_);
    auto at = rows_after_.begin();
    std::advance(at, static_cast<ptrdiff_t>(random->Below(rows_after_.size())));
    return *at;
  }
  std::pair<Seq, uint64_t> LastCommit() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return *rows_after_.rbegin();
  }

  // Ok, or the close that every thread but the closing one may meet.
  bool Passed(const Status& status) {
    if (status.ok()) return true;
    CHECK(closing_.load());
    CHECK_CODE(status, Code::kClosed);
    return false;
  }
  void Close() {
    closing_.store(true);
    CHECK_OK(database_->Close());
  }
  bool Goes() const { return !writer_done_.load() && !closing_.load(); }
  void WriterDone() { writer_done_.store(true); }

 private:
  FileSystem& files_;
  const std::string path_;
  std::unique_ptr<Database> database_;
  std::atomic<bool> closing_{false}, writer_done_{false};
  std::mutex mutex_;
  std::map<Seq, uint64_t> rows_after_;  // Guarded by mutex_, as is rows_.
  uint64_t rows_ = 0;
};

// --- The writer, with several commits in flight.

class Writer {
 public:
  Writer(World* world, uint64_t seed) : world_(*world), random_(seed) {}

  void Run(uint64_t commit_count) {
    for (uint64_t i = 0; i < commit_count; ++i) {
      if (!WaitForRoom()) break;
      const uint64_t draw = random_.Below(10);
      if (draw < 6) {
        Insert(i);
      } else {
        Change(draw < 8);
      }
    }
    std::unique_lock<std::mutex> lock(mutex_);
    acknowledged_.wait(lock, [this] { return in_flight_ == 0; });
    world_.WriterDone();
  }

 private:
  struct Group {
    EdgeId first = 0;
    uint32_t rows = 0;
  };

  bool WaitForRoom() {
    std::unique_lock<std::mutex> lock(mutex_);
    acknowledged_.wait(lock, [this] { return in_flight_ < kInFlightMax; });
    return !closed_;
  }

  void Submit(BatchWriter* batch, Group group, int64_t more_rows) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++in_flight_;
    }
    const Durability durability = random_.Chance(0.7) ? Durability::kSync : Durability::kOs;
    world_.database()->Submit(batch->Finish(), durability,
                              [this, group, more_rows](Status status, CommitReceipt receipt) {
                                Done(status, receipt, group, more_rows);
                              });
  }

  void Done(const Status& status, const CommitReceipt& receipt, Group group, int64_t more_rows) {
    if (world_.Passed(status)) world_.Note(receipt.seq, more_rows);
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ |= !status.ok();
    if (group.first == 0) group.first = receipt.first_id;
    if (status.ok() && more_rows >= 0) groups_.push_back(group);
    --in_flight_;
    acknowledged_.notify_all();
  }

  void Insert(uint64_t number) {
    std::vector<BatchRow> rows(1 + random_.Below(12));
    const auto count = static_cast<int64_t>(rows.size());
    for (BatchRow& row : rows) {
      row.EventTs(random_.Between(0, kSpan)).Member(random_.Below(kNodeCount));
      row.Member("n" + std::to_string(random_.Below(kNodeCount)), "role").Label("label");
      row.Set(kGroup, static_cast<int64_t>(number)).Set(kGroupRows, count);
      row.SetText(2, "name " + std::to_string(random_.Below(5)));
    }
    BatchWriter batch;
    batch.Insert(kTestTable, rows);
    Submit(&batch, {0, static_cast<uint32_t>(count)}, count);
  }

  // Deletes a group, or gives all of its rows a new weight.
  void Change(bool deletes) {
    Group group;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (groups_.empty()) return;
      std::swap(groups_[random_.Below(groups_.size())], groups_.back());
      group = groups_.back();
      groups_.pop_back();
    }
    std::vector<EdgeId> ids;
    std::vector<std::pair<EdgeId, BatchRow>> rows(group.rows);
    const double weight = random_.Fraction();
    for (uint32_t i = 0; i < group.rows; ++i) {
      ids.push_back(group.first + i);
      rows[i].first = group.first + i;
      rows[i].second.Weight(weight);
    }
    BatchWriter batch;
    if (deletes) {
      batch.Delete(kTestTable, ids);
    } else {
      batch.Update(kTestTable, rows);
    }
    Submit(&batch, group, deletes ? -static_cast<int64_t>(group.rows) : 0);
  }

  World& world_;
  Random random_;
  std::mutex mutex_;
  std::condition_variable acknowledged_;
  std::vector<Group> groups_;  // Guarded by mutex_, as are these.
  uint64_t in_flight_ = 0;
  bool closed_ = false;
};

}  // namespace hypergraph::test

#endif  // HYPERGRAPH_TEST_THREADS_WORLD_H_
