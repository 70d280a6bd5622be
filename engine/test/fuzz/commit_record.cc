// Any bytes as the payload of a log frame: refused, or a state that can be read, flushed and read
// again. Recovery meets these behind a checksum, so only damage that a checksum misses comes here.
#include "core/graph/commit_record.h"

#include "core/graph/batch_writer.h"
#include "core/graph/graph_state.h"
#include "core/platform/memory_file_system.h"
#include "test/fuzz/support/ask_all.h"

namespace hypergraph::fuzz {
namespace {

constexpr size_t kFirstSeqAt = 1;
constexpr PropertyIndex kProperties = 6;
constexpr NodeNumber kNodes = 24;

Bytes Resolved(GraphState* state, ByteView batch) {
  Bytes payload;
  CommitReceipt receipt;
  FUZZ_CHECK_OK(state->Resolve(batch, {}, 1'000'000, &payload, &receipt));
  FUZZ_CHECK_OK(state->Apply(payload));
  return payload;
}

BatchRow Row(int i) {
  BatchRow row(100 + i);
  row.Member(i).Member("n" + std::to_string(i % 3), "role").Label("l").Set(0, int64_t{i});
  return row.Key("key-" + std::to_string(i)).Weight(i).SetText(1, "text").ValidTo(500);
}

// Commits that every input follows, and the ones that are seeds.
struct Commits {
  Commits() {
    GraphState state;
    BatchWriter batch;
    batch.CreateTable("events", {{"size", PropertyType::kInt64}, {"name", PropertyType::kString}});
    batch.AddProperties(kNodeTable, {{"title", PropertyType::kString}});
    before.push_back(Resolved(&state, batch.Finish()));
    batch.Clear().Insert(1, {Row(0), Row(1), Row(2), Row(3)});
    before.push_back(Resolved(&state, batch.Finish()));
    const auto add = [&](BatchWriter seed) { seeds.push_back(Resolved(&state, seed.Finish())); };
    add(BatchWriter().Insert(1, {Row(5), Row(6), BatchRow(7).Member(1)}));
    add(BatchWriter().Update(1, {{2, BatchRow(8).Weight(3)}, {3, BatchRow(9).Weight(3)}}));
    add(BatchWriter().Delete(1, {4, 5}));
    add(BatchWriter().SetNodes({{BatchNode("n1"), BatchRow().SetText(0, "t")}}));
    add(BatchWriter().DropNodes({BatchNode("n1")}));
    add(BatchWriter().AddProperties(1, {{"more", PropertyType::kFloat64}}));
    add(BatchWriter()
            .CreateTable("other", {{"p", PropertyType::kBool}})
            .Insert(2, {BatchRow(1).Member(9).Set(0, true)}));
    add(BatchWriter().DropTable(2));
  }
  std::vector<Bytes> before, seeds;
};

const Commits& TheCommits() {
  static const Commits commits;
  return commits;
}

void FlushAndRead(GraphState* state) {
  const std::shared_ptr<const FrozenState> frozen = state->Freeze();
  MemoryFileSystem files;
  files.StopRecording();
  for (const auto& [table, memtable] : frozen->tables) {
    RecordColumns records;
    std::vector<uint32_t> row_to_rank;
    memtable->SortedRecords(&records, &row_to_rank);
    if (records.record_count == 0) continue;
    const std::string path = "seg-" + std::to_string(table);
    SegmentInfo info;
    FUZZ_CHECK_OK(WriteSegment(files, path, table + 1, records, &info));
    auto segment = Segment::Open(files, path, info);
    FUZZ_CHECK_OK(segment.status());
    FUZZ_CHECK_OK((*segment)->Verify());
    AskAll(**segment, kProperties, kNodes);
  }
}

}  // namespace

void RunInput(ByteView input) {
  GraphState state;
  for (const Bytes& payload : TheCommits().before) FUZZ_CHECK_OK(state.Apply(payload));
  Bytes payload(input.begin(), input.end());
  const Seq next = state.last_seq() + 1;
  if (payload.size() >= kFirstSeqAt + sizeof next) {
    std::memcpy(payload.data() + kFirstSeqAt, &next, sizeof next);
  }
  const Status status = state.Apply(payload);
  if (!Tolerate(status)) return;
  for (const auto& [table, view] : *state.views()) {
    for (const auto& source : view.sources) AskAll(*source, kProperties, kNodes);
  }
  FlushAndRead(&state);
}

std::vector<Bytes> MakeSeeds() {
  std::vector<Bytes> seeds = TheCommits().seeds;
  seeds.insert(seeds.end(), TheCommits().before.begin(), TheCommits().before.end());
  return seeds;
}

}  // namespace hypergraph::fuzz
