// Indexes, deletions, dictionaries and clocks of any contents under right checksums: each is
// refused, or every answer lies within what the file says it holds.
#include "core/index/dictionary.h"
#include "core/index/forged_test_file.h"
#include "core/index/random_records.h"
#include "core/index/segment.h"
#include "core/storage/column_codes.h"
#include "test/test.h"

namespace hypergraph {

using test::BytesOf;
using test::CheckRows;
using test::Forger;
using test::IsSoundOrCorrupt;
using test::kForgedFileId;
using test::kForgedMeta;
using test::kForgedPath;
using test::RecordMaker;
using test::RecordShape;

TEST(Forged_property_indexes_are_refused_or_answer_within_their_segment) {
  Random random(test::Seed());
  RecordShape shape;
  shape.rows = 3000;
  const RecordColumns records = RecordMaker(&random, shape).Make();
  MemoryFileSystem files;
  SegmentInfo segment_info;
  CHECK_OK(WriteSegment(files, "segment", 3, records, &segment_info));
  auto segment = Segment::Open(files, "segment", segment_info);
  CHECK_OK(segment);
  const std::vector<ColumnRef> columns = {{ColumnKind::kProperty, 7}, {ColumnKind::kProperty, 8}};
  PropertyIndexInfo info;
  CHECK_OK(WritePropertyIndex(files, kForgedPath, kForgedFileId, **segment, columns, &info));
  Forger forger(BytesOf(files), FileKind::kPropertyIndex, {info.file_bytes, info.footer_crc});
  for (int i = 0; i < 300; ++i) {
    forger.Reset();
    forger.Change(&random);
    info.footer_crc = forger.Write(&files).footer_crc;
    auto index = PropertyIndexFile::Open(files, kForgedPath, info);
    if (!index.ok()) continue;
    (*segment)->AttachIndex(*index);
    for (const bool bounded : {false, true}) {
      IndexProbe probe{columns, {Value(0.0)}, std::nullopt, std::nullopt};
      if (bounded) probe.low = probe.high = Value(std::string("t7"));
      uint32_t estimate = 0;
      std::vector<uint32_t> rows;
      if (!(*segment)->EstimateIndex(probe, &estimate)) continue;
      CHECK_LE(estimate, segment_info.bounds.row_count);
      if ((*segment)->RowsByIndex(probe, {}, &rows).ok()) CheckRows(**segment, rows);
    }
    (*segment)->DetachIndex(kForgedFileId);
    const Status verified = (*index)->Verify();
    CHECK(IsSoundOrCorrupt(verified));
  }
}

TEST(An_index_of_ranks_of_more_than_32_bits_is_corrupt) {
  MemoryFileSystem files;
  PropertyIndexInfo info;
  info.file_id = kForgedFileId;
  info.columns = {{ColumnKind::kLabel, 0}};
  auto file =
      SectionFileWriter::Create(files, kForgedPath, FileKind::kPropertyIndex, kForgedFileId);
  CHECK_OK(file);
  ByteWriter meta;
  meta.Put(uint32_t{1});
  meta.Put(uint64_t{3});
  meta.Put(uint32_t{500});
  meta.Put(uint32_t{1});
  meta.Put(ColumnKind::kLabel);
  meta.Put(PropertyIndex{0});
  ByteWriter section;
  std::vector<uint64_t> ranks(500, 5);
  ranks[3] = uint64_t{1} << 40;
  PackedArray::Write(std::span<const uint64_t>(ranks), &section, &meta);
  (*file)->Add(2, section.view());
  (*file)->Add(kForgedMeta, meta.view());
  SectionFileInfo written;
  CHECK_OK((*file)->Finish(&written));
  info.file_bytes = written.file_bytes;
  info.footer_crc = written.footer_crc;
  CHECK_CODE(PropertyIndexFile::Open(files, kForgedPath, info), Code::kCorrupt);
}

namespace {

// A deletions file of two columns as they are described, without a byte of values.
Status ReadForgedDeletions(uint64_t count, uint64_t seq) {
  MemoryFileSystem files;
  auto file = SectionFileWriter::Create(files, kForgedPath, FileKind::kDeletions, kForgedFileId);
  CHECK_OK(file);
  ByteWriter meta;
  meta.Put(uint32_t{1});
  for (int column = 0; column < 2; ++column) {
    meta.Put(CodeLayout::kWhole);
    meta.Put(count);
    meta.Put(seq);
    meta.Put(uint64_t{0});
    meta.Put(count);
    meta.Put(uint8_t{0});  // No bits a value.
  }
  (*file)->Add(2, std::vector<uint8_t>(kPackedPadding));
  (*file)->Add(kForgedMeta, meta.view());
  SectionFileInfo written;
  CHECK_OK((*file)->Finish(&written));
  Deletions deletions(100);
  return ReadDeletions(files, kForgedPath, {kForgedFileId, written.file_bytes, written.footer_crc},
                       &deletions);
}

}  // namespace

TEST(Deletions_of_more_rows_than_the_segment_has_are_corrupt) {
  CHECK_CODE(ReadForgedDeletions(uint64_t{1} << 62, 0), Code::kCorrupt);
  CHECK_CODE(ReadForgedDeletions(uint64_t{1} << 31, 0), Code::kCorrupt);
  CHECK_CODE(ReadForgedDeletions(101, 0), Code::kCorrupt);
  CHECK_CODE(ReadForgedDeletions(50, 0), Code::kCorrupt);  // All of one row, by no seq.
  CHECK_OK(ReadForgedDeletions(0, 0));
}

TEST(Forged_deletions_are_refused_or_of_rows_of_the_segment) {
  Random random(test::Seed());
  std::vector<std::pair<uint32_t, Seq>> marks;
  for (uint32_t row = 0; row < 5000; row += 1 + static_cast<uint32_t>(random.Below(20))) {
    marks.emplace_back(row, 1 + random.Below(kSeqMax));
  }
  MemoryFileSystem files;
  DeletionsInfo info;
  CHECK_OK(WriteDeletions(files, kForgedPath, kForgedFileId, marks, &info));
  Forger forger(BytesOf(files), FileKind::kDeletions, {info.file_bytes, info.footer_crc});
  for (int i = 0; i < 400; ++i) {
    forger.Reset();
    if (i > 0) forger.Change(&random);
    info.footer_crc = forger.Write(&files).footer_crc;
    Deletions deletions(5000);
    const Status read = ReadDeletions(files, kForgedPath, info, &deletions);
    CHECK(IsSoundOrCorrupt(read));
    for (const auto& [row, seq] : deletions.Sorted()) {
      CHECK_LT(row, 5000u);
      CHECK(seq != kSeqNone && seq <= kSeqMax);
    }
    if (i == 0) CHECK_EQ(deletions.Sorted(), marks);
  }
}

TEST(Forged_dictionaries_are_refused_or_answer_with_what_they_hold) {
  Random random(test::Seed());
  for (const bool with_texts : {false, true}) {
    for (const uint64_t step : {uint64_t{1}, uint64_t{1000}}) {
      MemoryFileSystem files;
      Dictionary dictionary;
      uint32_t number = 0;
      bool fresh = false;
      for (uint64_t i = 0; i < 1500; ++i) {
        const std::string text = "node " + std::to_string(i);
        const bool is_text = with_texts && i % 3 != 0;
        CHECK_OK(dictionary.Intern({is_text, i * step, is_text ? text : std::string_view()},
                                   &number, &fresh));
      }
      DictionaryFileInfo info;
      CHECK_OK(dictionary.WriteFile(files, kForgedPath, kForgedFileId, 0, dictionary.end(), &info));
      Forger forger(BytesOf(files), FileKind::kDictionary, {info.file_bytes, info.footer_crc});
      for (int i = 0; i < 100; ++i) {
        forger.Reset();
        forger.Change(&random);
        info.footer_crc = forger.Write(&files).footer_crc;
        auto file = DictionaryFile::Open(files, kForgedPath, info);
        if (!file.ok()) continue;
        size_t bytes = 0;
        for (uint32_t k = 0; k < 1500; k += 7) {
          NodeKey key;
          std::optional<uint32_t> found;
          if ((*file)->KeyOf(k, &key).ok()) bytes += std::string(key.text).size();
          if ((*file)->Find({false, k * step, {}}, &found).ok() && found) CHECK_LT(*found, 1500u);
          const std::string text = "node " + std::to_string(k);
          if ((*file)->Find({true, 0, text}, &found).ok() && found) CHECK_LT(*found, 1500u);
        }
        CHECK_LE(bytes, size_t{1} << 30);
        const Status verified = (*file)->Verify();
        CHECK(IsSoundOrCorrupt(verified));
      }
    }
  }
}

TEST(Forged_clocks_are_refused_or_answer_with_as_many_commits_as_they_have) {
  Random random(test::Seed());
  std::vector<CommitInstant> instants;
  for (Seq seq = 5; instants.size() < 3000; seq += 1 + random.Below(9)) {
    instants.push_back({seq, static_cast<Micros>(seq * 1000 + random.Below(1000))});
  }
  MemoryFileSystem files;
  ClockFileInfo info;
  CHECK_OK(WriteClockFile(files, kForgedPath, kForgedFileId, instants, &info));
  Forger forger(BytesOf(files), FileKind::kClock, {info.file_bytes, info.footer_crc});
  for (int i = 0; i < 300; ++i) {
    forger.Reset();
    forger.Change(&random);
    info.footer_crc = forger.Write(&files).footer_crc;
    auto clock = ClockFile::Open(files, kForgedPath, info);
    if (!clock.ok()) continue;
    std::vector<CommitInstant> all;
    if ((*clock)->ReadAll(&all).ok()) CHECK_EQ(all.size(), instants.size());
    CommitInstant found;
    (void)(*clock)->LastAtOrBefore(static_cast<Micros>(random.Below(20'000'000)), &found);
    (void)(*clock)->LastUpTo(random.Below(20'000), &found);
    const Status verified = (*clock)->Verify();
    CHECK(IsSoundOrCorrupt(verified));
  }
}

}  // namespace hypergraph
