#include "core/query/find_columns.h"

#include <algorithm>

namespace hypergraph {
namespace {

// A batch of the widest values fits the first cache with room to spare.
constexpr uint32_t kColumnRows = 2048;
constexpr size_t kMembersAhead = 64;

void ClearValues(PropertyColumn* column) {
  column->present.clear();
  column->integers.clear();
  column->floats.clear();
  column->strings.clear();
}

Status TooManyMembers() {
  return {Code::kTooLarge, "the rows have more than 2^32 members; ask for fewer rows at a time"};
}

template <typename T>
void AppendTo(std::vector<T>* all, const std::vector<T>& batch) {
  all->insert(all->end(), batch.begin(), batch.end());
}

}  // namespace

FindColumns::FindColumns(const FindPage& page, const TableSchema& schema, const Dictionary& nodes,
                         ResultWriter* writer)
    : page_(page), schema_(schema), nodes_(nodes), writer_(writer) {}

FindColumns::~FindColumns() {
  if (!members_decoded_) return;
  KeepRowList(std::move(all_members_.offsets));
  KeepRowList(std::move(all_members_.nodes));
  KeepRowList(std::move(all_members_.keys));
}

Status FindColumns::Write(ColumnRef column) {
  const Status status = WriteNext(column);
  ++written_;
  return status;
}

Status FindColumns::WriteNext(ColumnRef column) {
  const auto kind = static_cast<uint8_t>(column.kind);
  switch (column.kind) {
    case ColumnKind::kId:
      return Numbers(kind, &RowSource::Ids);
    case ColumnKind::kSeq:
      return Numbers(kind, &RowSource::Seqs);
    case ColumnKind::kEventTs:
      return AsRead(ValueType::kI64, kind, &RowSource::EventTs);
    case ColumnKind::kValidTo:
      return AsRead(ValueType::kI64, kind, &RowSource::ValidTo);
    case ColumnKind::kWeight:
      return AsRead(ValueType::kF64, kind, &RowSource::Weights);
    case ColumnKind::kLabel:
      return AsRead(ValueType::kU32, kind, &RowSource::Labels);
    case ColumnKind::kArity:
      return AsRead(ValueType::kU32, kind, &RowSource::Arities);
    case ColumnKind::kMembers:
    case ColumnKind::kRoles:
      return Lists(column);
    case ColumnKind::kKey:
      return Keys();
    case ColumnKind::kProperty:
      return Property(column.property);
  }
  return Status::Ok();
}

template <typename T>
Status FindColumns::AsRead(ValueType type, uint8_t kind,
                           Status (RowSource::*read)(Rows, T*) const) {
  return Plain<T>(type, kind, [read](const RowSource& source, Rows rows, T* out) {
    return (source.*read)(rows, out);
  });
}

// Numbers up to 2^53 − 1, as JavaScript has them.
Status FindColumns::Numbers(uint8_t kind, Status (RowSource::*read)(Rows, uint64_t*) const) {
  uint64_t numbers[kColumnRows];
  return Plain<double>(ValueType::kF64, kind,
                       [&](const RowSource& source, Rows rows, double* out) -> Status {
                         HG_RETURN_IF_ERROR((source.*read)(rows, numbers));
                         for (uint32_t i = 0; i < rows.size(); ++i) {
                           out[i] = static_cast<double>(static_cast<int64_t>(numbers[i]));
                         }
                         return Status::Ok();
                       });
}

Status FindColumns::WriteNodeNumbers() {
  int64_t instants[kColumnRows];
  ++written_;
  return Plain<uint32_t>(ValueType::kU32, static_cast<uint8_t>(ResultKind::kNode),
                         [&](const RowSource& source, Rows rows, uint32_t* out) -> Status {
                           HG_RETURN_IF_ERROR(source.EventTs(rows, instants));
                           for (uint32_t i = 0; i < rows.size(); ++i) {
                             out[i] = static_cast<uint32_t>(instants[i]);
                           }
                           return Status::Ok();
                         });
}

template <typename Decode>
Status FindColumns::ForRows(Decode decode) {
  for (const FindPage::Piece& piece : page_.pieces()) {
    const Rows rows = page_.RowsOf(piece);
    for (uint32_t done = 0; done < rows.size(); done += kColumnRows) {
      const uint32_t count = std::min(kColumnRows, rows.size() - done);
      HG_RETURN_IF_ERROR(decode(*piece.source, rows.Slice(done, count)));
    }
  }
  return Status::Ok();
}

template <typename T>
void FindColumns::Reorder(std::vector<T>* values) const {
  if (page_.order().empty()) return;
  std::vector<T> ordered;
  ordered.reserve(page_.order().size());
  for (const uint32_t place : page_.order()) ordered.push_back((*values)[place]);
  values->swap(ordered);
}

template <typename T, typename Decode>
Status FindColumns::Plain(ValueType type, uint8_t kind, Decode decode) {
  writer_->BeginColumn(type, kind);
  T batch[kColumnRows];
  std::vector<T> gathered;
  const bool reorders = !page_.order().empty();
  if (reorders) gathered.reserve(page_.row_count());
  const auto append = [&](const RowSource& source, Rows rows) -> Status {
    HG_RETURN_IF_ERROR(decode(source, rows, batch));
    if (reorders) {
      gathered.insert(gathered.end(), batch, batch + rows.size());
    } else {
      writer_->AppendValues(std::span<const T>(batch, rows.size()));
    }
    return Status::Ok();
  };
  HG_RETURN_IF_ERROR(ForRows(append));
  Reorder(&gathered);
  if (reorders) writer_->AppendValues(std::span<const T>(gathered));
  return Status::Ok();
}

Status FindColumns::Lists(ColumnRef column) {
  const bool wants_members = column.kind == ColumnKind::kMembers;
  writer_->BeginColumn(ValueType::kList, static_cast<uint8_t>(column.kind));
  const bool is_streamed =
      wants_members && page_.order().empty() && page_.row_count() > kColumnRows;
  // In another order they would have to be put in it as well.
  const bool wants_keys = wants_members && !is_streamed && page_.order().empty();
  if (wants_keys) all_members_.wants_keys = &nodes_;
  HG_RETURN_IF_ERROR(is_streamed ? StreamMembers() : DecodeMembers());
  const std::span<const uint32_t> offsets = all_members_.offsets;
  if (!wants_members) all_members_.roles.resize(offsets.back());
  const std::vector<uint32_t>& values = wants_members ? all_members_.nodes : all_members_.roles;
  if (page_.order().empty()) {
    if (!is_streamed) writer_->AppendValues(std::span<const uint32_t>(values));
  } else {
    for (const uint32_t row : page_.order()) {
      writer_->AppendValues(
          std::span<const uint32_t>(values.data() + offsets[row], offsets[row + 1] - offsets[row]));
    }
  }
  if (wants_members) writer_->AddNodeKeys(nodes_, all_members_.keys);
  if (lists_at_) {
    writer_->ShareOffsets(*lists_at_);
    return Status::Ok();
  }
  lists_at_ = written_;
  if (page_.order().empty()) {
    writer_->SetOffsets(offsets);
    return Status::Ok();
  }
  std::vector<uint32_t> ordered{0};
  ordered.reserve(page_.row_count() + 1);
  for (const uint32_t row : page_.order()) {
    ordered.push_back(ordered.back() + offsets[row + 1] - offsets[row]);
  }
  writer_->SetOffsets(ordered);
  return Status::Ok();
}

// Nodes go out while they are in the nearest cache; offsets and roles stay for the columns of them.
Status FindColumns::StreamMembers() {
  members_decoded_ = true;
  MemberColumns& all = all_members_;
  all.Clear();
  all.offsets.reserve(page_.row_count() + 1);
  MemberColumns batch;
  return ForRows([&](const RowSource& source, Rows rows) -> Status {
    batch.Clear();
    HG_RETURN_IF_ERROR(source.Members(rows, &batch));
    const uint32_t before = all.offsets.back();
    if (batch.nodes.size() > UINT32_MAX - before) return TooManyMembers();
    const size_t first = all.offsets.size();
    all.offsets.resize(first + rows.size());
    for (uint32_t i = 0; i < rows.size(); ++i) {
      all.offsets[first + i] = before + batch.offsets[i + 1];
    }
    if (!batch.roles.empty()) {
      all.roles.resize(before);
      AppendTo(&all.roles, batch.roles);
    }
    writer_->AppendValues(std::span<const uint32_t>(batch.nodes));
    return Status::Ok();
  });
}

Status FindColumns::DecodeMembers() {
  if (members_decoded_) return Status::Ok();
  members_decoded_ = true;
  all_members_.nodes = TakeRowList();
  all_members_.offsets = TakeRowList();
  if (all_members_.wants_keys != nullptr) all_members_.keys = TakeRowList();
  all_members_.offsets.reserve(page_.row_count() + 1);
  // Rows of a node that many have are larger than the rest, and decoding wants some room ahead.
  all_members_.nodes.reserve(static_cast<size_t>(page_.member_count()) * 2 + kMembersAhead);
  all_members_.Clear();
  return ForRows(
      [&](const RowSource& source, Rows rows) { return source.Members(rows, &all_members_); });
}

Status FindColumns::Keys() {
  std::vector<std::string_view> batch;
  std::vector<std::string_view> keys;
  keys.reserve(page_.row_count());
  const auto append = [&](const RowSource& source, Rows rows) -> Status {
    batch.clear();
    HG_RETURN_IF_ERROR(source.Keys(rows, &batch));
    AppendTo(&keys, batch);
    return Status::Ok();
  };
  HG_RETURN_IF_ERROR(ForRows(append));
  Reorder(&keys);
  std::vector<uint8_t> present(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) present[i] = keys[i].empty() ? 0 : 1;
  writer_->AddText(static_cast<uint8_t>(ColumnKind::kKey), 0, keys, present);
  return Status::Ok();
}

Status FindColumns::Property(PropertyIndex property) {
  constexpr auto kKind = static_cast<uint8_t>(ColumnKind::kProperty);
  PropertyColumn batch;
  PropertyColumn all;
  all.present.reserve(page_.row_count());
  const auto append = [&](const RowSource& source, Rows rows) -> Status {
    ClearValues(&batch);
    HG_RETURN_IF_ERROR(source.Property(property, rows, &batch));
    AppendTo(&all.present, batch.present);
    AppendTo(&all.integers, batch.integers);
    AppendTo(&all.floats, batch.floats);
    AppendTo(&all.strings, batch.strings);
    return Status::Ok();
  };
  HG_RETURN_IF_ERROR(ForRows(append));
  Reorder(&all.present);
  switch (schema_.properties[property].type) {
    case PropertyType::kBool: {
      Reorder(&all.integers);
      const std::vector<uint8_t> bools(all.integers.begin(), all.integers.end());
      writer_->AddU8(kKind, property, bools, all.present);
      break;
    }
    case PropertyType::kInt64:
    case PropertyType::kTimestamp:
      Reorder(&all.integers);
      writer_->AddI64(kKind, property, all.integers, all.present);
      break;
    case PropertyType::kFloat64:
      Reorder(&all.floats);
      writer_->AddF64(kKind, property, all.floats, all.present);
      break;
    case PropertyType::kString:
      Reorder(&all.strings);
      writer_->AddText(kKind, property, all.strings, all.present);
      break;
  }
  return Status::Ok();
}

}  // namespace hypergraph
