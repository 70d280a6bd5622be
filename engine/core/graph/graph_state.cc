#include "core/graph/graph_state.h"

#include <algorithm>
#include <cassert>
#include <mutex>

namespace hypergraph {

namespace {

void SortByTime(std::vector<std::shared_ptr<Segment>>* segments) {
  std::stable_sort(segments->begin(), segments->end(), [](const auto& a, const auto& b) {
    return a->bounds().ts_min < b->bounds().ts_min;
  });
}

void AddMark(std::span<const std::shared_ptr<Segment>> outputs, uint64_t rank, Seq by) {
  for (const std::shared_ptr<Segment>& output : outputs) {
    const uint32_t count = output->bounds().row_count;
    if (rank < count) {
      const auto row = static_cast<uint32_t>(rank);
      if (output->deletions().SupersededBy(row) == 0) output->deletions().Add(row, by);
      return;
    }
    rank -= count;
  }
}

}  // namespace

GraphState::GraphState() { Restore({}); }
GraphState::~GraphState() = default;

void GraphState::Restore(RestoredState restored) {
  nodes_ = restored.nodes != nullptr ? std::move(restored.nodes) : std::make_unique<Dictionary>();
  symbols_ = restored.symbols != nullptr ? std::move(restored.symbols)
                                         : std::make_unique<Dictionary>(kSymbolNone + 1);
  nodes_logged_end_ = nodes_->end();
  symbols_logged_end_ = symbols_->end();
  last_seq_ = restored.last_seq;
  last_committed_at_ = restored.last_committed_at;
  tables_.clear();
  SetSchema(restored.schema != nullptr ? restored.schema : MakeEmptySchema());
  for (auto& [id, segments] : restored.segments) {
    const auto table = tables_.find(id);
    if (table == tables_.end()) continue;
    table->second.segments = std::move(segments);
    SortByTime(&table->second.segments);
  }
}

void GraphState::SetSchema(std::shared_ptr<const Schema> schema) {
  schema_ = std::move(schema);
  views_ = nullptr;
  for (const auto& [id, table] : schema_->tables) {
    Table& state = tables_[id];
    if (state.active != nullptr) continue;
    state.active = std::make_shared<Memtable>(id);
    if (defers_chains_) state.active->DeferChains();
    state.active->UsePages(pages_);
  }
  for (auto at = tables_.begin(); at != tables_.end();) {
    if (schema_->Find(at->first) != nullptr) {
      ++at;
      continue;
    }
    for (const auto& segment : at->second.segments) ForgetMarks(segment.get());
    ForgetMarks(at->second.frozen.get());
    at = tables_.erase(at);
  }
}

void GraphState::DeferChains() {
  defers_chains_ = true;
  for (const auto& [id, table] : tables_) table.active->DeferChains();
}

void GraphState::UsePages(PageReserve* pages) {
  pages_ = pages;
  for (const auto& [id, table] : tables_) table.active->UsePages(pages);
}

bool GraphState::ChainMore(uint32_t records_max) {
  if (!defers_chains_) return false;
  defers_chains_ = false;
  for (const auto& [id, table] : tables_) {
    if (table.active->ChainMore(records_max)) defers_chains_ = true;
  }
  return defers_chains_;
}

std::shared_ptr<const TableViews> GraphState::views() {
  if (views_ != nullptr) return views_;
  auto views = std::make_shared<TableViews>();
  for (const auto& [id, table] : tables_) {
    TableView& view = (*views)[id];
    view.schema = schema_->tables.find(id)->second;
    view.sources.assign(table.segments.begin(), table.segments.end());
    if (table.frozen != nullptr) view.sources.push_back(table.frozen);
    view.sources.push_back(table.active);
  }
  views_ = std::move(views);
  return views_;
}

bool GraphState::LastInstantAtOrBefore(Micros instant, CommitInstant* found) const {
  const std::shared_lock lock(instants_mutex_);
  const auto after = std::upper_bound(
      instants_.begin(), instants_.end(), instant,
      [](Micros at, const CommitInstant& commit) { return at < commit.committed_at; });
  if (after == instants_.begin()) return false;
  *found = *(after - 1);
  return true;
}

bool GraphState::LastInstantUpTo(Seq seq, CommitInstant* found) const {
  const std::shared_lock lock(instants_mutex_);
  const auto after =
      std::upper_bound(instants_.begin(), instants_.end(), seq,
                       [](Seq at, const CommitInstant& commit) { return at < commit.seq; });
  if (after == instants_.begin()) return false;
  *found = *(after - 1);
  return true;
}

void GraphState::NoteCommit(Seq seq, Micros committed_at) {
  last_seq_ = seq;
  last_committed_at_ = committed_at;
  const std::unique_lock lock(instants_mutex_);
  instants_.push_back({seq, committed_at});
}

uint64_t GraphState::memtable_bytes() const {
  uint64_t sum = 0;
  for (const auto& [id, table] : tables_) sum += table.active->bytes();
  return sum;
}

uint64_t GraphState::memtable_records() const {
  uint64_t sum = 0;
  for (const auto& [id, table] : tables_) sum += table.active->row_count();
  return sum;
}

std::shared_ptr<const FrozenState> GraphState::Freeze() {
  assert(frozen_ == nullptr);
  auto frozen = std::make_shared<FrozenState>();
  frozen->last_seq = last_seq_;
  frozen->nodes_end = nodes_->end();
  frozen->symbols_end = symbols_->end();
  frozen->schema = schema_;
  {
    const std::shared_lock lock(instants_mutex_);
    frozen->instants = instants_;
  }
  for (auto& [id, table] : tables_) {
    if (table.active->row_count() == 0) continue;
    table.active->Freeze();
    table.frozen = std::move(table.active);
    table.active = std::make_shared<Memtable>(id);
    frozen->tables.emplace(id, table.frozen);
  }
  frozen_ = std::move(frozen);
  views_ = nullptr;
  return frozen_;
}

void GraphState::InstallFlush(const std::map<TableId, FlushedTable>& flushed) {
  assert(frozen_ != nullptr);
  for (auto& [id, table] : tables_) {
    if (table.frozen == nullptr) continue;
    const auto found = flushed.find(id);
    assert(found != flushed.end());
    CarryMarks(*table.frozen, found->second.row_to_rank, found->second.outputs);
    for (const auto& output : found->second.outputs) table.segments.push_back(output);
    SortByTime(&table.segments);
    ForgetMarks(table.frozen.get());
    table.frozen = nullptr;
  }
  {
    const std::unique_lock lock(instants_mutex_);
    std::erase_if(instants_,
                  [this](const CommitInstant& commit) { return commit.seq <= frozen_->last_seq; });
  }
  frozen_ = nullptr;
  views_ = nullptr;
}

bool GraphState::InstallMerge(TableId table, std::span<const MergeInput> inputs,
                              const std::vector<std::shared_ptr<Segment>>& outputs) {
  const auto found = tables_.find(table);
  bool all_there = found != tables_.end();
  for (const MergeInput& input : inputs) {
    if (!all_there) break;
    const auto& segments = found->second.segments;
    all_there = std::find(segments.begin(), segments.end(), input.segment) != segments.end();
  }
  if (all_there) {
    auto& segments = found->second.segments;
    for (const MergeInput& input : inputs) {
      CarryMarks(*input.segment, input.row_to_rank, outputs);
      std::erase(segments, input.segment);
      ForgetMarks(input.segment.get());
    }
    segments.insert(segments.end(), outputs.begin(), outputs.end());
    SortByTime(&segments);
    views_ = nullptr;
  }
  AbandonMerge();
  return all_there;
}

void GraphState::AbandonMerge() {
  assert(merges_running_ > 0);
  if (--merges_running_ == 0 && frozen_ == nullptr) marks_.clear();
}

std::vector<std::shared_ptr<Segment>> GraphState::segments(TableId table) const {
  const auto found = tables_.find(table);
  return found == tables_.end() ? std::vector<std::shared_ptr<Segment>>() : found->second.segments;
}

void GraphState::CarryMarks(const RowSource& from, std::span<const uint32_t> row_to_rank,
                            std::span<const std::shared_ptr<Segment>> outputs) {
  for (const Mark& mark : marks_) {
    if (mark.source != &from || mark.row >= row_to_rank.size()) continue;
    const uint32_t rank = row_to_rank[mark.row];
    if (rank != kRowDropped) AddMark(outputs, rank, mark.superseded_by);
  }
}

void GraphState::ForgetMarks(const RowSource* source) {
  std::erase_if(marks_, [source](const Mark& mark) { return mark.source == source; });
}

Status GraphState::MarkSuperseded(const Table& table, EdgeId id, Seq old_seq, Seq by) {
  uint32_t row;
  if (table.active->FindSeq(old_seq, &row)) {
    table.active->Mark(row, by);
    return Status::Ok();
  }
  if (table.frozen != nullptr && table.frozen->FindSeq(old_seq, &row)) {
    table.frozen->Mark(row, by);
    marks_.push_back({table.frozen.get(), row, by});
    return Status::Ok();
  }
  std::vector<uint32_t> rows;
  std::vector<Seq> seqs;
  for (const std::shared_ptr<Segment>& segment : table.segments) {
    const SourceBounds bounds = segment->bounds();
    if (old_seq < bounds.seq_min || old_seq > bounds.seq_max) continue;
    rows.clear();
    HG_RETURN_IF_ERROR(segment->FindId(id, &rows));
    seqs.resize(rows.size());
    HG_RETURN_IF_ERROR(segment->Seqs(Rows::List(rows), seqs.data()));
    for (size_t i = 0; i < rows.size(); ++i) {
      if (seqs[i] != old_seq) continue;
      if (segment->deletions().SupersededBy(rows[i]) == 0) segment->deletions().Add(rows[i], by);
      if (merges_running_ > 0) marks_.push_back({segment.get(), rows[i], by});
      return Status::Ok();
    }
  }
  // In recovery: a merge that knew of this mark already left the record out.
  return Status::Ok();
}

}  // namespace hypergraph
