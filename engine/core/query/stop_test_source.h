// For tests of stopping: a row source that counts what is read of it, and has a query cancelled by
// another thread once enough was.
#ifndef HYPERGRAPH_QUERY_STOP_TEST_SOURCE_H_
#define HYPERGRAPH_QUERY_STOP_TEST_SOURCE_H_

#include <algorithm>
#include <array>
#include <memory>
#include <thread>
#include <vector>

#include "core/graph/snapshot.h"
#include "core/query/run.h"

namespace hypergraph::test {

class Tally {
 public:
  enum Way { kTimes, kSeqs, kVisible, kMembers, kColumns, kPostings, kSelected, kWayCount };

  // `cancel_after` rows by any one way: a thread of its own then sets the flag.
  explicit Tally(uint64_t cancel_after) : cancel_after_(cancel_after) {}
  void Read(Way way, uint64_t rows) {
    uint64_t& sum = (control.cancelled ? after_ : before_)[way];
    sum += rows;
    if (control.cancelled || sum < cancel_after_) return;
    std::thread([this] { control.cancelled = true; }).join();
  }
  // The most rows that any one way read, before and after the cancel.
  uint64_t before() const { return *std::max_element(before_.begin(), before_.end()); }
  uint64_t after() const { return *std::max_element(after_.begin(), after_.end()); }

  QueryControl control;

 private:
  const uint64_t cancel_after_;
  std::array<uint64_t, kWayCount> before_{}, after_{};
};

class CountingSource final : public RowSource {
 public:
  CountingSource(std::shared_ptr<const RowSource> inner, Tally* tally)
      : inner_(std::move(inner)), tally_(tally) {}

  SourceBounds bounds() const override { return inner_->bounds(); }
  bool ranked() const override { return inner_->ranked(); }
  Status LowerBound(Micros ts, uint32_t* rank) const override {
    return inner_->LowerBound(ts, rank);
  }
  Status RowsInWindow(TimeWindow window, uint32_t limit, bool newest_first,
                      std::vector<uint32_t>* rows) const override {
    return inner_->RowsInWindow(window, limit, newest_first, rows);
  }
  uint32_t Degree(NodeNumber node) const override { return inner_->Degree(node); }
  Status RowsOfNode(NodeNumber node, TimeWindow window,
                    std::vector<uint32_t>* rows) const override {
    const Status status = inner_->RowsOfNode(node, window, rows);
    tally_->Read(Tally::kPostings, rows->size());
    return status;
  }
  Status RowsOfNodes(std::span<const NodeNumber> nodes, uint32_t at_least, TimeWindow window,
                     std::vector<uint32_t>* rows) const override {
    const Status status = inner_->RowsOfNodes(nodes, at_least, window, rows);
    tally_->Read(Tally::kPostings, rows->size());
    return status;
  }
  bool EstimateIndex(const IndexProbe& probe, uint32_t* rows) const override {
    return inner_->EstimateIndex(probe, rows);
  }
  Status RowsByIndex(const IndexProbe& probe, TimeWindow window,
                     std::vector<uint32_t>* rows) const override {
    return inner_->RowsByIndex(probe, window, rows);
  }
  Status Select(const Comparison& comparison, Rows rows,
                std::vector<uint32_t>* selected) const override {
    return Counted(Tally::kSelected, rows, inner_->Select(comparison, rows, selected));
  }
  bool AllVisible(Seq at) const override { return inner_->AllVisible(at); }
  Status SelectVisible(Seq at, Rows rows, std::vector<uint32_t>* visible) const override {
    return Counted(Tally::kVisible, rows, inner_->SelectVisible(at, rows, visible));
  }
  Status EventTs(Rows rows, Micros* out) const override {
    return Counted(Tally::kTimes, rows, inner_->EventTs(rows, out));
  }
  Status Seqs(Rows rows, Seq* out) const override {
    return Counted(Tally::kSeqs, rows, inner_->Seqs(rows, out));
  }
  Status Ids(Rows rows, EdgeId* out) const override {
    return Counted(Tally::kColumns, rows, inner_->Ids(rows, out));
  }
  Status ValidTo(Rows rows, Micros* out) const override { return inner_->ValidTo(rows, out); }
  Status Weights(Rows rows, double* out) const override {
    return Counted(Tally::kColumns, rows, inner_->Weights(rows, out));
  }
  Status Labels(Rows rows, Symbol* out) const override { return inner_->Labels(rows, out); }
  Status Arities(Rows rows, uint32_t* out) const override { return inner_->Arities(rows, out); }
  Status Members(Rows rows, MemberColumns* out) const override {
    return Counted(Tally::kMembers, rows, inner_->Members(rows, out));
  }
  Status Keys(Rows rows, std::vector<std::string_view>* out) const override {
    return inner_->Keys(rows, out);
  }
  Status Property(PropertyIndex property, Rows rows, PropertyColumn* out) const override {
    return Counted(Tally::kColumns, rows, inner_->Property(property, rows, out));
  }
  Status SumWeights(Rows rows, double* sum) const override {
    return Counted(Tally::kColumns, rows, inner_->SumWeights(rows, sum));
  }
  Status CountMembers(Rows rows, std::span<uint32_t> counts) const override {
    return Counted(Tally::kMembers, rows, inner_->CountMembers(rows, counts));
  }
  Status FindId(EdgeId id, std::vector<uint32_t>* rows) const override {
    tally_->Read(Tally::kPostings, 1);
    return inner_->FindId(id, rows);
  }
  Status FindKey(std::string_view key, std::vector<uint32_t>* rows) const override {
    tally_->Read(Tally::kPostings, 1);
    return inner_->FindKey(key, rows);
  }

 private:
  Status Counted(Tally::Way way, Rows rows, Status status) const {
    tally_->Read(way, rows.size());
    return status;
  }
  const std::shared_ptr<const RowSource> inner_;
  Tally* const tally_;
};

// The snapshot with every source counted.
inline Snapshot CountedBy(const Snapshot& snapshot, Tally* tally) {
  auto tables = std::make_shared<TableViews>(*snapshot.tables);
  for (auto& [id, view] : *tables) {
    for (auto& source : view.sources) source = std::make_shared<CountingSource>(source, tally);
  }
  Snapshot counted = snapshot;
  counted.tables = tables;
  return counted;
}

}  // namespace hypergraph::test

#endif  // HYPERGRAPH_QUERY_STOP_TEST_SOURCE_H_
