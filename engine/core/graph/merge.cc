#include <algorithm>
#include <queue>

#include "core/graph/database_core.h"
#include "core/graph/merge_columns.h"

namespace hypergraph {
namespace {

constexpr uint32_t kChunkRows = 16384;                     // Read of one input at a time.
constexpr uint32_t kRunRows = 256;                         // Appended between two looks at sizes.
constexpr uint64_t kOutputBytesMax = uint64_t{256} << 20;  // Of columns in memory.

// One input of a merge, read forward in chunks.
class MergeReader {
 public:
  explicit MergeReader(const Segment& segment) : segment_(segment) {}

  Status Start() { return Fill(); }
  bool AtEnd() const { return row_ >= segment_.info().bounds.row_count; }
  Status Advance(uint32_t rows) {
    row_ += rows;
    return !AtEnd() && row_ - chunk_begin_ == chunk_.record_count ? Fill() : Status::Ok();
  }
  uint32_t row() const { return row_; }
  uint32_t chunk_row() const { return row_ - chunk_begin_; }
  const RecordColumns& chunk() const { return chunk_; }
  using Key = std::pair<Micros, Seq>;
  Key key() const { return KeyAt(chunk_row()); }
  // How many rows from the current one on, at least that one and at most `most`, come before
  // `other` and have no mark.
  uint32_t RunBefore(const Key& other, uint32_t most) const {
    const uint32_t first = chunk_row();
    const uint32_t end = first + std::min(most, chunk_.record_count - first);
    uint32_t row = first + 1;
    if (superseded_by() != kSeqNone) return 1;
    while (row < end && KeyAt(row) < other &&
           (chunk_.superseded_by.empty() || chunk_.superseded_by[row] == kSeqNone)) {
      ++row;
    }
    return row - first;
  }
  Seq superseded_by() const {
    return chunk_.superseded_by.empty() ? kSeqNone : chunk_.superseded_by[chunk_row()];
  }

 private:
  Key KeyAt(uint32_t row) const { return {chunk_.event_ts[row], chunk_.seq[row]}; }
  Status Fill() {
    chunk_ = {};
    chunk_begin_ = row_;
    const uint32_t count = std::min(kChunkRows, segment_.info().bounds.row_count - row_);
    HG_RETURN_IF_ERROR(segment_.Read(row_, count, &chunk_));
    if (chunk_.record_count != count) return {Code::kCorrupt, "a segment lacks records"};
    return Status::Ok();
  }

