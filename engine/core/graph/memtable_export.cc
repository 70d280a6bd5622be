// All records sorted, for a flush.
#include <algorithm>
#include <numeric>

#include "core/base/run_both.h"
#include "core/graph/memtable.h"

namespace hypergraph {

void Memtable::SortedRecords(RecordColumns* records, std::vector<uint32_t>* row_to_rank) const {
  const uint32_t count = row_count();
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  SortByTime(&order, 0);
  row_to_rank->resize(count);
  for (uint32_t rank = 0; rank < count; ++rank) (*row_to_rank)[order[rank]] = rank;

  *records = RecordColumns();
  records->record_count = count;
  if (count == 0) return;
  const auto numbers = [&] { ExportNumbers(order, records); };
  const auto others = [&] {
    ExportMembers(order, records);
    if (!keys_.empty()) ExportKeys(order, records);
    ExportProperties(order, records);
    ExportMarks(order, records);
  };
  constexpr uint32_t kBesideFrom = 16384;  // A thread costs as much as some hundred rows.
  if (count >= kBesideFrom) return RunBoth(numbers, others);
  numbers();
  others();
}

void Memtable::ExportNumbers(std::span<const uint32_t> order, RecordColumns* records) const {
  const size_t count = order.size();
  const Rows rows = Rows::List(order);
  records->event_ts.resize(count);
  records->seq.resize(count);
  records->id.resize(count);
  Status status = EventTs(rows, records->event_ts.data());  // None of these can fail in memory.
  if (status.ok()) status = Seqs(rows, records->seq.data());
  if (status.ok()) status = Ids(rows, records->id.data());
  if (status.ok() && !valid_to_.empty()) {
    records->valid_to.resize(count);
    status = ValidTo(rows, records->valid_to.data());
  }
  if (status.ok() && !weights_.empty()) {
    records->weight.resize(count);
    status = Weights(rows, records->weight.data());
  }
  if (status.ok() && !labels_.empty()) {
    records->label.resize(count);
    status = Labels(rows, records->label.data());
  }
}

void Memtable::ExportMembers(std::span<const uint32_t> order, RecordColumns* records) const {
  MemberColumns members;
  members.nodes.reserve(member_ends_[static_cast<uint32_t>(order.size()) - 1]);
  records->member_ends.reserve(order.size());
  for (const uint32_t row : order) {
    CopyMembers(MembersBegin(row), member_ends_[row], &members);
    records->member_ends.push_back(members.nodes.size());
  }
  records->members = std::move(members.nodes);
  records->roles = std::move(members.roles);
}

void Memtable::ExportKeys(std::span<const uint32_t> order, RecordColumns* records) const {
  records->key_ends.reserve(order.size());
  for (const uint32_t row : order) {
    records->key_bytes += KeyOf(row);
    records->key_ends.push_back(records->key_bytes.size());
  }
}

void Memtable::ExportProperties(std::span<const uint32_t> order, RecordColumns* records) const {
  for (uint32_t property = 0; property <= UINT16_MAX; ++property) {
    const PropertyStore* store = FindProperty(static_cast<PropertyIndex>(property));
    if (store == nullptr) continue;
    PropertyValues& values = records->properties.emplace_back();
    values.property = static_cast<PropertyIndex>(property);
    values.type = store->type;
    bool all_present = true;
    values.present.reserve(order.size());
    for (const uint32_t row : order) {
      const uint8_t present = store->present[row];
      all_present = all_present && present != 0;
      values.present.push_back(present);
      const uint64_t bits = store->values[row];
      if (store->type == PropertyType::kString) {
        values.string_bytes += TextArena::TextAt(bits);
        values.string_ends.push_back(values.string_bytes.size());
      } else if (store->type == PropertyType::kFloat64) {
        values.floats.push_back(std::bit_cast<double>(bits));
      } else {
        values.integers.push_back(static_cast<int64_t>(bits));
      }
    }
    if (all_present) values.present.clear();
  }
}

void Memtable::ExportMarks(std::span<const uint32_t> order, RecordColumns* records) const {
  if (mark_count_.load(std::memory_order_acquire) == 0) return;
  records->superseded_by.reserve(order.size());
  for (const uint32_t row : order) records->superseded_by.push_back(SupersededBy(row));
}

}  // namespace hypergraph
