// Any bytes in the sections of a segment, under right checksums: refused, or every read is an
// answer or an error.
//
//   sections (support/sections.h); what the manifest knows of the segment is read from its meta
#include "core/index/segment.h"

#include "core/index/random_records.h"
#include "core/index/segment_format.h"
#include "test/fuzz/support/ask_all.h"
#include "test/fuzz/support/sections.h"

namespace hypergraph::fuzz {
namespace {

constexpr uint64_t kFileId = 7;
constexpr PropertyIndex kProperties = 10;
constexpr NodeNumber kNodes = 40;
constexpr char kPath[] = "seg";

SourceBounds BoundsOf(const Sections& sections) {
  SourceBounds bounds;
  const auto meta = sections.find(SectionId(SegmentSection::kMeta));
  if (meta == sections.end()) return bounds;
  ByteReader in(meta->second);
  (void)in.Get<uint32_t>();
  bounds.row_count = in.Get<uint32_t>();
  bounds.ts_min = in.Get<Micros>();
  bounds.ts_max = in.Get<Micros>();
  bounds.seq_min = in.Get<Seq>();
  bounds.seq_max = in.Get<Seq>();
  bounds.member_count = in.Get<uint64_t>();
  return bounds;
}

// What the manifest's reader would have refused.
bool Plausible(const SourceBounds& bounds) {
  return bounds.row_count != 0 && bounds.ts_min <= bounds.ts_max && bounds.seq_min != kSeqNone &&
         bounds.seq_min <= bounds.seq_max && bounds.seq_max <= kSeqMax;
}

Bytes Seed(const RecordColumns& records) {
  MemoryFileSystem files;
  SegmentInfo info;
  FUZZ_CHECK_OK(WriteSegment(files, kPath, kFileId, records, &info));
  ByteWriter seed;
  PutSections(
      SectionsOf(files, kPath, FileKind::kSegment, kFileId, {info.file_bytes, info.footer_crc}),
      &seed);
  return seed.bytes();
}

}  // namespace

void RunInput(ByteView input) {
  ByteReader in(input);
  const Sections sections = ReadSections(&in);
  SegmentInfo info;
  info.file_id = kFileId;
  info.bounds = BoundsOf(sections);
  if (!Plausible(info.bounds)) return;
  MemoryFileSystem files;
  files.StopRecording();
  const SectionFileInfo written =
      WriteSections(files, kPath, FileKind::kSegment, kFileId, sections);
  info.file_bytes = written.file_bytes;
  info.footer_crc = written.footer_crc;
  auto segment = Segment::Open(files, kPath, info);
  if (!segment.ok()) return;
  AskAll(**segment, kProperties, kNodes);
  std::vector<uint32_t> counts(kNodes);
  const uint32_t row_count = info.bounds.row_count;
  const Rows some = Rows::Range(0, std::min(row_count, 64u));
  (void)(*segment)->CountMembers(some, counts);
  RecordColumns read;
  (void)Tolerate((*segment)->Read(0, some.size(), &read));
  // Reads all there is, which forged columns without bits can make very much.
  if (row_count <= 4096) (void)Tolerate((*segment)->Verify());
}

std::vector<Bytes> MakeSeeds() {
  std::vector<Bytes> seeds;
  for (const uint32_t rows : {1u, 5u, 40u, 90u}) {
    for (const bool optional_columns : {false, true}) {
      Random random(rows);
      test::RecordShape shape;
      shape.rows = rows;
      shape.nodes = 20;
      shape.arity_max = 4;
      shape.optional_columns = optional_columns;
      shape.shuffled_seqs = rows % 2 == 0;
      shape.node_step = rows == 90 ? 3 : 1;
      seeds.push_back(Seed(test::RecordMaker(&random, shape).Make()));
    }
  }
  return seeds;
}

}  // namespace hypergraph::fuzz
