// How member lists are deduplicated and written.
#include <algorithm>
#include <array>
#include <bit>

#include "core/base/hash.h"
#include "core/index/member_lists.h"
#include "core/storage/byte_groups.h"

namespace hypergraph {

namespace {

struct ListTable {
  bool identity = true;
  std::vector<uint32_t> first_rows;   // Of each list: a row that has it.
  std::vector<uint64_t> list_of_row;  // Unless identity.
};

uint64_t BeginOf(const RecordColumns& records, uint64_t row) {
  return row == 0 ? 0 : records.member_ends[row - 1];
}

bool SameLists(const RecordColumns& records, uint32_t a, uint32_t b) {
  const uint64_t a_begin = BeginOf(records, a);
  const uint64_t b_begin = BeginOf(records, b);
  const uint64_t count = records.member_ends[a] - a_begin;
  if (count != records.member_ends[b] - b_begin) return false;
  const NodeNumber* members = records.members.data();
  if (!std::equal(members + a_begin, members + a_begin + count, members + b_begin)) return false;
  const Symbol* roles = records.roles.data();
  return records.roles.empty() ||
         std::equal(roles + a_begin, roles + a_begin + count, roles + b_begin);
}

uint64_t HashList(const RecordColumns& records, uint32_t row) {
  const uint64_t begin = BeginOf(records, row);
  uint64_t hash = records.member_ends[row] - begin;
  for (uint64_t i = begin; i < records.member_ends[row]; ++i) {
    const uint64_t role = records.roles.empty() ? 0 : records.roles[i];
    hash = hash_internal::Fold(hash ^ (role << 32 | records.members[i]), hash_internal::kMix2);
    hash += hash_internal::kMix1;
  }
  return hash_internal::Fold(hash, hash_internal::kMix1);
}

ListTable FindLists(const RecordColumns& records) {
  ListTable table;
  const uint32_t rows = records.record_count;
  table.list_of_row.resize(rows);
  std::vector<uint64_t> slots(std::bit_ceil(size_t{rows} * 2), 0);  // Hash's top half, list + 1.
  const uint64_t mask = slots.size() - 1;
  uint64_t repeated_members = 0;
  // Hashed some rows ahead, whose slots are fetched meanwhile: most are in no cache.
  constexpr uint32_t kAhead = 16;
  std::array<uint64_t, kAhead> hashes;
  const auto prepare = [&](uint32_t row) {
    if (row >= rows) return;
    hashes[row % kAhead] = HashList(records, row);
    __builtin_prefetch(&slots[hashes[row % kAhead] & mask]);
  };
  for (uint32_t row = 0; row < kAhead; ++row) prepare(row);
  for (uint32_t row = 0; row < rows; ++row) {
    const uint64_t hash = hashes[row % kAhead];
    prepare(row + kAhead);
    const uint64_t tag = hash & 0xffffffff00000000;
    uint64_t slot = hash & mask;
    while (slots[slot] != 0) {
      const auto list = static_cast<uint32_t>(slots[slot]) - 1;
      if ((slots[slot] & 0xffffffff00000000) == tag &&
          SameLists(records, table.first_rows[list], row)) {
        break;
      }
      slot = (slot + 1) & mask;
    }
    if (slots[slot] == 0) {
      table.first_rows.push_back(row);
      slots[slot] = tag | table.first_rows.size();
    } else {
      repeated_members += records.member_ends[row] - BeginOf(records, row);
    }
    table.list_of_row[row] = static_cast<uint32_t>(slots[slot]) - 1;
  }
  // Of 2 bytes a member; the numbers must be repaid well, because they cost scans a jump a row.
  const uint64_t map_bytes = PackedBytes(rows, PackedWidth(table.first_rows.size()));
  table.identity = repeated_members * 2 < map_bytes + map_bytes / 2;
  return table;
}

// Ascending distinct roles with kSymbolNone first; empty when no member has one.
std::vector<Symbol> FindRoles(const RecordColumns& records) {
  std::vector<Symbol> roles;
  for (const Symbol role : records.roles) {
    if (!roles.empty() && role == roles.back()) continue;
    const auto at = std::lower_bound(roles.begin(), roles.end(), role);
    if (at == roles.end() || *at != role) roles.insert(at, role);
  }
  if (roles.empty() || roles == std::vector<Symbol>{kSymbolNone}) return {};
  if (roles.front() != kSymbolNone) roles.insert(roles.begin(), kSymbolNone);
  return roles;
}

class BlockWriter {
 public:
  BlockWriter(const RecordColumns& records, std::span<const uint32_t> locals,
              const std::vector<Symbol>& roles)
      : records_(records), locals_(locals), roles_(roles) {}

