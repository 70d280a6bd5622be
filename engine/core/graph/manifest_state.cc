#include "core/graph/manifest_state.h"

#include <limits>
#include <set>

#include "core/graph/database_files.h"

namespace hypergraph {
namespace {

constexpr uint8_t kNoDeletions = 0;
constexpr uint8_t kHasDeletions = 1;
constexpr uint32_t kFirstSymbol = 1;

Status Corrupt(const std::string& what) { return {Code::kCorrupt, "MANIFEST: " + what}; }

// Of anything that names one file with what ties the manifest to it.
template <typename Info>
void PutFile(const Info& info, ByteWriter* out) {
  out->Put(info.file_id);
  out->Put(info.file_bytes);
  out->Put(info.footer_crc);
}
template <typename Info>
void GetFile(ByteReader* in, Info* info) {
  info->file_id = in->Get<uint64_t>();
  info->file_bytes = in->Get<uint64_t>();
  info->footer_crc = in->Get<uint32_t>();
}

// A count that the rest of the bytes could hold, so that it may decide an allocation.
uint32_t GetCount(ByteReader* in, size_t bytes_each) {
  const auto count = in->Get<uint32_t>();
  if (uint64_t{count} * bytes_each <= in->remaining()) return count;
  (void)in->GetBytes(std::numeric_limits<uint64_t>::max());  // Marks the reader as failed.
  return 0;
}

void PutSegment(const SegmentState& segment, ByteWriter* out) {
  out->Put(segment.table);
  PutFile(segment.segment, out);
  const SourceBounds& bounds = segment.segment.bounds;
  out->Put(bounds.row_count);
  out->Put(bounds.ts_min);
  out->Put(bounds.ts_max);
  out->Put(bounds.seq_min);
  out->Put(bounds.seq_max);
  out->Put(bounds.member_count);
  out->Put(segment.deletions ? kHasDeletions : kNoDeletions);
  if (segment.deletions) PutFile(*segment.deletions, out);
  out->Put(static_cast<uint32_t>(segment.indexes.size()));
  for (const PropertyIndexInfo& index : segment.indexes) {
    PutFile(index, out);
    out->Put(static_cast<uint32_t>(index.columns.size()));
    for (const ColumnRef& column : index.columns) {
      out->Put(column.kind);
      out->Put(column.property);
    }
  }
}

Status GetIndex(ByteReader* in, PropertyIndexInfo* index) {
  GetFile(in, index);
  const auto count = in->Get<uint32_t>();
  if (!in->ok() || count == 0 || count > kIndexColumnsMax) return Corrupt("columns of an index");
  for (uint32_t i = 0; i < count; ++i) {
    ColumnRef column;
    column.kind = in->Get<ColumnKind>();
    column.property = in->Get<PropertyIndex>();
    if (column.kind != ColumnKind::kLabel && column.kind != ColumnKind::kProperty) {
      return Corrupt("a column that no index can have");
    }
    index->columns.push_back(column);
  }
  return Status::Ok();
}

Status GetSegment(ByteReader* in, SegmentState* segment) {
  segment->table = in->Get<TableId>();
  GetFile(in, &segment->segment);
  SourceBounds& bounds = segment->segment.bounds;
  bounds.row_count = in->Get<uint32_t>();
  bounds.ts_min = in->Get<Micros>();
  bounds.ts_max = in->Get<Micros>();
  bounds.seq_min = in->Get<Seq>();
  bounds.seq_max = in->Get<Seq>();
  bounds.member_count = in->Get<uint64_t>();
  const auto has_deletions = in->Get<uint8_t>();
  if (has_deletions > kHasDeletions) return Corrupt("flags of a segment");
  if (has_deletions == kHasDeletions) GetFile(in, &segment->deletions.emplace());
  const uint32_t index_count = GetCount(in, 24);
  for (uint32_t i = 0; i < index_count; ++i) {
    HG_RETURN_IF_ERROR(GetIndex(in, &segment->indexes.emplace_back()));
  }
  if (!in->ok()) return Corrupt("ends within a segment");
  if (bounds.row_count == 0 || bounds.ts_min > bounds.ts_max || bounds.seq_min == kSeqNone ||
      bounds.seq_min > bounds.seq_max) {
    return Corrupt("bounds of a segment");
  }
  return Status::Ok();
}

void PutDictionary(const std::vector<DictionaryFileInfo>& files, ByteWriter* out) {
  out->Put(static_cast<uint32_t>(files.size()));
  for (const DictionaryFileInfo& file : files) {
    PutFile(file, out);
    out->Put(file.first_number);
    out->Put(file.key_count);
  }
}

Status GetDictionary(ByteReader* in, uint32_t first, std::vector<DictionaryFileInfo>* files) {
  const uint32_t count = GetCount(in, 28);
  uint64_t next = first;
  for (uint32_t i = 0; i < count; ++i) {
    DictionaryFileInfo& file = files->emplace_back();
    GetFile(in, &file);
    file.first_number = in->Get<uint32_t>();
    file.key_count = in->Get<uint32_t>();
    if (!in->ok() || file.first_number != next || file.key_count == 0) {
      return Corrupt("dictionary files do not follow each other");
    }
    next += file.key_count;
    if (next >= kNodeNone) return Corrupt("too many dictionary keys");
  }
  return in->ok() ? Status::Ok() : Corrupt("ends within the dictionaries");
}

void PutInstant(const CommitInstant& instant, ByteWriter* out) {
  out->Put(instant.seq);
  out->Put(instant.committed_at);
}
CommitInstant GetInstant(ByteReader* in) {
  CommitInstant instant;
  instant.seq = in->Get<Seq>();
  instant.committed_at = in->Get<Micros>();
  return instant;
}

Status GetClocks(ByteReader* in, std::vector<ClockFileInfo>* clocks) {
  const uint32_t count = GetCount(in, 60);
  CommitInstant before{kSeqNone, kMicrosMin};
  for (uint32_t i = 0; i < count; ++i) {
    ClockFileInfo& clock = clocks->emplace_back();
    GetFile(in, &clock);
    clock.first = GetInstant(in);
    clock.last = GetInstant(in);
    clock.count = in->Get<uint64_t>();
    if (!in->ok() || clock.count == 0 || clock.first.seq <= before.seq ||
        clock.last.seq < clock.first.seq || clock.first.committed_at < before.committed_at ||
        clock.last.committed_at < clock.first.committed_at) {
      return Corrupt("clock files do not follow each other");
    }
    before = clock.last;
  }
  return in->ok() ? Status::Ok() : Corrupt("ends within the clocks");
}

Status CheckWhole(const ManifestState& state) {
  if (state.flushed_seq > kSeqMax || state.history_floor > state.flushed_seq) {
    return Corrupt("sequence numbers");
  }
  if (!state.clocks.empty() && state.clocks.back().last.seq > state.flushed_seq) {
    return Corrupt("a clock is ahead");
  }
  for (const SegmentState& segment : state.segments) {
    if (segment.segment.bounds.seq_max > state.flushed_seq) return Corrupt("a segment is ahead");
    if (state.schema->Find(segment.table) == nullptr) return Corrupt("a segment without its table");
  }
  std::set<std::string> seen;
  for (const std::string& name : NamedFiles(state)) {
    if (!seen.insert(name).second) return Corrupt("names " + name + " twice");
    if (ParseName(name).number >= state.next_file_id) return Corrupt("a file id is ahead");
  }
  return Status::Ok();
}

}  // namespace

void EncodeManifest(const ManifestState& state, std::vector<uint8_t>* out) {
  ByteWriter writer;
  writer.Put(kManifestStateVersion);
  writer.PutBytes(state.database_uuid);
  writer.PutBytes(state.cursor_key);
  writer.Put(state.generation);
  writer.Put(state.next_file_id);
  writer.Put(state.flushed_seq);
  writer.Put(state.flushed_at);
  writer.Put(state.history_floor);
  writer.Put(state.log_floor);
  EncodeSchema(*state.schema, &writer);
  writer.Put(static_cast<uint32_t>(state.segments.size()));
  for (const SegmentState& segment : state.segments) PutSegment(segment, &writer);
  PutDictionary(state.nodes, &writer);
  PutDictionary(state.symbols, &writer);
  writer.Put(static_cast<uint32_t>(state.clocks.size()));
  for (const ClockFileInfo& clock : state.clocks) {
    PutFile(clock, &writer);
    PutInstant(clock.first, &writer);
    PutInstant(clock.last, &writer);
    writer.Put(clock.count);
  }
  writer.Put(static_cast<uint32_t>(state.obsolete.size()));
  for (const ObsoleteFile& file : state.obsolete) writer.PutText(file.name);
  *out = std::move(writer.bytes());
}

Status DecodeManifest(ByteView bytes, ManifestState* state) {
  *state = {};
  ByteReader in(bytes);
  const auto version = in.Get<uint32_t>();
  if (!in.ok()) return Corrupt("is empty");
  if (version > kManifestStateVersion) {
    return {Code::kNewerFormat, "a later version wrote this database (MANIFEST version " +
                                    std::to_string(version) + ")"};
  }
  if (version != kManifestStateVersion) return Corrupt("version");
  for (auto* key : {&state->database_uuid, &state->cursor_key}) {
    const ByteView stored = in.GetBytes(key->size());
    if (stored.size() == key->size()) std::memcpy(key->data(), stored.data(), key->size());
  }
  state->generation = in.Get<uint64_t>();
  state->next_file_id = in.Get<uint64_t>();
  state->flushed_seq = in.Get<Seq>();
  state->flushed_at = in.Get<Micros>();
  state->history_floor = in.Get<Seq>();
  state->log_floor = in.Get<uint64_t>();
  if (!in.ok()) return Corrupt("ends early");
  auto schema = std::make_shared<Schema>();
  HG_RETURN_IF_ERROR(DecodeSchema(&in, schema.get()));
  state->schema = std::move(schema);
  const uint32_t segment_count = GetCount(&in, 73);
  for (uint32_t i = 0; i < segment_count; ++i) {
    HG_RETURN_IF_ERROR(GetSegment(&in, &state->segments.emplace_back()));
  }
  HG_RETURN_IF_ERROR(GetDictionary(&in, 0, &state->nodes));
  HG_RETURN_IF_ERROR(GetDictionary(&in, kFirstSymbol, &state->symbols));
  HG_RETURN_IF_ERROR(GetClocks(&in, &state->clocks));
  const uint32_t obsolete_count = GetCount(&in, 4);
  for (uint32_t i = 0; i < obsolete_count; ++i) {
    const std::string_view name = in.GetText();
    // Opening removes these: nothing that is no file of ours may stand here.
    const NameKind kind = ParseName(name).kind;
    if (kind != NameKind::kImmutable && kind != NameKind::kLog) return Corrupt("obsolete files");
    state->obsolete.push_back({std::string(name)});
  }
  if (!in.ok() || !in.AtEnd()) return Corrupt("does not end where it should");
  return CheckWhole(*state);
}

std::vector<NamedFile> FilesOf(const ManifestState& state) {
  std::vector<NamedFile> files;
  const auto add = [&](std::string name, const auto& info) {
    files.push_back({std::move(name), info.file_bytes, info.footer_crc});
  };
  for (const SegmentState& segment : state.segments) {
    add(SegmentName(segment.segment.file_id), segment.segment);
    if (segment.deletions) add(DeletionsName(segment.deletions->file_id), *segment.deletions);
    for (const PropertyIndexInfo& index : segment.indexes) {
      add(PropertyIndexName(index.file_id), index);
    }
  }
  for (const auto* dictionary : {&state.nodes, &state.symbols}) {
    for (const DictionaryFileInfo& file : *dictionary) add(DictionaryName(file.file_id), file);
  }
  for (const ClockFileInfo& clock : state.clocks) add(ClockName(clock.file_id), clock);
  return files;
}

std::vector<std::string> NamedFiles(const ManifestState& state) {
  std::vector<std::string> names;
  for (NamedFile& file : FilesOf(state)) names.push_back(std::move(file.name));
  return names;
}

}  // namespace hypergraph
