// Damaged and hostile files: each is an error, none a crash.
#include <algorithm>

#include "core/index/dictionary.h"
#include "core/index/random_records.h"
#include "core/index/segment.h"
#include "core/platform/memory_file_system.h"
#include "test/test.h"

namespace hypergraph {

using test::RecordMaker;
using test::RecordShape;

namespace {

// Everything a query can ask; damage may show in any of it.
Status AskAll(const Segment& segment, NodeNumber node_end) {
  const uint32_t rows = segment.bounds().row_count;
  const Rows all = Rows::Range(0, rows);
  std::vector<int64_t> numbers(rows);
  std::vector<uint64_t> ids(rows);
  std::vector<double> weights(rows);
  std::vector<uint32_t> words(rows);
  std::vector<std::string_view> keys;
  std::vector<uint32_t> found;
  MemberColumns members;
  members.Clear();
  PropertyColumn column;
  // Scattered ones are looked up, not scanned: three batches of 32 and a part.
  std::vector<uint32_t> scattered;
  for (uint32_t row = 5; row < rows; row += rows / 100) scattered.push_back(row);
  HG_RETURN_IF_ERROR(segment.EventTs(Rows::List(scattered), numbers.data()));
  HG_RETURN_IF_ERROR(segment.Ids(Rows::List(scattered), ids.data()));
  HG_RETURN_IF_ERROR(segment.EventTs(all, numbers.data()));
  HG_RETURN_IF_ERROR(segment.Ids(all, ids.data()));
  HG_RETURN_IF_ERROR(segment.ValidTo(all, numbers.data()));
  HG_RETURN_IF_ERROR(segment.Weights(all, weights.data()));
  HG_RETURN_IF_ERROR(segment.Labels(all, words.data()));
  HG_RETURN_IF_ERROR(segment.Arities(all, words.data()));
  HG_RETURN_IF_ERROR(segment.Members(all, &members));
  HG_RETURN_IF_ERROR(segment.Keys(all, &keys));
  for (PropertyIndex property = 0; property < 10; ++property) {
    HG_RETURN_IF_ERROR(segment.Property(property, all, &column));
    const Comparison comparison{{ColumnKind::kProperty, property}, CompareOp::kGe, {Value(0.0)}};
    HG_RETURN_IF_ERROR(segment.Select(comparison, all, &found));
  }
  for (NodeNumber node = 0; node < node_end; ++node) {
    HG_RETURN_IF_ERROR(segment.RowsOfNode(node, {}, &found));
  }
  for (uint64_t id = 0; id < rows; id += 17) HG_RETURN_IF_ERROR(segment.FindId(id, &found));
  HG_RETURN_IF_ERROR(segment.FindKey("key-1", &found));
  RecordColumns read;
  return segment.Read(0, rows, &read);
}

}  // namespace

TEST(Segment_with_any_flipped_bit_is_corrupt) {
  Random random(test::Seed());
  RecordShape shape;
  shape.rows = 12'000;
  const RecordColumns records = RecordMaker(&random, shape).Make();
  MemoryFileSystem files;
  SegmentInfo info;
  CHECK_OK(WriteSegment(files, "seg", 7, records, &info));
  // Some in each checksummed block, some anywhere.
  for (uint64_t i = 0; i < 60; ++i) {
    const uint64_t blocks = info.file_bytes / 65536 + 1;
    uint64_t byte = i < blocks ? i * 65536 + random.Below(65536) : random.Below(info.file_bytes);
    byte = std::min(byte, info.file_bytes - 1);
    files.ClearFaults();
    files.FlipBitOnRead("seg", byte * 8 + random.Below(8));
    auto segment = Segment::Open(files, "seg", info);
    if (!segment.ok()) {
      CHECK_CODE(segment, Code::kCorrupt);
      continue;
    }
    const Status asked = AskAll(**segment, shape.nodes);
    CHECK(asked.ok() || asked.code() == Code::kCorrupt);
    CHECK_CODE((*segment)->Verify(), Code::kCorrupt);
  }
}

TEST(Dictionary_with_any_flipped_bit_is_corrupt) {
  Random random(test::Seed());
  MemoryFileSystem files;
  Dictionary dictionary;
  uint32_t number = 0;
  bool fresh = false;
  for (uint32_t i = 0; i < 9000; ++i) {
    const std::string text = "node " + std::to_string(i);
    CHECK_OK(dictionary.Intern({i % 3 != 0, i, i % 3 != 0 ? text : std::string_view()}, &number,
                               &fresh));
  }
  DictionaryFileInfo info;
  CHECK_OK(dictionary.WriteFile(files, "dict", 3, 0, dictionary.end(), &info));
  for (int i = 0; i < 40; ++i) {
    files.ClearFaults();
    files.FlipBitOnRead("dict", random.Below(info.file_bytes * 8));
    auto file = DictionaryFile::Open(files, "dict", info);
    if (!file.ok()) {
      CHECK_CODE(file, Code::kCorrupt);
      continue;
    }
    for (uint32_t k = 0; k < 9000; k += 7) {
      NodeKey key;
      std::optional<uint32_t> found;
      const Status status = (*file)->KeyOf(k, &key);
      CHECK(status.ok() || status.code() == Code::kCorrupt);
      const Status find = (*file)->Find({false, k, {}}, &found);
      CHECK(find.ok() || find.code() == Code::kCorrupt);
    }
    CHECK_CODE((*file)->Verify(), Code::kCorrupt);
  }
}

}  // namespace hypergraph
