// What the rows hold: columns, comparisons, sums.
#include <algorithm>

#include "core/graph/memtable.h"
#include "core/index/among.h"

namespace hypergraph {

namespace {

template <typename T>
struct Itself {
  T operator()(T value) const { return value; }
};

// Calls put(i, value) for the i-th of rows; values of blocks never made are T{}.
template <typename T, typename Put>
void ForEach(const GrowingColumn<T>& column, Rows rows, const Put& put) {
  if (!rows.contiguous()) {
    for (uint32_t i = 0; i < rows.size(); ++i) put(i, column[rows[i]]);
    return;
  }
  for (uint32_t done = 0; done < rows.size();) {
    uint32_t run;
    const std::span<const T> values = column.Run(rows.first() + done, rows.size() - done, &run);
    for (uint32_t i = 0; i < run; ++i) put(done + i, values.empty() ? T{} : values[i]);
    done += run;
  }
}

template <typename T, typename Out, typename Convert = Itself<T>>
Status Copy(const GrowingColumn<T>& column, Rows rows, Out* out, const Convert& convert = {}) {
  ForEach(column, rows, [&](uint32_t i, T value) { out[i] = convert(value); });
  return Status::Ok();
}

double WeightOfBits(uint64_t held) { return std::bit_cast<double>(held ^ kOneBits); }

// Appends the rows whose value holds. get(row, &value) is false for a null.
template <typename T, typename Get>
void SelectBy(const Comparison& comparison, Rows rows, const Get& get,
              std::vector<uint32_t>* selected) {
  const CompareOp op = comparison.op;
  const bool want_null = op == CompareOp::kIsNull;
  const Among among(comparison.operands);
  for (uint32_t i = 0; i < rows.size(); ++i) {
    T value;
    const bool present = get(rows[i], &value);
    bool holds = present != want_null;
    if (holds && op == CompareOp::kIn) {
      holds = among.Has(value);
    } else if (holds && !want_null && op != CompareOp::kIsNotNull) {
      holds = !comparison.operands.empty() && Compare(value, op, comparison.operands[0]);
    }
    if (holds) selected->push_back(rows[i]);
  }
}

template <typename T, typename Get, typename Holds>
void SelectIf(Rows rows, const Get& get, const Holds& holds, std::vector<uint32_t>* selected) {
  for (uint32_t i = 0; i < rows.size(); ++i) {
    T value;
    if (get(rows[i], &value) && holds(value)) selected->push_back(rows[i]);
  }
}

// The loop for one operand of the column's own type, which is the common case.
template <typename T, typename Get>
void SelectNumbers(const Comparison& comparison, Rows rows, const Get& get,
                   std::vector<uint32_t>* out) {
  const T* operand =
      comparison.operands.size() == 1 ? std::get_if<T>(&comparison.operands[0]) : nullptr;
  if (operand == nullptr) return SelectBy<T>(comparison, rows, get, out);
  const T right = *operand;
  switch (comparison.op) {
    case CompareOp::kEq:
      return SelectIf<T>(
          rows, get, [right](T left) { return left == right; }, out);
    case CompareOp::kNe:
      return SelectIf<T>(
          rows, get, [right](T left) { return left != right; }, out);
    case CompareOp::kLt:
      return SelectIf<T>(
          rows, get, [right](T left) { return left < right; }, out);
    case CompareOp::kLe:
      return SelectIf<T>(
          rows, get, [right](T left) { return left <= right; }, out);
    case CompareOp::kGt:
      return SelectIf<T>(
          rows, get, [right](T left) { return left > right; }, out);
    case CompareOp::kGe:
      return SelectIf<T>(
          rows, get, [right](T left) { return left >= right; }, out);
    default:
      return SelectBy<T>(comparison, rows, get, out);
  }
}

}  // namespace

double Memtable::WeightOf(uint32_t row) const { return WeightOfBits(weights_[row]); }

const Memtable::PropertyStore* Memtable::FindProperty(PropertyIndex property) const {
  const std::atomic<PropertyStore*>* cell = properties_.Find(property);
  return cell == nullptr ? nullptr : cell->load(std::memory_order_acquire);
}

Status Memtable::EventTs(Rows rows, Micros* out) const { return Copy(event_ts_, rows, out); }
Status Memtable::Seqs(Rows rows, Seq* out) const { return Copy(seqs_, rows, out); }
Status Memtable::Labels(Rows rows, Symbol* out) const { return Copy(labels_, rows, out); }

Status Memtable::Ids(Rows rows, EdgeId* out) const {
  HG_RETURN_IF_ERROR(Copy(seqs_, rows, out));
  if (ids_.empty()) return Status::Ok();
  ForEach(ids_, rows, [&](uint32_t i, EdgeId id) { out[i] = id == 0 ? out[i] : id; });
  return Status::Ok();
}

Status Memtable::ValidTo(Rows rows, Micros* out) const {
  return Copy(valid_to_, rows, out, [](Micros held) { return held ^ kMicrosMax; });
}

Status Memtable::Weights(Rows rows, double* out) const {
  return Copy(weights_, rows, out, WeightOfBits);
}

Status Memtable::Arities(Rows rows, uint32_t* out) const {
  for (uint32_t i = 0; i < rows.size(); ++i) {
    out[i] = member_ends_[rows[i]] - MembersBegin(rows[i]);
  }
  return Status::Ok();
}

void Memtable::CopyMembers(uint32_t begin, uint32_t end, MemberColumns* out) const {
  const size_t at = out->nodes.size();
  out->nodes.resize(at + (end - begin));
  if (!out->roles.empty()) out->roles.resize(out->nodes.size());
  for (uint32_t done = begin; done < end;) {
    uint32_t run;
    const std::span<const NodeNumber> nodes = members_.Run(done, end - done, &run);
    std::copy(nodes.begin(), nodes.end(),
              out->nodes.begin() + static_cast<ptrdiff_t>(at + (done - begin)));
    const std::span<const Symbol> roles = roles_.Run(done, end - done, &run);
    const bool any = std::any_of(roles.begin(), roles.end(), [](Symbol role) { return role != 0; });
    if (any) {
      out->roles.resize(out->nodes.size());
      std::copy(roles.begin(), roles.end(),
                out->roles.begin() + static_cast<ptrdiff_t>(at + (done - begin)));
    }
    done += run;
  }
}

Status Memtable::Members(Rows rows, MemberColumns* out) const {
  if (out->offsets.empty()) out->offsets.push_back(0);
  out->offsets.reserve(out->offsets.size() + rows.size());
  if (rows.size() == 0) return Status::Ok();
  if (rows.contiguous()) {
    const uint32_t begin = MembersBegin(rows.first());
    const auto base = static_cast<uint32_t>(out->nodes.size()) - begin;
    CopyMembers(begin, member_ends_[rows.first() + rows.size() - 1], out);
    ForEach(member_ends_, rows,
            [&](uint32_t, uint32_t end) { out->offsets.push_back(base + end); });
    return Status::Ok();
  }
  for (uint32_t i = 0; i < rows.size(); ++i) {
    CopyMembers(MembersBegin(rows[i]), member_ends_[rows[i]], out);
    out->offsets.push_back(static_cast<uint32_t>(out->nodes.size()));
  }
  return Status::Ok();
}

Status Memtable::Keys(Rows rows, std::vector<std::string_view>* out) const {
  const size_t at = out->size();
  out->resize(at + rows.size());
  ForEach(keys_, rows,
          [&](uint32_t i, uint64_t address) { (*out)[at + i] = TextArena::TextAt(address); });
  return Status::Ok();
}

Status Memtable::Property(PropertyIndex property, Rows rows, PropertyColumn* out) const {
  const PropertyStore* store = FindProperty(property);
  const size_t at = out->present.size();
  const size_t end = at + rows.size();
  out->present.resize(end);
  if (store == nullptr) {  // No row has it, so its type is not known here either.
    out->integers.resize(end);
    out->floats.resize(end);
    out->strings.resize(end);
    return Status::Ok();
  }
  HG_RETURN_IF_ERROR(Copy(store->present, rows, out->present.data() + at));
  if (store->type == PropertyType::kString) {
    out->strings.resize(end);
    return Copy(store->values, rows, out->strings.data() + at, TextArena::TextAt);
  }
  if (store->type == PropertyType::kFloat64) {
    out->floats.resize(end);
    return Copy(store->values, rows, out->floats.data() + at,
                [](uint64_t bits) { return std::bit_cast<double>(bits); });
  }
  out->integers.resize(end);
  return Copy(store->values, rows, out->integers.data() + at,
              [](uint64_t bits) { return static_cast<int64_t>(bits); });
}

Status Memtable::SumWeights(Rows rows, double* sum) const {
  if (weights_.empty()) {
    *sum = rows.size();
    return Status::Ok();
  }
  double total = 0;
  ForEach(weights_, rows, [&](uint32_t, uint64_t held) { total += WeightOfBits(held); });
  *sum = total;
  return Status::Ok();
}

Status Memtable::CountMembers(Rows rows, std::span<uint32_t> counts) const {
  for (uint32_t i = 0; i < rows.size(); ++i) {
    const uint32_t end = member_ends_[rows[i]];
    for (uint32_t at = MembersBegin(rows[i]); at < end; ++at) ++counts[members_[at]];
  }
  return Status::Ok();
}

Status Memtable::Select(const Comparison& comparison, Rows rows,
                        std::vector<uint32_t>* selected) const {
  const auto integers = [&](const auto& get) {
    SelectNumbers<int64_t>(comparison, rows, get, selected);
    return Status::Ok();
  };
  const auto always = [&](const auto& value_of) {
    return integers([&](uint32_t row, int64_t* value) {
      *value = static_cast<int64_t>(value_of(row));
      return true;
    });
  };
  switch (comparison.column.kind) {
    case ColumnKind::kId:
      return always([this](uint32_t row) { return IdOf(row); });
    case ColumnKind::kSeq:
      return always([this](uint32_t row) { return seqs_[row]; });
    case ColumnKind::kEventTs:
      return always([this](uint32_t row) { return event_ts_[row]; });
    case ColumnKind::kValidTo:
      return always([this](uint32_t row) { return ValidToOf(row); });
    case ColumnKind::kArity:
      return always([this](uint32_t row) { return member_ends_[row] - MembersBegin(row); });
    case ColumnKind::kLabel:
      return integers([this](uint32_t row, int64_t* value) {
        *value = labels_[row];
        return *value != kSymbolNone;
      });
    case ColumnKind::kWeight:
      SelectNumbers<double>(
          comparison, rows,
          [this](uint32_t row, double* value) {
            *value = WeightOf(row);
            return true;
          },
          selected);
      return Status::Ok();
    case ColumnKind::kKey:
      SelectBy<std::string_view>(
          comparison, rows,
          [this](uint32_t row, std::string_view* value) {
            *value = KeyOf(row);
            return !value->empty();
          },
          selected);
      return Status::Ok();
    case ColumnKind::kProperty:
      return SelectProperty(comparison, rows, selected);
    case ColumnKind::kMembers:
    case ColumnKind::kRoles:
      break;
  }
  return {Code::kUnsupported, "members and roles are not compared by a filter"};
}

Status Memtable::SelectProperty(const Comparison& comparison, Rows rows,
                                std::vector<uint32_t>* selected) const {
  const PropertyStore* store = FindProperty(comparison.column.property);
  if (store == nullptr) {
    if (comparison.op != CompareOp::kIsNull) return Status::Ok();
    for (uint32_t i = 0; i < rows.size(); ++i) selected->push_back(rows[i]);
    return Status::Ok();
  }
  if (store->type == PropertyType::kString) {
    SelectBy<std::string_view>(
        comparison, rows,
        [store](uint32_t row, std::string_view* value) {
          *value = TextArena::TextAt(store->values[row]);
          return store->present[row] != 0;
        },
        selected);
  } else if (store->type == PropertyType::kFloat64) {
    SelectNumbers<double>(
        comparison, rows,
        [store](uint32_t row, double* value) {
          *value = std::bit_cast<double>(store->values[row]);
          return store->present[row] != 0;
        },
        selected);
  } else {
    SelectNumbers<int64_t>(
        comparison, rows,
        [store](uint32_t row, int64_t* value) {
          *value = static_cast<int64_t>(store->values[row]);
          return store->present[row] != 0;
        },
        selected);
  }
  return Status::Ok();
}

}  // namespace hypergraph