  const Segment& segment_;
  uint32_t row_ = 0;
  uint32_t chunk_begin_ = 0;
  RecordColumns chunk_;
};

// After all rows.
constexpr MergeReader::Key kLastKey{kMicrosMax, kSeqMax};

bool SameColumns(const PropertyIndexInfo& info, const IndexSchema& index) {
  return info.columns == index.columns;
}

}  // namespace

Status DatabaseCore::RunOneMerge(bool* merged) {
  *merged = false;
  const std::lock_guard<std::mutex> maintenance(maintenance_mutex_);
  HG_RETURN_IF_ERROR(RefuseWrites());
  const Status status = MergeWanted(merged);
  RemoveObsolete();
  return status;
}

Status DatabaseCore::Compact() {
  const std::lock_guard<std::mutex> maintenance(maintenance_mutex_);
  HG_RETURN_IF_ERROR(RefuseWrites());
  HG_RETURN_IF_ERROR(FlushNow());
  const std::shared_ptr<const Schema> schema = SchemaNow();
  for (const auto& [id, table] : schema->tables) {
    MergeJob job;
    job.table = id;
    {
      const std::lock_guard<std::mutex> writer(writer_mutex_);
      job.inputs = graph_->segments(id);
    }
    if (job.inputs.empty()) continue;
    const Horizon horizon = HorizonOf(id, *version_->state.schema, version_->state.flushed_seq);
    if (job.inputs.size() > 1 || MayPurge(*job.inputs[0], horizon)) {
      bool merged = false;
      HG_RETURN_IF_ERROR(MergeNow(job, &merged));
    }
  }
  HG_RETURN_IF_ERROR(BackfillIndexes());
  RemoveObsolete();
  return Status::Ok();
}

bool DatabaseCore::MayPurge(const Segment& segment, const Horizon& horizon) {
  if (segment.info().bounds.ts_min < horizon.expired_before) return true;
  if (horizon.seq == kSeqNone || segment.deletions().empty()) return false;
  const auto marks = segment.deletions().Sorted();
  return std::any_of(marks.begin(), marks.end(),
                     [&](const auto& mark) { return mark.second <= horizon.seq; });
}

Status DatabaseCore::MergeWanted(bool* merged) {
  *merged = false;
  const std::shared_ptr<const Schema> schema = SchemaNow();
  for (const auto& [id, table] : schema->tables) {
    const Horizon horizon = HorizonOf(id, *version_->state.schema, version_->state.flushed_seq);
    std::vector<std::shared_ptr<Segment>> segments;
    {
      const std::lock_guard<std::mutex> writer(writer_mutex_);
      HG_RETURN_IF_ERROR(poison_);
      segments = graph_->segments(id);
    }
    std::vector<MergeCandidate> candidates;
    for (const auto& segment : segments) {
      const SourceBounds& bounds = segment->info().bounds;
      uint32_t marked = 0;
      // Counted only where it could decide.
      if (horizon.seq != kSeqNone && segment->deletions().count() > bounds.row_count / 2) {
        for (const auto& mark : segment->deletions().Sorted()) marked += mark.second <= horizon.seq;
      }
      const bool full = full_by_bytes_.count(segment->info().file_id) != 0;
      candidates.push_back({bounds.row_count, bounds.ts_min, bounds.ts_max, full, marked});
    }
    MergeLimits limits;
    limits.segment_records_max = options_.segment_records_max;
    limits.expired_before = horizon.expired_before;
    MergeJob job;
    job.table = id;
    for (const size_t place : ChooseMerge(candidates, limits)) {
      job.inputs.push_back(segments[place]);
    }
    if (job.inputs.empty()) continue;
    HG_RETURN_IF_ERROR(MergeNow(job, merged));
    if (*merged) return Status::Ok();
  }
  return Status::Ok();
}

Status DatabaseCore::MergeNow(const MergeJob& job, bool* merged) {
  Change change;
  HG_RETURN_IF_ERROR(StartChange(&change));
  // A table or segment that no MANIFEST names was dropped or made meanwhile: not now.
  for (const auto& input : job.inputs) {
    const uint64_t file_id = input->info().file_id;
    const size_t erased = std::erase_if(change.state.segments, [&](const SegmentState& state) {
      return state.segment.file_id == file_id;
    });
    if (erased != 1) return Status::Ok();
  }
  const std::shared_ptr<const Schema> schema = SchemaNow();
  const TableSchema* table = schema->Find(job.table);
  if (table == nullptr) return Status::Ok();
  {
    const std::lock_guard<std::mutex> writer(writer_mutex_);
    graph_->BeginMerge();
  }
  const Horizon horizon =
      HorizonOf(job.table, *version_->state.schema, version_->state.flushed_seq);
  MergeOutput made;
  Status status = WriteMerged(job, *table, horizon, &change, &made);
  if (status.ok()) status = SaveChange(&change);
  const std::lock_guard<std::mutex> writer(writer_mutex_);
  if (!status.ok()) {
    graph_->AbandonMerge();
    AbandonChange(change);
    return status;
  }
  FinishChange(&change, [&] {
    // If the table was dropped meanwhile, the next flush drops its files too.
    (void)graph_->InstallMerge(job.table, made.inputs, made.outputs);
  });
  full_by_bytes_.insert(made.full_by_bytes.begin(), made.full_by_bytes.end());
  merges_.fetch_add(1, std::memory_order_relaxed);
  *merged = true;
  return Status::Ok();
}

Status DatabaseCore::WriteMerged(const MergeJob& job, const TableSchema& table,
                                 const Horizon& horizon, Change* change, MergeOutput* made) {
  const Seq flushed = version_->state.flushed_seq;
  std::vector<MergeReader> readers;
  readers.reserve(job.inputs.size());
  using Head = std::pair<MergeReader::Key, size_t>;
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
  for (const auto& input : job.inputs) {
    MergeReader& reader = readers.emplace_back(*input);
    const SourceBounds& bounds = input->info().bounds;
    made->inputs.push_back({input, std::vector<uint32_t>(bounds.row_count, kRowDropped)});
    if (bounds.ts_max < horizon.expired_before) continue;  // Nothing of it stays: not even read.
    HG_RETURN_IF_ERROR(reader.Start());
    heads.push({reader.key(), readers.size() - 1});
  }
  RecordAppender appender;
  std::vector<std::pair<uint32_t, Seq>> later;  // Marks that no file may hold yet.
  uint32_t first = 0;                           // Of the output in the making.
  const auto write = [&]() -> Status {
    first += appender.record_count();
    HG_RETURN_IF_ERROR(WriteOutput(table, appender.Take(), change, &made->outputs.emplace_back()));
    for (const auto& [rank, mark] : later) made->outputs.back()->deletions().Add(rank, mark);
    later.clear();
    return Status::Ok();
  };
  while (!heads.empty()) {
    const size_t from = heads.top().second;
    heads.pop();
    MergeReader& reader = readers[from];
    Seq mark = reader.superseded_by();
    uint32_t rows = 1;
    if (mark != kSeqNone && mark <= horizon.seq) {
      change->state.history_floor = std::max(change->state.history_floor, mark);
    } else if (reader.key().first >= horizon.expired_before) {
      const uint32_t room = options_.segment_records_max - appender.record_count();
      rows =
          reader.RunBefore(heads.empty() ? kLastKey : heads.top().first, std::min(kRunRows, room));
      for (uint32_t i = 0; i < rows; ++i) {
        made->inputs[from].row_to_rank[reader.row() + i] = first + appender.record_count() + i;
      }
      if (mark > flushed) {
        later.emplace_back(appender.record_count(), mark);
        mark = kSeqNone;
      }
      appender.Append(reader.chunk(), {reader.chunk_row(), rows}, mark);
    }
    HG_RETURN_IF_ERROR(reader.Advance(rows));
    if (!reader.AtEnd()) heads.push({reader.key(), from});
    const bool full_by_bytes = appender.bytes() >= kOutputBytesMax;
    if (full_by_bytes || appender.record_count() >= options_.segment_records_max) {
      HG_RETURN_IF_ERROR(write());
      if (full_by_bytes) made->full_by_bytes.push_back(made->outputs.back()->info().file_id);
    }
  }
  return appender.record_count() > 0 ? write() : Status::Ok();
}

Status DatabaseCore::BackfillIndexes() {
  Change change;
  HG_RETURN_IF_ERROR(StartChange(&change));
  std::vector<std::pair<std::shared_ptr<Segment>, std::shared_ptr<const PropertyIndexFile>>> built;
  std::vector<std::pair<std::shared_ptr<Segment>, uint64_t>> dropped;
  const Status status = BuildIndexes(&change, &built, &dropped);
  if (!status.ok()) {
    AbandonChange(change);
    return status;
  }
  if (built.empty() && dropped.empty()) return Status::Ok();
  const Status saved = SaveChange(&change);
  if (!saved.ok()) {
    AbandonChange(change);
    return saved;
  }
  const std::lock_guard<std::mutex> writer(writer_mutex_);
  FinishChange(&change, [&] {
    for (auto& [segment, index] : built) segment->AttachIndex(std::move(index));
    for (const auto& [segment, file_id] : dropped) segment->DetachIndex(file_id);
  });
  return Status::Ok();
}

Status DatabaseCore::BuildIndexes(
    Change* change,
    std::vector<std::pair<std::shared_ptr<Segment>, std::shared_ptr<const PropertyIndexFile>>>*
        built,
    std::vector<std::pair<std::shared_ptr<Segment>, uint64_t>>* dropped) {
  const std::shared_ptr<const Schema> schema = SchemaNow();
  std::map<uint64_t, std::shared_ptr<Segment>> segments;
  {
    const std::lock_guard<std::mutex> writer(writer_mutex_);
    for (const auto& [id, table] : schema->tables) {
      for (auto& segment : graph_->segments(id)) {
        segments[segment->info().file_id] = std::move(segment);
      }
    }
  }
  for (SegmentState& state : change->state.segments) {
    const TableSchema* table = schema->Find(state.table);
    const auto segment = segments.find(state.segment.file_id);
    if (table == nullptr || segment == segments.end()) continue;
    std::erase_if(state.indexes, [&](const PropertyIndexInfo& info) {
      const bool wanted =
          std::any_of(table->indexes.begin(), table->indexes.end(),
                      [&](const IndexSchema& index) { return SameColumns(info, index); });
      if (!wanted) dropped->emplace_back(segment->second, info.file_id);
      return !wanted;
    });
    for (const IndexSchema& index : table->indexes) {
      const bool there =
          std::any_of(state.indexes.begin(), state.indexes.end(),
                      [&](const PropertyIndexInfo& info) { return SameColumns(info, index); });
      if (there) continue;
      PropertyIndexInfo info;
      std::shared_ptr<const PropertyIndexFile> file;
      HG_RETURN_IF_ERROR(WriteIndex(*segment->second, index.columns, change, &info, &file));
      state.indexes.push_back(std::move(info));
      built->emplace_back(segment->second, std::move(file));
    }
  }
  return Status::Ok();
}

}  // namespace hypergraph
