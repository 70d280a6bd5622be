#include <algorithm>

#include "core/base/run_both.h"
#include "core/graph/database_core.h"
#include "core/graph/database_files.h"
#include "core/graph/merge_columns.h"

namespace hypergraph {
namespace {

// A file joins the new keys in one file unless it is this much larger: the count of files stays
// logarithmic, and so does how often a key is written again.
constexpr uint64_t kJoinFactor = 2;
constexpr uint64_t kClockJoinCountMax = uint64_t{1} << 22;
// A thread costs as much as some hundred records.
constexpr uint64_t kBesideRecords = 16384;

bool HasMany(const FrozenState& frozen) {
  uint64_t records = 0;
  for (const auto& [table, memtable] : frozen.tables) records += memtable->row_count();
  return records >= kBesideRecords;
}

// Marks later than `up_to` stay out of files: see the invariant of ManifestState.
void DropLaterMarks(Seq up_to, RecordColumns* records) {
  bool any = false;
  for (Seq& mark : records->superseded_by) {
    if (mark > up_to) mark = kSeqNone;
    any |= mark != kSeqNone;
  }
  if (!any) records->superseded_by.clear();
}

}  // namespace

Status DatabaseCore::Flush() {
  const std::lock_guard<std::mutex> maintenance(maintenance_mutex_);
  HG_RETURN_IF_ERROR(RefuseWrites());
  HG_RETURN_IF_ERROR(FlushNow());
  RemoveObsolete();
  return Status::Ok();
}

Status DatabaseCore::FlushNow() {
  Status status;
  // Twice: what was frozen before, then what came since.
  for (int round = 0; round < 2 && status.ok(); ++round) {
    std::shared_ptr<const FrozenState> frozen;
    {
      const std::lock_guard<std::mutex> writer(writer_mutex_);
      HG_RETURN_IF_ERROR(poison_);
      frozen = graph_->frozen();
      if (frozen == nullptr) {
        if (graph_->last_seq() == version_->state.flushed_seq) return Status::Ok();
        status = FreezeNow();
        frozen = graph_->frozen();
        round = 1;
      }
    }
    if (status.ok()) status = FlushFrozen(std::move(frozen));
    EndFlushAttempt(status);
  }
  return status;
}

void DatabaseCore::EndFlushAttempt(const Status& status) {
  {
    const std::lock_guard<std::mutex> writer(writer_mutex_);
    ++flush_attempts_;
    flush_failure_ = status;
    payload_ = {};
  }
  room_.notify_all();
}

Status DatabaseCore::FlushFrozen(std::shared_ptr<const FrozenState> frozen) {
  Change change;
  HG_RETURN_IF_ERROR(StartChange(&change));
  FlushFiles made;
  Status status = WriteFrozen(*frozen, &change, &made);
  if (status.ok()) status = SaveChange(&change);
  if (!status.ok()) {
    AbandonChange(change);
    return status;
  }
  std::vector<uint64_t> logs_done;
  {
    const std::lock_guard<std::mutex> writer(writer_mutex_);
    Status installed;
    FinishChange(&change, [&] {
      if (made.nodes_changed) installed = graph_->nodes().Install(made.nodes);
      if (installed.ok() && made.symbols_changed) {
        installed = graph_->symbols().Install(made.symbols);
      }
      graph_->InstallFlush(made.tables);
    });
    if (!installed.ok()) return Poison(installed);
    const uint64_t floor = version_->state.log_floor;
    for (auto log = older_logs_.begin(); log != older_logs_.end() && log->first < floor;) {
      logs_done.push_back(log->first);
      log = older_logs_.erase(log);
    }
  }
  flushes_.fetch_add(1, std::memory_order_relaxed);
  const auto remove_logs = [&] {
    // What stays of them is removed by the next opening.
    for (const uint64_t number : logs_done) (void)files_.Remove(PathOf(LogName(number)));
  };
  // To give memory back takes the system as long as to remove a file of that size.
  if (HasMany(*frozen)) {
    RunBoth(remove_logs, [&] { frozen.reset(); });
  } else {
    remove_logs();
  }
  return Status::Ok();
}

Status DatabaseCore::WriteFrozen(const FrozenState& frozen, Change* change, FlushFiles* made) {
  ManifestState& state = change->state;
  std::erase_if(state.segments, [&](const SegmentState& segment) {
    return frozen.schema->Find(segment.table) == nullptr;
  });
  // The others mostly wait for the disk.
  Change others;
  others.state.nodes = std::move(state.nodes);
  others.state.symbols = std::move(state.symbols);
  others.state.clocks = std::move(state.clocks);
  others.clocks = std::move(change->clocks);
  Status of_tables, of_others;
  if (HasMany(frozen)) {
    RunBoth([&] { of_others = WriteOthers(frozen, &others, made); },
            [&] { of_tables = WriteTables(frozen, change, made); });
  } else {
    of_tables = WriteTables(frozen, change, made);
    if (of_tables.ok()) of_others = WriteOthers(frozen, &others, made);
  }
  change->made.insert(change->made.end(), others.made.begin(), others.made.end());
  HG_RETURN_IF_ERROR(of_tables);
  HG_RETURN_IF_ERROR(of_others);
  state.nodes = std::move(others.state.nodes);
  state.symbols = std::move(others.state.symbols);
  state.clocks = std::move(others.state.clocks);
  change->clocks = std::move(others.clocks);
  state.schema = frozen.schema;
  state.flushed_seq = frozen.last_seq;
  if (!frozen.instants.empty()) state.flushed_at = frozen.instants.back().committed_at;
  const std::lock_guard<std::mutex> writer(writer_mutex_);
  state.log_floor = frozen_log_;
  return Status::Ok();
}

Status DatabaseCore::WriteTables(const FrozenState& frozen, Change* change, FlushFiles* made) {
  for (const auto& [table, memtable] : frozen.tables) {
    HG_RETURN_IF_ERROR(WriteTable(table, *memtable, frozen, change, &made->tables[table]));
  }
  return WriteMarks(frozen.last_seq, change);
}

Status DatabaseCore::WriteOthers(const FrozenState& frozen, Change* change, FlushFiles* made) {
  ManifestState& state = change->state;
  made->nodes = graph_->nodes().files();
  HG_RETURN_IF_ERROR(WriteDictionary(graph_->nodes(), frozen.nodes_end, &state.nodes, change,
                                     &made->nodes, &made->nodes_changed));
  made->symbols = graph_->symbols().files();
  HG_RETURN_IF_ERROR(WriteDictionary(graph_->symbols(), frozen.symbols_end, &state.symbols, change,
                                     &made->symbols, &made->symbols_changed));
  return WriteClock(frozen, change);
}

Status DatabaseCore::WriteTable(TableId table, const Memtable& memtable, const FrozenState& frozen,
                                Change* change, FlushedTable* flushed) {
  const TableSchema* schema = frozen.schema->Find(table);
  if (schema == nullptr) return {Code::kCorrupt, "frozen records of an unknown table"};
  RecordColumns records;
  memtable.SortedRecords(&records, &flushed->row_to_rank);
  DropLaterMarks(frozen.last_seq, &records);
  const Horizon horizon = HorizonOf(table, *frozen.schema, frozen.last_seq);
  const auto is_kept = [&](uint32_t rank) {
    const Seq mark = records.superseded_by.empty() ? kSeqNone : records.superseded_by[rank];
    if (records.event_ts[rank] < horizon.expired_before) return false;
    if (mark == kSeqNone || mark > horizon.seq) return true;
    change->state.history_floor = std::max(change->state.history_floor, mark);
    return false;
  };
  const bool may_drop = !records.superseded_by.empty() || horizon.expired_before != kMicrosMin;
  if (!may_drop && records.record_count <= options_.segment_records_max) {
    return WriteOutput(*schema, records, change, &flushed->outputs.emplace_back());
  }
  RecordAppender appender;
  std::vector<uint32_t> new_rank(records.record_count, kRowDropped);
  uint32_t kept_count = 0;
  for (uint32_t rank = 0; rank < records.record_count; ++rank) {
    if (is_kept(rank)) {
      new_rank[rank] = kept_count++;
      appender.Append(records, {rank, 1},
                      records.superseded_by.empty() ? kSeqNone : records.superseded_by[rank]);
    }
    const bool full = appender.record_count() == options_.segment_records_max;
    const bool last = rank + 1 == records.record_count;
    if (appender.record_count() > 0 && (full || last)) {
      HG_RETURN_IF_ERROR(
          WriteOutput(*schema, appender.Take(), change, &flushed->outputs.emplace_back()));
    }
  }
  for (uint32_t& rank : flushed->row_to_rank) {
    if (rank != kRowDropped) rank = new_rank[rank];
  }
  return Status::Ok();
}

Status DatabaseCore::WriteOutput(const TableSchema& table, const RecordColumns& records,
                                 Change* change, std::shared_ptr<Segment>* segment) {
  SegmentState& made = change->state.segments.emplace_back();
  made.table = table.id;
  const uint64_t file_id = NextFileId();
  change->made.push_back(SegmentName(file_id));
  const std::string path = PathOf(change->made.back());
  HG_RETURN_IF_ERROR(WriteSegment(files_, path, file_id, records, &made.segment));
  auto opened = Segment::Open(files_, path, made.segment);
  if (!opened.ok()) return opened.status();
  *segment = std::move(opened.value());
  HG_RETURN_IF_ERROR(WriteFirstMarks(records, segment->get(), &made, change));
  for (const IndexSchema& index : table.indexes) {
    PropertyIndexInfo info;
    std::shared_ptr<const PropertyIndexFile> file;
    HG_RETURN_IF_ERROR(WriteIndex(**segment, index.columns, change, &info, &file));
    (*segment)->AttachIndex(std::move(file));
    made.indexes.push_back(std::move(info));
  }
  return Status::Ok();
}

Status DatabaseCore::WriteFirstMarks(const RecordColumns& records, Segment* segment,
                                     SegmentState* state, Change* change) {
  for (uint32_t row = 0; row < records.superseded_by.size(); ++row) {
    const Seq mark = records.superseded_by[row];
    if (mark != kSeqNone) segment->deletions().Add(row, mark);
  }
  const auto marks = segment->deletions().Sorted();
  change->persisted_marks[segment->info().file_id] = static_cast<uint32_t>(marks.size());
  if (marks.empty()) return Status::Ok();
  const uint64_t file_id = NextFileId();
  change->made.push_back(DeletionsName(file_id));
  return WriteDeletions(files_, PathOf(change->made.back()), file_id, marks,
                        &state->deletions.emplace());
}

Status DatabaseCore::WriteIndex(const Segment& segment, const std::vector<ColumnRef>& columns,
                                Change* change, PropertyIndexInfo* info,
                                std::shared_ptr<const PropertyIndexFile>* file) {
  const uint64_t file_id = NextFileId();
  change->made.push_back(PropertyIndexName(file_id));
  const std::string path = PathOf(change->made.back());
  HG_RETURN_IF_ERROR(WritePropertyIndex(files_, path, file_id, segment, columns, info));
  auto opened = PropertyIndexFile::Open(files_, path, *info);
  if (!opened.ok()) return opened.status();
  *file = std::move(opened.value());
  return Status::Ok();
}

Status DatabaseCore::WriteDictionary(const Dictionary& dictionary, uint32_t end,
                                     std::vector<DictionaryFileInfo>* infos, Change* change,
                                     std::vector<std::shared_ptr<const DictionaryFile>>* all,
                                     bool* changed) {
  const uint32_t first_ever = &dictionary == &graph_->symbols() ? 1 : 0;
  uint32_t first =
      infos->empty() ? first_ever : infos->back().first_number + infos->back().key_count;
  if (first >= end) return Status::Ok();
  while (!infos->empty() && infos->back().key_count <= kJoinFactor * (end - first)) {
    first = infos->back().first_number;
    infos->pop_back();
    all->pop_back();
  }
  const uint64_t file_id = NextFileId();
  change->made.push_back(DictionaryName(file_id));
  const std::string path = PathOf(change->made.back());
  DictionaryFileInfo info;
  HG_RETURN_IF_ERROR(dictionary.WriteFile(files_, path, file_id, first, end, &info));
  auto opened = DictionaryFile::Open(files_, path, info);
  if (!opened.ok()) return opened.status();
  infos->push_back(info);
  all->push_back(std::move(opened.value()));
  *changed = true;
  return Status::Ok();
}

Status DatabaseCore::WriteClock(const FrozenState& frozen, Change* change) {
  if (frozen.instants.empty()) return Status::Ok();
  std::vector<ClockFileInfo>& infos = change->state.clocks;
  uint64_t count = frozen.instants.size();
  size_t kept = infos.size();
  while (kept > 0 && infos[kept - 1].count <= kJoinFactor * count &&
         infos[kept - 1].count + count <= kClockJoinCountMax) {
    count += infos[--kept].count;
  }
  std::vector<CommitInstant> instants;
  for (size_t i = kept; i < infos.size(); ++i) {
    HG_RETURN_IF_ERROR(change->clocks[i]->ReadAll(&instants));
  }
  instants.insert(instants.end(), frozen.instants.begin(), frozen.instants.end());
  infos.resize(kept);
  change->clocks.resize(kept);
  const uint64_t file_id = NextFileId();
  change->made.push_back(ClockName(file_id));
  const std::string path = PathOf(change->made.back());
  HG_RETURN_IF_ERROR(WriteClockFile(files_, path, file_id, instants, &infos.emplace_back()));
  auto opened = ClockFile::Open(files_, path, infos.back());
  if (!opened.ok()) return opened.status();
  change->clocks.push_back(std::move(opened.value()));
  return Status::Ok();
}

Status DatabaseCore::WriteMarks(Seq up_to, Change* change) {
  std::map<uint64_t, std::shared_ptr<Segment>> segments;
  {
    const std::lock_guard<std::mutex> writer(writer_mutex_);
    for (const SegmentState& state : change->state.segments) {
      for (auto& segment : graph_->segments(state.table)) {
        segments[segment->info().file_id] = std::move(segment);
      }
    }
  }
  for (SegmentState& state : change->state.segments) {
    const auto segment = segments.find(state.segment.file_id);
    if (segment == segments.end()) continue;  // Made by this flush, or its table is dropped.
    const uint64_t segment_id = state.segment.file_id;
    if (segment->second->deletions().count() == persisted_marks_[segment_id]) continue;
    auto marks = segment->second->deletions().Sorted();
    std::erase_if(marks, [&](const auto& mark) { return mark.second > up_to; });
    if (marks.size() == persisted_marks_[segment_id]) continue;
    const uint64_t file_id = NextFileId();
    change->made.push_back(DeletionsName(file_id));
    HG_RETURN_IF_ERROR(WriteDeletions(files_, PathOf(change->made.back()), file_id, marks,
                                      &state.deletions.emplace()));
    change->persisted_marks[segment_id] = static_cast<uint32_t>(marks.size());
  }
  return Status::Ok();
}

}  // namespace hypergraph
