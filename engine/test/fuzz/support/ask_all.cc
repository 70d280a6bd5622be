#include "test/fuzz/support/ask_all.h"

#include <algorithm>

namespace hypergraph::fuzz {
namespace {

constexpr uint32_t kRowsAsked = 512;
constexpr uint64_t kMembersRead = 1 << 16;

void CheckRows(const RowSource& source, const std::vector<uint32_t>& rows,
               PropertyIndex property_end) {
  const uint32_t row_count = source.bounds().row_count;
  for (const uint32_t row : rows) FUZZ_CHECK(row < row_count);
  const size_t count = std::min<size_t>(rows.size(), 16);
  ReadColumns(source, Rows::List({rows.data(), count}), property_end);
}

void AskComparisons(const RowSource& source, Rows rows, PropertyIndex property_end) {
  std::vector<ColumnRef> columns = {{ColumnKind::kId, 0},      {ColumnKind::kEventTs, 0},
                                    {ColumnKind::kValidTo, 0}, {ColumnKind::kWeight, 0},
                                    {ColumnKind::kLabel, 0},   {ColumnKind::kArity, 0},
                                    {ColumnKind::kKey, 0},     {ColumnKind::kSeq, 0}};
  for (PropertyIndex property = 0; property < property_end; ++property) {
    columns.push_back({ColumnKind::kProperty, property});
  }
  const std::vector<std::pair<CompareOp, std::vector<Value>>> operations = {
      {CompareOp::kEq, {Value(int64_t{1})}},
      {CompareOp::kNe, {Value(0.5)}},
      {CompareOp::kGe, {Value(int64_t{-3})}},
      {CompareOp::kLt, {Value(std::string("name 2"))}},
      {CompareOp::kIn, {Value(int64_t{2}), Value(std::string("t3")), Value(-0.0)}},
      {CompareOp::kPrefix, {Value(std::string("name"))}},
      {CompareOp::kIsNull, {}}};
  std::vector<uint32_t> selected;
  for (const ColumnRef column : columns) {
    for (const auto& [op, operands] : operations) {
      selected.clear();
      const Status status = source.Select({column, op, operands}, rows, &selected);
      if (status.ok()) CheckRows(source, selected, 0);
      FUZZ_CHECK(status.ok() || status.code() == Code::kCorrupt ||
                 status.code() == Code::kInvalid || status.code() == Code::kTypeMismatch);
    }
  }
}

void AskNodes(const RowSource& source, NodeNumber node_end, PropertyIndex property_end) {
  const SourceBounds bounds = source.bounds();
  const TimeWindow part{bounds.ts_min, bounds.ts_min / 2 + bounds.ts_max / 2};
  std::vector<uint32_t> rows;
  for (NodeNumber node = 0; node < node_end; ++node) {
    rows.clear();
    (void)source.Degree(node);
    if (Tolerate(source.RowsOfNode(node, {}, &rows))) CheckRows(source, rows, property_end);
    rows.clear();
    if (Tolerate(source.RowsOfNode(node, part, &rows))) CheckRows(source, rows, 0);
  }
  const std::vector<NodeNumber> some = {0, 1, 2, 5};
  for (const uint32_t at_least : {1u, 2u, 4u}) {
    rows.clear();
    if (Tolerate(source.RowsOfNodes(some, at_least, part, &rows))) CheckRows(source, rows, 0);
  }
}

void AskWindows(const RowSource& source) {
  const SourceBounds bounds = source.bounds();
  std::vector<uint32_t> rows;
  uint32_t rank = 0;
  for (const Micros ts : {kMicrosMin, bounds.ts_min, bounds.ts_min / 2 + bounds.ts_max / 2,
                          bounds.ts_max, kMicrosMax}) {
    if (source.ranked() && Tolerate(source.LowerBound(ts, &rank))) {
      FUZZ_CHECK(rank <= bounds.row_count);
    }
    for (const bool newest_first : {false, true}) {
      rows.clear();
      if (Tolerate(source.RowsInWindow({ts, kMicrosMax}, 9, newest_first, &rows))) {
        CheckRows(source, rows, 0);
      }
    }
  }
}

}  // namespace

bool Tolerate(const Status& status) {
  FUZZ_CHECK(status.ok() || status.code() == Code::kCorrupt);
  return status.ok();
}

void ReadColumns(const RowSource& source, Rows rows, PropertyIndex property_end) {
  std::vector<int64_t> times(rows.size());
  std::vector<uint64_t> numbers(rows.size());
  std::vector<double> weights(rows.size());
  std::vector<uint32_t> words(rows.size());
  std::vector<std::string_view> keys;
  (void)Tolerate(source.EventTs(rows, times.data()));
  (void)Tolerate(source.Seqs(rows, numbers.data()));
  (void)Tolerate(source.Ids(rows, numbers.data()));
  (void)Tolerate(source.ValidTo(rows, times.data()));
  (void)Tolerate(source.Weights(rows, weights.data()));
  (void)Tolerate(source.Labels(rows, words.data()));
  (void)Tolerate(source.Keys(rows, &keys));
  uint64_t member_count = 0;
  if (Tolerate(source.Arities(rows, words.data()))) {
    for (const uint32_t arity : words) member_count += arity;
  }
  // A stored list may be shared by any number of rows, so what they have together has no bound.
  if (member_count <= kMembersRead) {
    MemberColumns members;
    members.Clear();
    if (Tolerate(source.Members(rows, &members))) {
      FUZZ_CHECK(members.offsets.size() == rows.size() + 1);
      FUZZ_CHECK(members.offsets.back() == members.nodes.size());
      FUZZ_CHECK(members.roles.empty() || members.roles.size() == members.nodes.size());
    }
  }
  uint64_t text_bytes = 0;
  for (PropertyIndex property = 0; property < property_end; ++property) {
    PropertyColumn column;
    if (!Tolerate(source.Property(property, rows, &column))) continue;
    FUZZ_CHECK(column.present.size() == rows.size());
    for (const std::string_view text : column.strings) {
      for (const char byte : text) text_bytes += static_cast<uint8_t>(byte);
    }
  }
  for (const std::string_view key : keys) {
    for (const char byte : key) text_bytes += static_cast<uint8_t>(byte);
  }
  __asm__ volatile("" : : "r"(text_bytes));  // Every byte is read, whatever the optimizer thinks.
}

void AskAll(const RowSource& source, PropertyIndex property_end, NodeNumber node_end) {
  const uint32_t row_count = source.bounds().row_count;
  const uint32_t asked = std::min(row_count, kRowsAsked);
  const Rows first = Rows::Range(0, asked);
  const Rows last = Rows::Range(row_count - asked, asked);
  ReadColumns(source, first, property_end);
  ReadColumns(source, last, property_end);
  AskComparisons(source, first, property_end);
  AskNodes(source, node_end, property_end);
  AskWindows(source);
  std::vector<uint32_t> rows;
  (void)source.AllVisible(5);
  if (Tolerate(source.SelectVisible(5, first, &rows))) CheckRows(source, rows, 0);
  double sum = 0;
  (void)Tolerate(source.SumWeights(first, &sum));
  for (const EdgeId id : {uint64_t{0}, uint64_t{4}, uint64_t{100}, kSeqMax}) {
    rows.clear();
    if (Tolerate(source.FindId(id, &rows))) CheckRows(source, rows, property_end);
  }
  for (const char* key : {"", "key-5", "key-1", "none"}) {
    rows.clear();
    if (Tolerate(source.FindKey(key, &rows))) CheckRows(source, rows, property_end);
  }
}

}  // namespace hypergraph::fuzz
