#include <algorithm>
#include <functional>
#include <optional>

#include "core/index/random_records.h"
#include "core/index/segment.h"
#include "core/platform/memory_file_system.h"
#include "test/test.h"

namespace hypergraph {

using test::RecordMaker;
using test::RecordShape;

namespace {

struct Fixture {
  MemoryFileSystem files;
  RecordColumns records;
  SegmentInfo info;
  std::shared_ptr<Segment> segment;

  explicit Fixture(const RecordShape& shape) {
    Random random(test::Seed());
    records = RecordMaker(&random, shape).Make();
    CHECK_OK(WriteSegment(files, "seg", 7, records, &info));
    auto opened = Segment::Open(files, "seg", info);
    CHECK_OK(opened);
    segment = std::move(opened).value();
  }
};

// The row's value in a column; nothing when it is null.
std::optional<Value> ValueAt(const RecordColumns& r, const ColumnRef& column, uint32_t row) {
  switch (column.kind) {
    case ColumnKind::kId:
      return static_cast<int64_t>(r.id[row]);
    case ColumnKind::kSeq:
      return static_cast<int64_t>(r.seq[row]);
    case ColumnKind::kEventTs:
      return r.event_ts[row];
    case ColumnKind::kValidTo:
      return r.valid_to.empty() ? kMicrosMax : r.valid_to[row];
    case ColumnKind::kWeight:
      return r.weight.empty() ? 1.0 : r.weight[row];
    case ColumnKind::kLabel:
      if (r.label.empty() || r.label[row] == kSymbolNone) return std::nullopt;
      return int64_t{r.label[row]};
    case ColumnKind::kArity:
      return static_cast<int64_t>(r.member_ends[row] - (row == 0 ? 0 : r.member_ends[row - 1]));
    case ColumnKind::kKey: {
      if (r.key_ends.empty()) return std::nullopt;
      const uint64_t begin = row == 0 ? 0 : r.key_ends[row - 1];
      if (r.key_ends[row] == begin) return std::nullopt;
      return r.key_bytes.substr(begin, r.key_ends[row] - begin);
    }
    default:
      break;
  }
  for (const PropertyValues& values : r.properties) {
    if (values.property != column.property) continue;
    if (!values.present.empty() && values.present[row] == 0) return std::nullopt;
    if (values.type == PropertyType::kFloat64) return values.floats[row];
    if (values.type != PropertyType::kString) return values.integers[row];
    const uint64_t begin = row == 0 ? 0 : values.string_ends[row - 1];
    return values.string_bytes.substr(begin, values.string_ends[row] - begin);
  }
  return std::nullopt;
}

bool Holds(const std::optional<Value>& value, const Comparison& comparison) {
  if (comparison.op == CompareOp::kIsNull) return !value;
  if (!value) return false;
  if (comparison.op == CompareOp::kIsNotNull) return true;
  return std::any_of(comparison.operands.begin(), comparison.operands.end(), [&](const Value& o) {
    if (const auto* integer = std::get_if<int64_t>(&*value)) {
      return Compare(*integer, comparison.op, o);
    }
    if (const auto* number = std::get_if<double>(&*value))
      return Compare(*number, comparison.op, o);
    return Compare(std::string_view(std::get<std::string>(*value)), comparison.op, o);
  });
}

// 77: a property that the segment does not have.
constexpr PropertyIndex kProperties[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 77};

std::vector<ColumnRef> Columns() {
  std::vector<ColumnRef> columns;
  for (const ColumnKind kind :
       {ColumnKind::kId, ColumnKind::kSeq, ColumnKind::kEventTs, ColumnKind::kValidTo,
        ColumnKind::kWeight, ColumnKind::kLabel, ColumnKind::kArity, ColumnKind::kKey}) {
    columns.push_back({kind, 0});
  }
  for (const PropertyIndex property : kProperties) {
    columns.push_back({ColumnKind::kProperty, property});
  }
  return columns;
}

// A value of the column, or one near to one, or of another type.
Value SomeOperand(const RecordColumns& r, const ColumnRef& column, Random* random) {
  const auto row = static_cast<uint32_t>(random->Below(r.record_count));
  const std::optional<Value> value = ValueAt(r, column, row);
  const uint64_t choice = random->Below(10);
  if (!value || choice == 0) return random->Chance(0.5) ? Value("t5") : Value(0.0);
  if (const auto* integer = std::get_if<int64_t>(&*value)) {
    if (choice == 1) return static_cast<double>(*integer) + 0.5;
    if (choice == 2) return *integer == INT64_MAX ? *integer : *integer + 1;
  }
  if (std::holds_alternative<double>(*value) && choice == 1) return int64_t{0};
  if (const auto* text = std::get_if<std::string>(&*value)) {
    if (choice < 4) return text->substr(0, text->size() / 2 + 1);
  }
  return *value;
}

constexpr CompareOp kOps[] = {
    CompareOp::kEq, CompareOp::kNe, CompareOp::kLt,     CompareOp::kLe,        CompareOp::kGt,
    CompareOp::kGe, CompareOp::kIn, CompareOp::kIsNull, CompareOp::kIsNotNull, CompareOp::kPrefix};

}  // namespace

TEST(Segment_comparisons_equal_a_scan) {
  RecordShape bare;
  bare.optional_columns = false;
  RecordShape rising;
  rising.rows = 9500;
  rising.ts_span = 1'000'000'000;
  for (const RecordShape& shape : {RecordShape{}, bare, rising}) {
    const Fixture f(shape);
    Random random(test::Seed() + 4);
    for (const ColumnRef& column : Columns()) {
      for (const CompareOp op : kOps) {
        Comparison comparison{column, op, {}};
        const bool null_test = op == CompareOp::kIsNull || op == CompareOp::kIsNotNull;
        const uint64_t operands = op == CompareOp::kIn ? random.Below(9) : (null_test ? 0 : 1);
        for (uint64_t i = 0; i < operands; ++i) {
          comparison.operands.push_back(SomeOperand(f.records, column, &random));
        }
        std::vector<uint32_t> list;
        for (uint32_t row = 0; row < shape.rows; ++row) {
          if (random.Chance(0.3)) list.push_back(row);
        }
        const auto first = static_cast<uint32_t>(random.Below(shape.rows));
        for (const Rows rows : {Rows::Range(0, shape.rows), Rows::Range(first, shape.rows - first),
                                Rows::List(list)}) {
          std::vector<uint32_t> expected = {42};
          for (uint32_t i = 0; i < rows.size(); ++i) {
            if (Holds(ValueAt(f.records, column, rows[i]), comparison)) expected.push_back(rows[i]);
          }
          std::vector<uint32_t> selected = {42};
          CHECK_OK(f.segment->Select(comparison, rows, &selected));
          CHECK(selected == expected);
        }
      }
    }
    std::vector<uint32_t> selected;
    const Comparison members{{ColumnKind::kMembers, 0}, CompareOp::kEq, {Value(int64_t{1})}};
    CHECK_CODE(f.segment->Select(members, Rows::Range(0, 1), &selected), Code::kInvalid);
  }
}

TEST(Integers_and_doubles_compare_exactly) {
  const int64_t big = (int64_t{1} << 53) + 1;
  CHECK(!Compare(big, CompareOp::kEq, Value(0x1p53)));
  CHECK(Compare(big, CompareOp::kGt, Value(0x1p53)));
  CHECK(Compare(0x1p53, CompareOp::kLt, Value(big)));
  CHECK(Compare(INT64_MAX, CompareOp::kLt, Value(0x1p63)));
  CHECK(Compare(INT64_MIN, CompareOp::kEq, Value(-0x1p63)));
  CHECK(Compare(int64_t{-1}, CompareOp::kGt, Value(-1.5)));
  CHECK(!Compare(int64_t{1}, CompareOp::kNe, Value("1")));
  CHECK(Compare(std::string_view("\xc3\xa4"), CompareOp::kGt, Value("z")));
}

namespace {

// What a probe must give, by looking at every row.
std::vector<uint32_t> RowsByScan(const RecordColumns& r, const IndexProbe& probe,
                                 const TimeWindow& window) {
  std::vector<Comparison> all;
  for (size_t i = 0; i < probe.columns.size(); ++i) {
    all.push_back({probe.columns[i], CompareOp::kIsNotNull, {}});
    if (i + 1 < probe.columns.size()) {
      all.push_back({probe.columns[i], CompareOp::kEq, {probe.equals[i]}});
    }
  }
  if (probe.low) {
    all.push_back({probe.columns.back(),
                   probe.low_inclusive ? CompareOp::kGe : CompareOp::kGt,
                   {*probe.low}});
  }
  if (probe.high) {
    all.push_back({probe.columns.back(),
                   probe.high_inclusive ? CompareOp::kLe : CompareOp::kLt,
                   {*probe.high}});
  }
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < r.record_count; ++row) {
    if (r.event_ts[row] < window.from || r.event_ts[row] >= window.to) continue;
    if (std::all_of(all.begin(), all.end(), [&](const Comparison& comparison) {
          return Holds(ValueAt(r, comparison.column, row), comparison);
        })) {
      rows.push_back(row);
    }
  }
  return rows;
}

}  // namespace

