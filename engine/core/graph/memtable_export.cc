// All records sorted, for a flush.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "core/base/run_both.h"
#include "core/graph/memtable.h"

namespace hypergraph {
namespace {

// Rows that follow each other are copied together: visit(rows, place of the first).
template <typename Visit>
void ForRuns(std::span<const uint32_t> order, const Visit& visit) {
  for (size_t at = 0; at < order.size();) {
    size_t end = at + 1;
    while (end < order.size() && order[end] == order[end - 1] + 1) ++end;
    visit(Rows::Range(order[at], static_cast<uint32_t>(end - at)), at);
    at = end;
  }
}

// The values, or what their bits are as another type. Requires: contiguous rows.
template <typename T, typename Out>
void CopyRows(const GrowingColumn<T>& column, Rows rows, Out* out) {
  static_assert(sizeof(T) == sizeof(Out));
  for (uint32_t done = 0; done < rows.size();) {
    uint32_t run;
    const std::span<const T> values = column.Run(rows.first() + done, rows.size() - done, &run);
    if (values.empty()) {
      std::fill_n(out + done, run, Out{});
    } else {
      std::memcpy(out + done, values.data(), values.size_bytes());
    }
    done += run;
  }
}

}  // namespace

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
  records->event_ts.resize(count);
  records->seq.resize(count);
  records->id.resize(count);
  if (!valid_to_.empty()) records->valid_to.resize(count);
  if (!weights_.empty()) records->weight.resize(count);
  if (!labels_.empty()) records->label.resize(count);
  ForRuns(order, [&](Rows rows, size_t at) {  // None of these can fail in memory.
    (void)EventTs(rows, records->event_ts.data() + at);
    (void)Seqs(rows, records->seq.data() + at);
    (void)Ids(rows, records->id.data() + at);
    if (!valid_to_.empty()) (void)ValidTo(rows, records->valid_to.data() + at);
    if (!weights_.empty()) (void)Weights(rows, records->weight.data() + at);
    if (!labels_.empty()) (void)Labels(rows, records->label.data() + at);
  });
}

void Memtable::ExportMembers(std::span<const uint32_t> order, RecordColumns* records) const {
  MemberColumns members;
  members.nodes.reserve(member_ends_[static_cast<uint32_t>(order.size()) - 1]);
  records->member_ends.reserve(order.size());
  ForRuns(order, [&](Rows rows, size_t) {
    const uint32_t begin = MembersBegin(rows.first());
    const uint64_t before = members.nodes.size();
    CopyMembers(begin, member_ends_[rows.first() + rows.size() - 1], &members);
    for (uint32_t i = 0; i < rows.size(); ++i) {
      records->member_ends.push_back(before + (member_ends_[rows[i]] - begin));
    }
  });
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
    values.present.resize(order.size());
    ForRuns(order, [&](Rows rows, size_t at) {
      CopyRows(store->present, rows, values.present.data() + at);
    });
    const bool all_present =
        std::find(values.present.begin(), values.present.end(), 0) == values.present.end();
    if (all_present) values.present = {};
    if (store->type == PropertyType::kString) {
      for (const uint32_t row : order) {
        values.string_bytes += TextArena::TextAt(store->values[row]);
        values.string_ends.push_back(values.string_bytes.size());
      }
    } else if (store->type == PropertyType::kFloat64) {
      values.floats.resize(order.size());
      ForRuns(order, [&](Rows rows, size_t at) {
        CopyRows(store->values, rows, values.floats.data() + at);
      });
    } else {
      values.integers.resize(order.size());
      ForRuns(order, [&](Rows rows, size_t at) {
        CopyRows(store->values, rows, values.integers.data() + at);
      });
    }
  }
}

void Memtable::ExportMarks(std::span<const uint32_t> order, RecordColumns* records) const {
  if (mark_count_.load(std::memory_order_acquire) == 0) return;
  records->superseded_by.reserve(order.size());
  for (const uint32_t row : order) records->superseded_by.push_back(SupersededBy(row));
}

}  // namespace hypergraph
