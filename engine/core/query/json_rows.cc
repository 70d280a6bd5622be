#include "core/query/json_rows.h"

#include <array>
#include <cmath>
#include <vector>

#include "core/base/json_text.h"
#include "core/base/json_values.h"
#include "core/query/result_view.h"

namespace hypergraph {
namespace {

using Column = ResultView::Column;

constexpr uint32_t kNoNumber = UINT32_MAX;  // Of a node or row.
constexpr std::string_view kNull = "null";

// How a value is written, by its type and meaning.
enum class Form : uint8_t {
  kDouble,
  kOptionalDouble,
  kInteger,
  kInstant,
  kSmallInteger,
  kOptionalSmallInteger,
  kSymbol,
  kNode,
  kBool,
  kText,
  kNodes,
  kNodeKeys,
  kSymbols,
};

struct Field {
  std::string_view head;  // Up to the value: of the first one, with the bracket.
  Form form = Form::kDouble;
  Column column;

  template <typename T>
  T ValueAt(size_t place) const {
    return LoadUnaligned<T>(column.values + place * sizeof(T));
  }
  bool HasValue(uint32_t row) const {
    return column.validity == nullptr || ((column.validity[row / 8] >> (row % 8)) & 1) != 0;
  }
};

Status Unwritable() { return {Code::kInvalid, "the result has a column that no row can show"}; }

Status FormOf(const Column& column, JsonMeaning meaning, Form* form) {
  switch (column.type) {
    case ValueType::kF64:
      *form = meaning == JsonMeaning::kOptional ? Form::kOptionalDouble : Form::kDouble;
      return Status::Ok();
    case ValueType::kI64:
      *form = meaning == JsonMeaning::kInstant ? Form::kInstant : Form::kInteger;
      return Status::Ok();
    case ValueType::kU32:
      *form = meaning == JsonMeaning::kSymbol     ? Form::kSymbol
              : meaning == JsonMeaning::kNode     ? Form::kNode
              : meaning == JsonMeaning::kOptional ? Form::kOptionalSmallInteger
                                                  : Form::kSmallInteger;
      return Status::Ok();
    case ValueType::kU8:
      *form = Form::kBool;
      return Status::Ok();
    case ValueType::kText:
      *form = Form::kText;
      return Status::Ok();
    case ValueType::kList:
      if (meaning == JsonMeaning::kSymbol) {
        *form = Form::kSymbols;
      } else if (meaning == JsonMeaning::kNode) {
        *form = column.keys != nullptr ? Form::kNodeKeys : Form::kNodes;
      } else {
        return Unwritable();
      }
      return Status::Ok();
  }
  return Unwritable();
}

class RowWriter {
 public:
  RowWriter(const Dictionary& nodes, const Dictionary& symbols, ByteSink* sink)
      : nodes_(nodes), symbols_(symbols), sink_(sink) {}

  Status Open(const ResultView& result, ByteView shape);
  Status Write(uint32_t row);

 private:
  Status PutValue(const Field& field, uint32_t row);
  Status PutNode(uint32_t number);
  Status PutSymbol(uint32_t number);
  Status PutSymbols(const Field& field, uint32_t begin, uint32_t end);
  Status PutNodes(const Field& field, uint32_t begin, uint32_t end);
  void PutNodeKeys(const Field& field, uint32_t begin, uint32_t end);

  struct KnownSymbol {
    uint32_t number = kSymbolNone;
    std::string_view text;
  };