TEST(Property_indexes_equal_a_scan) {
  RecordShape shape;
  shape.rows = 2500;
  Fixture f(shape);
  Random random(test::Seed() + 5);
  std::vector<std::vector<ColumnRef>> indexes;
  const ColumnRef label{ColumnKind::kLabel, 0};
  for (const PropertyIndex property : kProperties) {
    const ColumnRef column{ColumnKind::kProperty, property};
    indexes.push_back({column});
    indexes.push_back({label, column});
    indexes.push_back({column, {ColumnKind::kProperty, 1}});
  }
  uint64_t file_id = 100;
  for (const std::vector<ColumnRef>& columns : indexes) {
    PropertyIndexInfo info;
    const std::string path = "psi-" + std::to_string(file_id);
    CHECK_OK(WritePropertyIndex(f.files, path, file_id, *f.segment, columns, &info));
    auto index = PropertyIndexFile::Open(f.files, path, info);
    CHECK_OK(index);
    CHECK_OK((*index)->Verify());
    f.segment->AttachIndex(*index);
    for (int i = 0; i < 25; ++i) {
      IndexProbe probe;
      probe.columns = columns;
      for (size_t k = 0; k + 1 < columns.size(); ++k) {
        probe.equals.push_back(SomeOperand(f.records, columns[k], &random));
      }
      if (random.Chance(0.8)) probe.low = SomeOperand(f.records, columns.back(), &random);
      if (random.Chance(0.8)) probe.high = SomeOperand(f.records, columns.back(), &random);
      if (random.Chance(0.3)) probe.high = probe.low;
      probe.low_inclusive = random.Chance(0.7);
      probe.high_inclusive = random.Chance(0.7);
      TimeWindow window;
      if (random.Chance(0.5)) window = {random.Between(-300, 0), random.Between(0, 300)};
      uint32_t estimate = 0;
      CHECK(f.segment->EstimateIndex(probe, &estimate));
      CHECK_EQ(estimate, RowsByScan(f.records, probe, {}).size());
      std::vector<uint32_t> rows = {42};
      CHECK_OK(f.segment->RowsByIndex(probe, window, &rows));
      std::vector<uint32_t> expected = RowsByScan(f.records, probe, window);
      expected.insert(expected.begin(), 42);
      CHECK(rows == expected);
    }
    f.segment->DetachIndex(file_id++);
    IndexProbe probe;
    probe.columns = columns;
    probe.equals.resize(columns.size() - 1);
    uint32_t estimate = 0;
    CHECK(!f.segment->EstimateIndex(probe, &estimate));
  }
}

}  // namespace hypergraph
