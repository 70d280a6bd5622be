#include "core/graph/recovery.h"

#include <algorithm>

#include "core/graph/database_files.h"
#include "core/storage/manifest_file.h"

namespace hypergraph {
namespace {

Status OpenDictionary(FileSystem& files, const std::string& directory,
                      const std::vector<DictionaryFileInfo>& infos,
                      std::vector<std::shared_ptr<const DictionaryFile>>* opened) {
  for (const DictionaryFileInfo& info : infos) {
    auto file =
        DictionaryFile::Open(files, JoinPath(directory, DictionaryName(info.file_id)), info);
    if (!file.ok()) return file.status();
    opened->push_back(std::move(file.value()));
  }
  return Status::Ok();
}

Status OpenSegment(FileSystem& files, const std::string& directory, const ManifestState& manifest,
                   const SegmentState& state, OpenedFiles* opened) {
  const uint64_t file_id = state.segment.file_id;
  auto segment = Segment::Open(files, JoinPath(directory, SegmentName(file_id)), state.segment);
  if (!segment.ok()) return segment.status();
  HG_RETURN_IF_ERROR(CheckSegmentFits(manifest, state.table, **segment));
  if (state.deletions) {
    HG_RETURN_IF_ERROR(ReadDeletions(files,
                                     JoinPath(directory, DeletionsName(state.deletions->file_id)),
                                     *state.deletions, &(*segment)->deletions()));
  }
  for (const PropertyIndexInfo& info : state.indexes) {
    auto index =
        PropertyIndexFile::Open(files, JoinPath(directory, PropertyIndexName(info.file_id)), info);
    if (!index.ok()) return index.status();
    (*segment)->AttachIndex(index.value());
    opened->indexes.push_back(std::move(index.value()));
  }
  opened->persisted_marks[file_id] = (*segment)->deletions().count();
  opened->segments[state.table].push_back(std::move(segment.value()));
  return Status::Ok();
}

}  // namespace

Status CheckSegmentFits(const ManifestState& manifest, TableId table, const Segment& segment) {
  std::vector<PropertyType> types;
  for (const PropertySchema& property : manifest.schema->Find(table)->properties) {
    types.push_back(property.type);
  }
  uint64_t node_end = 0;
  for (const DictionaryFileInfo& info : manifest.nodes) node_end += info.key_count;
  return segment.CheckFits(types, node_end);
}

Status LoadManifest(FileSystem& files, const std::string& directory, ManifestState* state) {
  std::vector<uint8_t> content;
  HG_RETURN_IF_ERROR(ReadManifest(files, directory, &content));
  return DecodeManifest(content, state);
}

Status OpenFiles(FileSystem& files, const std::string& directory, const ManifestState& state,
                 OpenedFiles* opened) {
  *opened = {};
  for (const SegmentState& segment : state.segments) {
    HG_RETURN_IF_ERROR(OpenSegment(files, directory, state, segment, opened));
  }
  HG_RETURN_IF_ERROR(OpenDictionary(files, directory, state.nodes, &opened->nodes));
  HG_RETURN_IF_ERROR(OpenDictionary(files, directory, state.symbols, &opened->symbols));
  for (const ClockFileInfo& info : state.clocks) {
    auto clock = ClockFile::Open(files, JoinPath(directory, ClockName(info.file_id)), info);
    if (!clock.ok()) return clock.status();
    opened->clocks.push_back(std::move(clock.value()));
  }
  return Status::Ok();
}

Status MakeGraph(const ManifestState& state, const OpenedFiles& opened,
                 std::shared_ptr<GraphState>* graph) {
  RestoredState restored;
  restored.schema = state.schema;
  restored.nodes = std::make_unique<Dictionary>();
  restored.symbols = std::make_unique<Dictionary>(1);
  if (!opened.nodes.empty()) HG_RETURN_IF_ERROR(restored.nodes->Install(opened.nodes));
  if (!opened.symbols.empty()) HG_RETURN_IF_ERROR(restored.symbols->Install(opened.symbols));
  restored.segments = opened.segments;
  restored.last_seq = state.flushed_seq;
  restored.last_committed_at = state.flushed_at;
  *graph = std::make_shared<GraphState>();
  (*graph)->Restore(std::move(restored));
  return Status::Ok();
}

Status ListLogs(FileSystem& files, const std::string& directory, uint64_t floor,
                std::vector<uint64_t>* numbers) {
  StatusOr<std::vector<std::string>> names = files.List(directory);
  if (!names.ok()) return names.status();
  *numbers = LogsAmong(*names, floor);
  return Status::Ok();
}

std::vector<uint64_t> LogsAmong(const std::vector<std::string>& names, uint64_t floor) {
  std::vector<uint64_t> numbers;
  for (const std::string& name : names) {
    const ParsedName parsed = ParseName(name);
    if (parsed.kind == NameKind::kLog && parsed.number >= floor) numbers.push_back(parsed.number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Status LogReplay::Run(GraphState* graph, const std::vector<std::string>* names) {
  std::vector<uint64_t> numbers;
  if (names != nullptr) {
    numbers = LogsAmong(*names, log_floor_);
  } else {
    HG_RETURN_IF_ERROR(ListLogs(files_, directory_, log_floor_, &numbers));
  }
  if (log_floor_ != 0 && (numbers.empty() || numbers.front() != log_floor_)) {
    return {Code::kNotFound, "there is no " + JoinPath(directory_, LogName(log_floor_))};
  }
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] < reached_) continue;
    HG_RETURN_IF_ERROR(ReadLog(numbers[i], std::span(numbers).subspan(i + 1), graph));
    const bool torn = ended_.torn_bytes != 0 && ended_.offset != 0;
    if (ended_.damaged || torn) break;
  }
  return Status::Ok();
}

Status LogReplay::AreUnused(std::span<const uint64_t> numbers, bool* unused) const {
  *unused = true;
  for (size_t i = 0; i < numbers.size() && *unused; ++i) {
    WalHeader expected;
    expected.log_number = numbers[i];
    expected.database = database_;
    expected.first_seq = kSeqNone;  // Whichever it has.
    auto reader = WalReader::Open(files_, JoinPath(directory_, LogName(numbers[i])), expected,
                                  kPayloadBytesMax);
    if (!reader.ok()) return reader.status();
    WalFrame frame;
    bool found = false;
    HG_RETURN_IF_ERROR((*reader)->Next(&frame, &found));
    const bool is_empty = !found && (*reader)->end() == WalEnd::kClean;
    const bool has_no_header = (*reader)->end() == WalEnd::kTorn && (*reader)->end_offset() == 0;
    // What came before a log was durable when it was made.
    *unused = has_no_header || (is_empty && (*reader)->header().first_seq <= last_seq_ + 1);
  }
  return Status::Ok();
}

Status LogReplay::ReadLog(uint64_t number, std::span<const uint64_t> later, GraphState* graph) {
  WalHeader expected;
  expected.log_number = number;
  expected.database = database_;
  // A log read before is read again from its beginning, past the commits applied then.
  const bool again = number == reached_;
  expected.first_seq = again ? ended_.header.first_seq : last_seq_ + 1;
  auto reader =
      WalReader::Open(files_, JoinPath(directory_, LogName(number)), expected, kPayloadBytesMax);
  if (!reader.ok()) return reader.status();
  HG_RETURN_IF_ERROR(ApplyFrames(reader->get(), graph));
  const uint64_t offset = (*reader)->end_offset();
  const bool torn = (*reader)->end() == WalEnd::kTorn;
  // Every log but the newest in use was synced whole before the next one was made, unless not even
  // its making succeeded; and the floor log was made before the MANIFEST named it.
  bool is_newest = later.empty();
  if (torn && offset != 0 && !is_newest) HG_RETURN_IF_ERROR(AreUnused(later, &is_newest));
  const bool must_be_whole = offset != 0 ? !is_newest : number == log_floor_;
  if ((*reader)->end() == WalEnd::kDamaged || (torn && must_be_whole)) {
    SetDamaged(number, offset, (*reader)->reason());
    return Status::Ok();
  }
  // A log without a whole header holds nothing yet.
  if (offset != 0) reached_ = number;
  log_bytes_[number] = offset;
  ended_ = {};
  ended_.log_number = number;
  ended_.header = (*reader)->header();
  ended_.offset = offset;
  ended_.torn_bytes = torn ? (*reader)->torn_bytes() : 0;
  return Status::Ok();
}

Status LogReplay::ApplyFrames(WalReader* reader, GraphState* graph) {
  WalFrame frame;
  while (true) {
    bool found = false;
    HG_RETURN_IF_ERROR(reader->Next(&frame, &found));
    if (!found) return Status::Ok();
    if (frame.last_seq <= last_seq_) continue;
    if (frame.type != kCommitFrame) {
      return {Code::kNewerFormat, "the log has a frame of type " + std::to_string(frame.type) +
                                      " at offset " + std::to_string(frame.offset)};
    }
    const Status applied = graph->Apply(frame.payload);
    if (!applied.ok()) {
      return {applied.code(),
              "commit " + std::to_string(frame.last_seq) + " of the log: " + applied.message()};
    }
    last_seq_ = frame.last_seq;
    ++commits_;
  }
}

void LogReplay::SetDamaged(uint64_t number, uint64_t offset, std::string reason) {
  log_bytes_[number] = offset;
  ended_ = {};
  ended_.log_number = number;
  ended_.offset = offset;
  ended_.damaged = true;
  ended_.damaged_file = LogName(number);
  ended_.reason = std::move(reason);
}

}  // namespace hypergraph
