#include "core/query/result_view.h"

#include "core/query/result_layout.h"

namespace hypergraph {
namespace {

Status NoResult() { return {Code::kInvalid, "the bytes are no result"}; }

bool IsValueType(uint8_t type) {
  return type >= static_cast<uint8_t>(ValueType::kF64) &&
         type <= static_cast<uint8_t>(ValueType::kList);
}

}  // namespace

Status ResultView::Open(ByteView bytes, ResultView* view) {
  if (bytes.size() < kResultHeaderBytes || LoadUnaligned<uint32_t>(bytes.data()) != kResultMagic) {
    return NoResult();
  }
  view->bytes_ = bytes;
  view->row_count_ = LoadUnaligned<uint32_t>(bytes.data() + kRowCountAt);
  view->column_count_ = LoadUnaligned<uint32_t>(bytes.data() + kColumnCountAt);
  const uint64_t described = uint64_t{view->column_count_} * kResultDescriptionBytes;
  return described <= bytes.size() - kResultHeaderBytes ? Status::Ok() : NoResult();
}

Status ResultView::At(uint32_t offset, uint64_t count, const uint8_t** at) const {
  if (offset > bytes_.size() || count > bytes_.size() - offset) return NoResult();
  *at = bytes_.data() + offset;
  return Status::Ok();
}

Status ResultView::ColumnAt(uint32_t place, Column* column) const {
  if (place >= column_count_) return NoResult();
  const uint8_t* from = bytes_.data() + kResultHeaderBytes + kResultDescriptionBytes * place;
  if (!IsValueType(from[0])) return NoResult();
  column->type = static_cast<ValueType>(from[0]);
  column->kind = from[1];
  const uint64_t count = column->value_count = LoadUnaligned<uint32_t>(from + kValuesCountAt);
  HG_RETURN_IF_ERROR(At(LoadUnaligned<uint32_t>(from + kValuesAt),
                        count * ResultValueBytes(column->type), &column->values));
  const auto offsets_at = LoadUnaligned<uint32_t>(from + kOffsetsAt);
  const auto validity_at = LoadUnaligned<uint32_t>(from + kValidityAt);
  const auto keys_at = LoadUnaligned<uint32_t>(from + kKeysAt);
  if (column->type == ValueType::kText || column->type == ValueType::kList) {
    if (offsets_at == 0) return NoResult();
    HG_RETURN_IF_ERROR(
        At(offsets_at, (uint64_t{row_count_} + 1) * sizeof(uint32_t), &column->offsets));
  } else if (count < row_count_) {
    return NoResult();
  }
  if (validity_at != 0) {
    HG_RETURN_IF_ERROR(At(validity_at, (uint64_t{row_count_} + 7) / 8, &column->validity));
  }
  if (keys_at != 0) HG_RETURN_IF_ERROR(At(keys_at, count * sizeof(uint32_t), &column->keys));
  return Status::Ok();
}

}  // namespace hypergraph
