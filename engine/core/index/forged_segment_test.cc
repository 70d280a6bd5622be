// Segments of any contents under right checksums: each is refused, or every answer lies within what
// the file says it holds. Meant for the address sanitizer, which tells what lies outside.
#include <algorithm>

#include "core/index/dictionary.h"
#include "core/index/forged_test_file.h"
#include "core/index/random_records.h"
#include "core/index/segment.h"
#include "test/test.h"

namespace hypergraph {

using test::BytesOf;
using test::CheckRows;
using test::Forger;
using test::IsSoundOrCorrupt;
using test::kForgedFileId;
using test::kForgedPath;
using test::RecordMaker;
using test::RecordShape;

namespace {

constexpr PropertyIndex kProperties = 10;

void CheckAscending(const Segment& segment, const std::vector<uint32_t>& rows) {
  CheckRows(segment, rows);
  CHECK(std::is_sorted(rows.begin(), rows.end()));
}

// Access paths: what they give lies in the segment, in order.
void AskForgedPaths(const Segment& segment, Random* random) {
  const SourceBounds bounds = segment.bounds();
  std::vector<uint32_t> rows;
  TimeWindow window;
  for (int i = 0; i < 8; ++i) {
    rows.clear();
    if (i > 3) {
      window.from = bounds.ts_min + static_cast<Micros>(random->Below(300));
      window.to = window.from + static_cast<Micros>(random->Below(300));
    }
    if (segment.RowsInWindow(window, UINT32_MAX, false, &rows).ok()) CheckAscending(segment, rows);
    const auto node = static_cast<NodeNumber>(random->Below(40));
    (void)segment.Degree(node);
    rows.clear();
    if (segment.RowsOfNode(node, window, &rows).ok()) CheckAscending(segment, rows);
    const std::vector<NodeNumber> nodes = {0, 1, node == 0 || node == 1 ? 2 : node, 77};
    for (const uint32_t at_least : {1u, 2u, 3u}) {
      rows.clear();
      const auto some = std::span(nodes).first(i % 2 == 0 ? 3 : 4);
      if (segment.RowsOfNodes(some, at_least, window, &rows).ok()) CheckRows(segment, rows);
    }
    rows.clear();
    if (segment.FindId(random->Below(900), &rows).ok()) CheckRows(segment, rows);
    rows.clear();
    const std::string key = "key-" + std::to_string(random->Below(5000));
    if (segment.FindKey(key, &rows).ok()) CheckRows(segment, rows);
  }
}

void AskMembers(const Segment& segment, Rows rows, uint64_t node_end) {
  MemberColumns members;
  members.Clear();
  std::vector<uint32_t> words(rows.size());
  (void)segment.Arities(rows, words.data());
  if (segment.Members(rows, &members).ok()) {
    CHECK_EQ(members.offsets.size(), rows.size() + 1);
    CHECK(members.roles.empty() || members.roles.size() == members.nodes.size());
    for (const NodeNumber node : members.nodes) CHECK_LT(node, node_end);
  }
  const Dictionary none;  // Keys are looked for, and none is found.
  members.Clear();
  members.wants_keys = &none;
  if (segment.Members(rows, &members).ok()) {
    for (const NodeNumber node : members.nodes) CHECK_LT(node, node_end);
  }
  std::vector<uint32_t> counts(node_end);
  (void)segment.CountMembers(rows, counts);
}

void AskColumns(const Segment& segment, Rows rows) {
  std::vector<int64_t> numbers(rows.size());
  std::vector<uint64_t> ids(rows.size());
  std::vector<double> weights(rows.size());
  std::vector<uint32_t> words(rows.size());
  std::vector<std::string_view> keys;
  std::vector<uint32_t> found;
  double sum = 0;
  (void)segment.EventTs(rows, numbers.data());
  (void)segment.Seqs(rows, ids.data());
  (void)segment.Ids(rows, ids.data());
  (void)segment.ValidTo(rows, numbers.data());
  (void)segment.Weights(rows, weights.data());
  (void)segment.SumWeights(rows, &sum);
  (void)segment.Labels(rows, words.data());
  (void)segment.Keys(rows, &keys);
  size_t bytes = 0;
  for (const std::string_view key : keys) bytes += std::string(key).size();
  for (PropertyIndex property = 0; property < kProperties; ++property) {
    PropertyColumn column;
    if (segment.Property(property, rows, &column).ok()) {
      for (const std::string_view text : column.strings) bytes += std::string(text).size();
    }
    for (const Value& operand : {Value(0.0), Value(std::string("t5")), Value(int64_t{-3})}) {
      found.clear();
      const Comparison comparison{{ColumnKind::kProperty, property}, CompareOp::kGe, {operand}};
      if (segment.Select(comparison, rows, &found).ok()) CheckRows(segment, found);
    }
  }
  CHECK_LE(bytes, size_t{1} << 40);
}

std::vector<PropertyType> TypesOf(const RecordColumns& records) {
  std::vector<PropertyType> types(kProperties);
  for (const PropertyValues& values : records.properties) types[values.property] = values.type;
  return types;
}

// How many of the forgeries were refused when they were opened.
int ForgeSegments(const RecordShape& shape, int count, Random* random) {
  const RecordColumns records = RecordMaker(random, shape).Make();
  const NodeNumber node_end = *std::max_element(records.members.begin(), records.members.end()) + 1;
  MemoryFileSystem files;
  SegmentInfo info;
  CHECK_OK(WriteSegment(files, kForgedPath, kForgedFileId, records, &info));
  Forger forger(BytesOf(files), FileKind::kSegment, {info.file_bytes, info.footer_crc});
  int refused = 0;
  for (int i = 0; i < count; ++i) {
    forger.Reset();
    for (uint64_t changes = 1 + random->Below(3); changes > 0; --changes) forger.Change(random);
    const SectionFileInfo forged = forger.Write(&files);
    info.footer_crc = forged.footer_crc;
    auto segment = Segment::Open(files, kForgedPath, info);
    if (!segment.ok() || !(*segment)->CheckFits(TypesOf(records), node_end).ok()) {
      ++refused;
      continue;
    }
    const uint32_t rows = info.bounds.row_count;
    std::vector<uint32_t> list;
    for (uint32_t row = 0; row < rows; row += 1 + static_cast<uint32_t>(random->Below(9)))
      list.push_back(row);
    for (const Rows& some : {Rows::Range(0, rows), Rows::List(list)}) {
      AskColumns(**segment, some);
      AskMembers(**segment, some, node_end);
    }
    AskForgedPaths(**segment, random);
    RecordColumns read;
    (void)(*segment)->Read(0, rows, &read);
    const Status verified = (*segment)->Verify();
    CHECK(IsSoundOrCorrupt(verified));
  }
  return refused;
}

}  // namespace

TEST(Forged_small_segments_are_refused_or_answer_within_their_bounds) {
  Random random(test::Seed());
  RecordShape shape;
  shape.rows = 300;
  CHECK_LT(10, ForgeSegments(shape, 400, &random));
}

// With posting lists of every form, and lists of members that are kept once.
TEST(Forged_segments_are_refused_or_answer_within_their_bounds) {
  Random random(test::Seed());
  RecordShape shape;
  shape.rows = 6000;
  shape.nodes = 900;
  shape.huge_arity = 3000;
  shape.shuffled_seqs = random.Chance(0.5);
  shape.node_step = random.Chance(0.5) ? 1 : 977;
  shape.optional_columns = random.Chance(0.7);
  CHECK_LT(2, ForgeSegments(shape, 100, &random));
}

}  // namespace hypergraph
