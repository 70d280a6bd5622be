// What tests of the database share: a file system in memory, a clock that stands, and the rows that
// a reader sees as plain values.
#ifndef HYPERGRAPH_GRAPH_DATABASE_TEST_H_
#define HYPERGRAPH_GRAPH_DATABASE_TEST_H_

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/graph/batch_writer.h"
#include "core/platform/memory_file_system.h"
#include "include/hypergraph/database.h"
#include "test/test.h"

namespace hypergraph::test {

class StandingClock : public Clock {
 public:
  Micros Now() override { return now.load(); }
  std::atomic<Micros> now{1'000'000};
};

inline OpenOptions TestOptions(FileSystem* files, Clock* clock) {
  OpenOptions options;
  options.files = files;
  options.clock = clock;
  options.background = false;
  options.log_allocate_bytes = 4096;
  return options;
}

inline constexpr TableId kTestTable = 1;
inline constexpr char kTestPath[] = "db";

inline std::unique_ptr<Database> OpenTest(const OpenOptions& options,
                                          const std::string& path = kTestPath) {
  std::unique_ptr<Database> database;
  CHECK_OK(Database::Open(path, options, &database));
  return database;
}

inline CommitReceipt CommitTest(Database* database, ByteView batch,
                                Durability durability = Durability::kSync) {
  CommitReceipt receipt;
  CHECK_OK(database->Commit(batch, durability, &receipt));
  return receipt;
}

inline void CreateTestTable(Database* database, BatchTableOptions options = {}) {
  BatchWriter batch;
  batch.CreateTable("events", {{"size", PropertyType::kInt64}, {"name", PropertyType::kString}}, {},
                    options);
  CommitTest(database, batch.Finish());
}

// One hyperedge at `event_ts` with the size as its property and both as members.
inline EdgeId InsertOne(Database* database, Micros event_ts, int64_t size,
                        Durability durability = Durability::kSync) {
  std::vector<BatchRow> rows(1);
  rows[0].EventTs(event_ts).Member(static_cast<uint64_t>(event_ts));
  const BatchNode name("n" + std::to_string(size));
  rows[0].Member(name, "role").Set(0, size).SetText(1, "name " + std::to_string(size));
  BatchWriter batch;
  batch.Insert(kTestTable, rows);
  return CommitTest(database, batch.Finish(), durability).first_id;
}

// The visible hyperedges of the table: id → "event_ts:size:members".
inline std::map<EdgeId, std::string> VisibleRows(const Snapshot& snapshot,
                                                 TableId table = kTestTable) {
  std::map<EdgeId, std::string> rows;
  const auto view = snapshot.tables->find(table);
  if (view == snapshot.tables->end()) return rows;
  for (const auto& source : view->second.sources) {
    const uint32_t count = source->bounds().row_count;
    std::vector<uint32_t> all(count), visible;
    for (uint32_t i = 0; i < count; ++i) all[i] = i;
    CHECK_OK(source->SelectVisible(snapshot.seq, Rows::List(all), &visible));
    for (const uint32_t row : visible) {
      const Rows one = Rows::Range(row, 1);
      EdgeId id = 0;
      Micros ts = 0;
      MemberColumns members;
      members.Clear();
      PropertyColumn size;
      CHECK_OK(source->Ids(one, &id));
      CHECK_OK(source->EventTs(one, &ts));
      CHECK_OK(source->Members(one, &members));
      CHECK_OK(source->Property(0, one, &size));
      std::string text = std::to_string(ts) + ":" +
                         (size.present[0] != 0 ? std::to_string(size.integers[0]) : "null");
      for (const NodeNumber node : members.nodes) {
        NodeKey key;
        CHECK_OK(snapshot.nodes->KeyOf(node, &key));
        text += ":" + (key.is_text ? std::string(key.text) : std::to_string(key.integer));
      }
      CHECK(rows.emplace(id, text).second);
    }
  }
  return rows;
}

inline std::vector<std::string> NamesIn(FileSystem& files, const std::string& path = kTestPath) {
  auto names = files.List(path);
  CHECK_OK(names);
  return std::move(names.value());
}

inline std::shared_ptr<const Snapshot> ReadTest(Database* database) {
  std::shared_ptr<const Snapshot> snapshot;
  CHECK_OK(database->Read(&snapshot));
  return snapshot;
}

inline Seq SeqNow(Database* database) { return ReadTest(database)->seq; }
inline std::string RowAt(const Snapshot& snapshot, EdgeId id) {
  return VisibleRows(snapshot).at(id);
}

inline std::map<EdgeId, std::string> RowsNow(Database* database) {
  return VisibleRows(*ReadTest(database));
}

}  // namespace hypergraph::test

#endif  // HYPERGRAPH_GRAPH_DATABASE_TEST_H_
