// Any bytes in the sections of a property index, under right checksums, on a valid segment:
// refused, or every lookup names rows that exist.
//
//   u8: which columns the manifest says it has, then sections (support/sections.h)
#include "core/index/property_index.h"

#include "core/index/random_records.h"
#include "test/fuzz/support/ask_all.h"
#include "test/fuzz/support/sections.h"

namespace hypergraph::fuzz {
namespace {

constexpr uint64_t kSegmentId = 7, kIndexId = 8;
constexpr char kSegmentPath[] = "seg", kIndexPath[] = "psi";

const std::vector<std::vector<ColumnRef>>& ColumnChoices() {
  static const std::vector<std::vector<ColumnRef>> choices = {
      {{ColumnKind::kProperty, 1}},
      {{ColumnKind::kProperty, 8}},
      {{ColumnKind::kLabel, 0}, {ColumnKind::kProperty, 4}},
      {{ColumnKind::kProperty, 0}, {ColumnKind::kProperty, 9}},
      {{ColumnKind::kProperty, 77}}};
  return choices;
}

struct Valid {
  Valid() {
    Random random(3);
    test::RecordShape shape;
    shape.rows = 60;
    shape.nodes = 20;
    shape.arity_max = 3;
    const RecordColumns records = test::RecordMaker(&random, shape).Make();
    FUZZ_CHECK_OK(WriteSegment(files, kSegmentPath, kSegmentId, records, &info));
  }
  std::shared_ptr<Segment> Open() {
    auto segment = Segment::Open(files, kSegmentPath, info);
    FUZZ_CHECK_OK(segment.status());
    return std::move(segment).value();
  }
  MemoryFileSystem files;
  SegmentInfo info;
};

Valid& TheSegment() {
  static Valid valid;
  return valid;
}

void Probe(const Segment& segment, const IndexProbe& probe) {
  uint32_t estimate = 0;
  if (!segment.EstimateIndex(probe, &estimate)) return;
  std::vector<uint32_t> rows;
  if (!Tolerate(segment.RowsByIndex(probe, {}, &rows))) return;
  for (const uint32_t row : rows) FUZZ_CHECK(row < segment.bounds().row_count);
  ReadColumns(segment, Rows::List(rows), 10);
  rows.clear();
  (void)Tolerate(segment.RowsByIndex(probe, {-100, 100}, &rows));
}

}  // namespace

void RunInput(ByteView input) {
  ByteReader in(input);
  PropertyIndexInfo info;
  info.file_id = kIndexId;
  info.columns = ColumnChoices()[in.Get<uint8_t>() % ColumnChoices().size()];
  MemoryFileSystem files;
  files.StopRecording();
  const SectionFileInfo written =
      WriteSections(files, kIndexPath, FileKind::kPropertyIndex, kIndexId, ReadSections(&in));
  info.file_bytes = written.file_bytes;
  info.footer_crc = written.footer_crc;
  auto index = PropertyIndexFile::Open(files, kIndexPath, info);
  if (!index.ok()) return;
  const std::shared_ptr<Segment> segment = TheSegment().Open();
  segment->AttachIndex(*index);
  const std::vector<Value> values = {Value(int64_t{1}), Value(-3.5), Value(std::string("t5"))};
  for (const Value& first : values) {
    IndexProbe probe;
    probe.columns = info.columns;
    if (info.columns.size() == 2) probe.equals = {first};
    Probe(*segment, probe);
    for (const Value& bound : values) {
      probe.low = bound;
      probe.high.reset();
      Probe(*segment, probe);
      probe.high = bound;
      Probe(*segment, probe);
    }
  }
  (void)Tolerate((*index)->Verify());
}

std::vector<Bytes> MakeSeeds() {
  std::vector<Bytes> seeds;
  const std::shared_ptr<Segment> segment = TheSegment().Open();
  for (size_t choice = 0; choice < ColumnChoices().size(); ++choice) {
    MemoryFileSystem files;
    PropertyIndexInfo info;
    FUZZ_CHECK_OK(
        WritePropertyIndex(files, kIndexPath, kIndexId, *segment, ColumnChoices()[choice], &info));
    ByteWriter seed;
    seed.Put(static_cast<uint8_t>(choice));
    PutSections(SectionsOf(files, kIndexPath, FileKind::kPropertyIndex, kIndexId,
                           {info.file_bytes, info.footer_crc}),
                &seed);
    seeds.push_back(seed.bytes());
  }
  return seeds;
}

}  // namespace hypergraph::fuzz