  const Dictionary& nodes_;
  const Dictionary& symbols_;
  ByteSink* sink_;
  std::vector<Field> fields_;
  std::string_view row_end_;
  // What was written last: rows mostly have few different labels.
  std::array<KnownSymbol, 16> known_symbols_;
};

Status RowWriter::Open(const ResultView& result, ByteView shape) {
  ByteReader reader(shape);
  const auto count = reader.Get<uint16_t>();
  fields_.reserve(std::min<size_t>(count, result.column_count()));
  for (uint16_t i = 0; i < count && reader.ok(); ++i) {
    Field field;
    const auto place = reader.Get<uint16_t>();
    const auto meaning = reader.Get<JsonMeaning>();
    field.head = reader.GetText();
    HG_RETURN_IF_ERROR(result.ColumnAt(place, &field.column));
    HG_RETURN_IF_ERROR(FormOf(field.column, meaning, &field.form));
    fields_.push_back(field);
  }
  row_end_ = reader.GetText();
  if (!reader.ok() || !reader.AtEnd()) return {Code::kInvalid, "the shape of rows is none"};
  return Status::Ok();
}

Status RowWriter::Write(uint32_t row) {
  for (const Field& field : fields_) {
    sink_->Put(field.head);
    if (field.HasValue(row)) {
      HG_RETURN_IF_ERROR(PutValue(field, row));
    } else {
      sink_->Put(kNull);
    }
  }
  sink_->Put(row_end_);
  return Status::Ok();
}

Status RowWriter::PutNode(uint32_t number) {
  NodeKey key;
  HG_RETURN_IF_ERROR(nodes_.KeyOf(number, &key));
  if (key.is_text) {
    PutJsonText(key.text, sink_);
  } else {
    sink_->EndAt(PutJsonUnsigned(sink_->Reserve(kJsonValueBytesMax), key.integer));
  }
  return Status::Ok();
}

Status RowWriter::PutSymbol(uint32_t number) {
  if (number == kSymbolNone) {
    sink_->Put(kNull);
    return Status::Ok();
  }
  KnownSymbol& known = known_symbols_[number % known_symbols_.size()];
  if (known.number != number) {
    NodeKey key;
    HG_RETURN_IF_ERROR(symbols_.KeyOf(number, &key));
    known = {number, key.text};
  }
  PutJsonText(known.text, sink_);
  return Status::Ok();
}

// Null where no member has one, as rows have it.
Status RowWriter::PutSymbols(const Field& field, uint32_t begin, uint32_t end) {
  bool any = false;
  for (uint32_t i = begin; i < end && !any; ++i) any = field.ValueAt<uint32_t>(i) != kSymbolNone;
  if (!any) {
    sink_->Put(kNull);
    return Status::Ok();
  }
  char before = '[';
  for (uint32_t i = begin; i < end; ++i) {
    sink_->Put(before);
    before = ',';
    HG_RETURN_IF_ERROR(PutSymbol(field.ValueAt<uint32_t>(i)));
  }
  sink_->Put(']');
  return Status::Ok();
}

Status RowWriter::PutNodes(const Field& field, uint32_t begin, uint32_t end) {
  sink_->Put('[');
  for (uint32_t i = begin; i < end; ++i) {
    if (i != begin) sink_->Put(',');
    HG_RETURN_IF_ERROR(PutNode(field.ValueAt<uint32_t>(i)));
  }
  sink_->Put(']');
  return Status::Ok();
}

void RowWriter::PutNodeKeys(const Field& field, uint32_t begin, uint32_t end) {
  // A bracket or comma goes before each, a bracket behind all.
  uint8_t* at = sink_->Reserve((kSmallIntegerBytesMax + 1) * size_t{end - begin} + 2);
  *at++ = '[';
  for (uint32_t i = begin; i < end; ++i) {
    if (i != begin) *at++ = ',';
    at = PutDigits(at, LoadUnaligned<uint32_t>(field.column.keys + i * sizeof(uint32_t)));
  }
  *at++ = ']';
  sink_->EndAt(at);
}

Status RowWriter::PutValue(const Field& field, uint32_t row) {
  uint32_t begin = 0;
  uint32_t end = 0;
  if (field.column.offsets != nullptr) {
    begin = LoadUnaligned<uint32_t>(field.column.offsets + row * sizeof(uint32_t));
    end = LoadUnaligned<uint32_t>(field.column.offsets + (size_t{row} + 1) * sizeof(uint32_t));
    if (begin > end || end > field.column.value_count) return Unwritable();
  }
  switch (field.form) {
    case Form::kText:
      PutJsonText({reinterpret_cast<const char*>(field.column.values) + begin, end - begin}, sink_);
      return Status::Ok();
    case Form::kNodeKeys:
      PutNodeKeys(field, begin, end);
      return Status::Ok();
    case Form::kNodes:
      return PutNodes(field, begin, end);
    case Form::kSymbols:
      return PutSymbols(field, begin, end);
    case Form::kSymbol:
      return PutSymbol(field.ValueAt<uint32_t>(row));
    case Form::kNode:
      if (field.ValueAt<uint32_t>(row) != kNoNumber) return PutNode(field.ValueAt<uint32_t>(row));
      break;
    case Form::kBool:
      sink_->Put(field.column.values[row] == 1 ? std::string_view("true") : "false");
      return Status::Ok();
    case Form::kOptionalDouble:
      if (std::isnan(field.ValueAt<double>(row))) break;
      [[fallthrough]];
    case Form::kDouble:
      sink_->EndAt(PutJsonDouble(sink_->Reserve(kJsonValueBytesMax), field.ValueAt<double>(row)));
      return Status::Ok();
    case Form::kInstant:
      if (field.ValueAt<Micros>(row) == kMicrosMax) break;
      sink_->EndAt(PutJsonInstant(sink_->Reserve(kJsonValueBytesMax), field.ValueAt<Micros>(row)));
      return Status::Ok();
    case Form::kInteger:
      sink_->EndAt(PutJsonInteger(sink_->Reserve(kJsonValueBytesMax), field.ValueAt<int64_t>(row)));
      return Status::Ok();
    case Form::kOptionalSmallInteger:
      if (field.ValueAt<uint32_t>(row) == kNoNumber) break;
      [[fallthrough]];
    case Form::kSmallInteger:
      sink_->EndAt(PutDigits(sink_->Reserve(kJsonValueBytesMax), field.ValueAt<uint32_t>(row)));
      return Status::Ok();
  }
  sink_->Put(kNull);
  return Status::Ok();
}

}  // namespace

Status WriteJsonRows(const JsonRows& rows, const Dictionary& nodes, const Dictionary& symbols,
                     ByteSink* sink) {
  ResultView result;
  HG_RETURN_IF_ERROR(ResultView::Open(rows.result, &result));
  RowWriter writer(nodes, symbols, sink);
  HG_RETURN_IF_ERROR(writer.Open(result, rows.shape));
  const uint32_t count = std::min(rows.row_count, result.row_count());
  for (uint32_t row = 0; row < count; ++row) {
    if (row > 0) sink->Put(rows.between);
    HG_RETURN_IF_ERROR(writer.Write(row));
  }
  return Status::Ok();
}

}  // namespace hypergraph
