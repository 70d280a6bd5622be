// Flushes and merges into real segments, with commits going on between their steps.
#include <algorithm>

#include "core/graph/graph_state_test_model.h"
#include "core/graph/merge_columns.h"
#include "core/platform/memory_file_system.h"

namespace hypergraph {
namespace {

class Maintenance {
 public:
  explicit Maintenance(GraphState* state) : state_(*state) {}

  std::shared_ptr<Segment> Write(const RecordColumns& records) {
    const uint64_t id = ++file_id_;
    const std::string path = "segment-" + std::to_string(id);
    SegmentInfo info;
    CHECK_OK(WriteSegment(files_, path, id, records, &info));
    auto segment = Segment::Open(files_, path, info);
    CHECK_OK(segment);
    for (uint32_t row = 0; row < records.superseded_by.size(); ++row) {
      const Seq by = records.superseded_by[row];
      if (by != 0) (*segment)->deletions().Add(row, by);
    }
    return *segment;
  }
  void BeginFlush() {
    flushed_.clear();
    for (const auto& [id, memtable] : state_.Freeze()->tables) {
      RecordColumns records;
      FlushedTable& table = flushed_[id];
      memtable->SortedRecords(&records, &table.row_to_rank);
      table.outputs.push_back(Write(records));
    }
  }
  void EndFlush() { state_.InstallFlush(flushed_); }

  // Joins all segments of the table.
  void BeginMerge(TableId table) {
    table_ = table;
    inputs_.clear();
    outputs_.clear();
    state_.BeginMerge();
    RecordColumns all;
    std::vector<uint32_t> starts;
    for (const auto& segment : state_.segments(table)) {
      starts.push_back(all.record_count);
      CHECK_OK(segment->Read(0, segment->bounds().row_count, &all));
      inputs_.push_back({segment, {}});
    }
    if (all.record_count == 0) return;
    Reorder(all, starts);
  }
  void EndMerge() { CHECK(state_.InstallMerge(table_, inputs_, outputs_)); }

 private:
  void Reorder(const RecordColumns& all, const std::vector<uint32_t>& starts) {
    std::vector<uint32_t> order(all.record_count);
    for (uint32_t i = 0; i < all.record_count; ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      return std::pair(all.event_ts[a], all.seq[a]) < std::pair(all.event_ts[b], all.seq[b]);
    });
    std::vector<uint32_t> rank_of(all.record_count);
    for (uint32_t rank = 0; rank < order.size(); ++rank) rank_of[order[rank]] = rank;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const uint32_t end = i + 1 < starts.size() ? starts[i + 1] : all.record_count;
      inputs_[i].row_to_rank.assign(rank_of.begin() + starts[i], rank_of.begin() + end);
    }
    // One output for each half, so that marks have to find the right one.
    const size_t half = order.size() / 2;
    for (const auto part : {std::span(order).first(half), std::span(order).subspan(half)}) {
      if (!part.empty()) outputs_.push_back(Write(Pick(all, part)));
    }
  }

  static RecordColumns Pick(const RecordColumns& all, std::span<const uint32_t> rows) {
    RecordAppender appender;
    for (const uint32_t row : rows) {
      appender.Append(all, {row, 1}, all.superseded_by.empty() ? 0 : all.superseded_by[row]);
    }
    return appender.Take();
  }

  GraphState& state_;
  MemoryFileSystem files_;
  uint64_t file_id_ = 0;
  TableId table_ = 0;
  std::map<TableId, FlushedTable> flushed_;
  std::vector<MergeInput> inputs_;
  std::vector<std::shared_ptr<Segment>> outputs_;
};

TEST(Commits_during_flushes_and_merges_keep_every_seq_as_the_model_has_it) {
  for (uint64_t round = 0; round < 4; ++round) {
    model::Simulation simulation(test::Seed() + round);
    Maintenance maintenance(&simulation.state());
    const auto commit = [&](int count) {
      for (int i = 0; i < count; ++i) simulation.RandomCommit();
    };
    for (int cycle = 0; cycle < 5; ++cycle) {
      commit(12);
      maintenance.BeginFlush();
      commit(6);
      if (cycle == 3) maintenance.BeginMerge(model::kTable);
      commit(6);
      maintenance.EndFlush();
      commit(3);
      if (cycle == 3) maintenance.EndMerge();
      simulation.CheckAll(&simulation.state());
      if (cycle == 2) {
        maintenance.BeginMerge(kNodeTable);
        commit(6);
        maintenance.EndMerge();
      }
    }
    simulation.CheckAll(&simulation.state());
    GraphState replayed;
    simulation.Replay(&replayed);
    simulation.CheckAll(&replayed);
  }
}

}  // namespace
}  // namespace hypergraph