  void Write(std::span<const uint32_t> rows, std::vector<uint8_t>* out) {
    arities_.assign(32, 0);
    members_.clear();
    codes_.clear();
    for (size_t i = 0; i < rows.size(); ++i) {
      const uint64_t begin = BeginOf(records_, rows[i]);
      const uint64_t end = records_.member_ends[rows[i]];
      arities_[i] = static_cast<uint32_t>(end - begin);
      members_.insert(members_.end(), locals_.begin() + static_cast<ptrdiff_t>(begin),
                      locals_.begin() + static_cast<ptrdiff_t>(end));
      if (!roles_.empty()) AddRoles(begin, end);
    }
    PutPacked(arities_, true, 0, out);
    const size_t control_bytes = ByteGroupControlBytes(members_.size());
    scratch_.clear();
    EncodeByteGroups(members_, &scratch_);
    const auto data = scratch_.begin() + static_cast<ptrdiff_t>(control_bytes);
    out->insert(out->end(), scratch_.begin(), data);
    if (!roles_.empty()) PutPacked(codes_, false, PackedWidth(roles_.size() - 1), out);
    out->insert(out->end(), data, scratch_.end());
  }

 private:
  void AddRoles(uint64_t begin, uint64_t end) {
    for (uint64_t i = begin; i < end; ++i) {
      const auto at = std::lower_bound(roles_.begin(), roles_.end(), records_.roles[i]);
      codes_.push_back(static_cast<uint32_t>(at - roles_.begin()));
    }
  }
  static void PutPacked(const std::vector<uint32_t>& values, bool own_width, unsigned width,
                        std::vector<uint8_t>* out) {
    if (own_width) {
      width = PackedWidth(*std::max_element(values.begin(), values.end()));
      out->push_back(static_cast<uint8_t>(width));
    }
    const size_t at = out->size();
    out->resize(at + PackedBytes(values.size(), width));
    PackBits(std::span<const uint32_t>(values), width, out->data() + at);
  }

  const RecordColumns& records_;
  const std::span<const uint32_t> locals_;
  const std::vector<Symbol>& roles_;
  std::vector<uint32_t> arities_, members_, codes_;
  std::vector<uint8_t> scratch_;
};

}  // namespace

void MemberLists::Write(const RecordColumns& records, std::span<const uint32_t> locals,
                        ByteWriter* section, ByteWriter* meta) {
  ListTable table = FindLists(records);
  if (table.identity) {
    table.first_rows.resize(records.record_count);
    for (uint32_t row = 0; row < records.record_count; ++row) table.first_rows[row] = row;
  }
  const std::vector<Symbol> roles = FindRoles(records);
  meta->Put(static_cast<uint32_t>(table.first_rows.size()));
  meta->Put(static_cast<uint8_t>(table.identity));
  meta->Put(static_cast<uint32_t>(roles.size()));
  for (const Symbol role : roles) meta->Put(role);
  if (!table.identity) {
    CodeColumn::Write(table.list_of_row, CodeLayout::kAny, section, meta);
    table.list_of_row = {};
  }
  std::vector<uint64_t> ends;
  std::vector<uint8_t> data;
  BlockWriter writer(records, locals, roles);
  const std::span<const uint32_t> rows = table.first_rows;
  for (size_t first = 0; first < rows.size(); first += kBlockLists) {
    writer.Write(rows.subspan(first, std::min<size_t>(kBlockLists, rows.size() - first)), &data);
    ends.push_back(data.size());
  }
  PackedArray::Write(std::span<const uint64_t>(ends), section, meta);
  meta->Put(static_cast<uint64_t>(section->size()));
  meta->Put(static_cast<uint64_t>(data.size()));
  data.resize(data.size() + kByteGroupPadding);
  section->PutBytes(data);
}

}  // namespace hypergraph
