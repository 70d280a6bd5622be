#include "core/index/member_lists.h"

#include <algorithm>

#include "core/storage/byte_groups.h"
#include "core/storage/verify_lookups.h"

namespace hypergraph {

namespace {
constexpr uint32_t kChunkRows = 1024;
// Lists whose bytes are asked for while those before them are decoded.
constexpr uint32_t kFetchAhead = 4;
constexpr uint64_t kLineBytes = 64;
constexpr size_t kMembersAhead = 64;
static_assert(kMembersAhead >= kByteGroupSlack);

// Writes where each list starts and, last, where the last one ends. Gives the same in 64 bits.
template <size_t kCount>
uint64_t AddUp(const std::array<uint32_t, kCount>& arities, uint32_t* starts) {
  uint64_t total = 0;
  uint32_t sum = 0;
  for (size_t i = 0; i < kCount; i += 4) {
    // Sums of one, two, three and four, so that the next four wait for one addition only.
    const uint32_t two = arities[i] + arities[i + 1];
    const uint32_t four = two + arities[i + 2] + arities[i + 3];
    starts[i] = sum;
    starts[i + 1] = sum + arities[i];
    starts[i + 2] = sum + two;
    starts[i + 3] = sum + two + arities[i + 2];
    sum += four;
    for (size_t k = 0; k < 4; ++k) total += arities[i + k];
  }
  starts[kCount] = sum;
  return total;
}
}  // namespace

bool MemberLists::Open(const SectionFile* file, ByteView section, uint32_t row_count,
                       ByteReader* meta, MemberLists* lists) {
  lists->file_ = file;
  lists->row_count_ = row_count;
  lists->list_count_ = meta->Get<uint32_t>();
  lists->identity_ = meta->Get<uint8_t>() != 0;
  const auto role_count = meta->Get<uint32_t>();
  if (!meta->ok() || role_count > meta->remaining() / sizeof(Symbol)) return false;
  lists->roles_.resize(role_count);
  for (Symbol& role : lists->roles_) role = meta->Get<Symbol>();
  lists->role_width_ = role_count == 0 ? 0 : PackedWidth(role_count - 1);
  if (lists->identity_) {
    if (lists->list_count_ != row_count) return false;
  } else if (!CodeColumn::Open(file, section, meta, &lists->list_of_row_) ||
             lists->list_of_row_.count() != row_count ||
             lists->list_of_row_.max() >= lists->list_count_) {
    return false;
  }
  if (!PackedArray::Open(section, meta, &lists->block_ends_)) return false;
  const auto offset = meta->Get<uint64_t>();
  const auto bytes = meta->Get<uint64_t>();
  const uint64_t blocks = (uint64_t{lists->list_count_} + kBlockLists - 1) / kBlockLists;
  if (!meta->ok() || lists->block_ends_.count() != blocks || offset > section.size() ||
      bytes > section.size() - offset || section.size() - offset - bytes < kByteGroupPadding) {
    return false;
  }
  lists->data_ = section.subspan(static_cast<size_t>(offset), static_cast<size_t>(bytes));
  lists->readable_end_ = section.data() + section.size();
  return true;
}

inline bool MemberLists::Enter(uint64_t index, Ends ends, const uint8_t** arities, unsigned* width,
                               const uint8_t** end) const {
  if (index >= block_ends_.count()) return false;
  const uint64_t from = index == 0 ? 0 : index - 1;
  if (ends == Ends::kUnknown && !file_->Verified(block_ends_.BytesOf(from, index - from + 1))) {
    return false;
  }
  const uint64_t begin = index == 0 ? 0 : block_ends_[index - 1];
  const uint64_t past = block_ends_[index];
  if (begin >= past || past > data_.size()) return false;
  const uint8_t* at = data_.data() + begin;
  if (!file_->Verified(at, past - begin)) return false;
  *width = *at;
  *arities = at + 1;
  *end = data_.data() + past;
  return *width <= 32 && *width * 4 <= past - begin - 1;
}

inline bool MemberLists::Divide(const uint8_t* arities, unsigned width, const uint8_t* end,
                                uint64_t total, Parts* parts) const {
  const uint64_t control_bytes = ByteGroupControlBytes(total);
  const uint64_t role_bytes = PackedBytes(total, role_width_);
  parts->control = arities + width * 4;
  // Every member has a data byte: that also bounds what a reader makes room for.
  if (control_bytes + role_bytes + total > static_cast<uint64_t>(end - parts->control)) {
    return false;
  }
  parts->roles = parts->control + control_bytes;
  parts->data = parts->roles + role_bytes;
  parts->end = end;
  return MayDecodeByteGroups(parts->control, total, parts->data, end, readable_end_);
}

bool MemberLists::Load(uint64_t index, Ends ends, Block* block) const {
  const uint8_t* packed = nullptr;
  const uint8_t* end = nullptr;
  unsigned width = 0;
  block->index = UINT64_MAX;
  if (!Enter(index, ends, &packed, &width, &end)) return false;
  std::array<uint32_t, kBlockLists> arities;
  UnpackBits(packed, width, 0, kBlockLists, arities.data());
  const uint64_t total = AddUp(arities, block->starts.data());
  if (!Divide(packed, width, end, total, &block->parts)) return false;
  block->index = index;
  return true;
}

inline bool MemberLists::Locate(uint32_t list, Ends ends, std::array<uint32_t, 2>* starts,
                                Parts* parts) const {
  const uint8_t* packed = nullptr;
  const uint8_t* end = nullptr;
  unsigned width = 0;
  if (!Enter(list / kBlockLists, ends, &packed, &width, &end)) return false;
  const PackedSums sums = SumPacked(packed, width, list % kBlockLists);
  // Divide bounds the total by the bytes, so that what is part of it fits as well.
  if (!Divide(packed, width, end, sums.total, parts)) return false;
  (*starts)[0] = sums.before;
  (*starts)[1] = (*starts)[0] + sums.value;
  return true;
}

// A hint only, so nothing is verified: what is read to find the place may be damaged.
void MemberLists::Prefetch(uint64_t index) const {
  if (index >= block_ends_.count()) return;
  const uint8_t* at = data_.data() + (index == 0 ? 0 : block_ends_[index - 1]);
  for (uint64_t line = 0; line < 4; ++line) __builtin_prefetch(at + line * kLineBytes);
}

bool MemberLists::ListsOf(Rows rows, uint32_t* lists) const {
  if (identity_) {
    for (uint32_t i = 0; i < rows.size(); ++i) lists[i] = rows[i];
    return true;
  }
  std::array<uint64_t, kChunkRows> codes;
  for (uint32_t done = 0; done < rows.size(); done += kChunkRows) {
    const uint32_t count = std::min(kChunkRows, rows.size() - done);
    const bool read = rows.contiguous()
                          ? list_of_row_.Read(rows.first() + done, count, codes.data())
                          : list_of_row_.Gather({rows.list() + done, count}, codes.data());
    if (!read) return false;
    for (uint32_t i = 0; i < count; ++i) lists[done + i] = static_cast<uint32_t>(codes[i]);
  }
  return true;
}

// Goes over rows' lists in runs that lie side by side in a block, few blocks being kept at hand:
// repeated lists mostly repeat a recent one.
class MemberLists::Walk {
 public:
  Walk(const MemberLists& lists, Rows rows)
      : lists_(lists),
        rows_(rows),
        ends_(VerifiedForLookups(*lists.file_, lists.block_ends_.bytes(), rows.size())
                  ? Ends::kSound
                  : Ends::kUnknown) {}

  // Calls visit(run) for all rows' lists in order; false stops.
  template <typename Visit>
  [[nodiscard]] bool ForRuns(Visit visit) {
    std::array<uint32_t, kChunkRows> numbers;
    for (uint32_t done = 0; done < rows_.size(); done += kChunkRows) {
      const uint32_t count = std::min(kChunkRows, rows_.size() - done);
      if (!lists_.ListsOf(rows_.Slice(done, count), numbers.data())) return false;
      for (uint32_t i = 0; i < std::min(kFetchAhead, count); ++i) {
        lists_.Prefetch(numbers[i] / kBlockLists);
      }
      for (uint32_t i = 0; i < count;) {
        if (i + kFetchAhead < count) lists_.Prefetch(numbers[i + kFetchAhead] / kBlockLists);
        const uint32_t list = numbers[i];
        const bool block_goes_on =
            i + 1 < count && numbers[i + 1] / kBlockLists == list / kBlockLists;
        const Block& kept = blocks_[list / kBlockLists % kKept];
        if (!block_goes_on && kept.index != list / kBlockLists) {
          std::array<uint32_t, 2> starts;
          Parts parts;
          if (!lists_.Locate(list, ends_, &starts, &parts) || !visit(Run{starts, parts}))
            return false;
          ++i;
          continue;
        }
        uint32_t length = 0;
        if (!VisitInBlock({numbers.data() + i, count - i}, visit, &length)) return false;
        i += length;
      }
    }
    return true;
  }

 private:
  static constexpr uint32_t kKept = 8;

  // The first of the lists, with those that lie behind it in its block in the same order.
  template <typename Visit>
  [[nodiscard]] bool VisitInBlock(std::span<const uint32_t> lists, Visit visit, uint32_t* length) {
    const uint32_t list = lists[0];
    const uint32_t place = list % kBlockLists;
    const size_t room = std::min<size_t>(kBlockLists - place, lists.size());
    *length = 1;
    while (*length < room && lists[*length] == list + *length) ++*length;
    Block& block = blocks_[list / kBlockLists % kKept];
    if (block.index != list / kBlockLists && !lists_.Load(list / kBlockLists, ends_, &block)) {
      return false;
    }
    return visit(Run{std::span(block.starts).subspan(place, *length + 1), block.parts});
  }

  const MemberLists& lists_;
  const Rows rows_;
  const Ends ends_;
  std::array<Block, kKept> blocks_;
};

bool MemberLists::Arities(Rows rows, uint32_t* out) const {
  return Walk(*this, rows).ForRuns([&](const Run& run) {
    for (size_t i = 1; i < run.starts.size(); ++i) *out++ = run.starts[i] - run.starts[i - 1];
    return true;
  });
}

bool MemberLists::Decode(const Run& run, uint32_t* out) {
  const Parts& parts = run.parts;
  return DecodeByteGroupsAmong(parts.control, run.first(), run.member_count(), parts.data, out) <=
         parts.end;
}

void MemberLists::AppendRoles(const Run& run, size_t before, MemberColumns* out) const {
  const uint32_t count = run.member_count();
  if (roles_.empty()) {
    if (!out->roles.empty()) out->roles.resize(before + count);
    return;
  }
  std::array<uint32_t, kChunkRows> codes;
  for (uint32_t done = 0; done < count; done += kChunkRows) {
    const uint32_t taken = std::min(kChunkRows, count - done);
    UnpackBits(run.parts.roles, role_width_, run.first() + done, taken, codes.data());
    const bool any =
        std::any_of(codes.begin(), codes.begin() + taken, [](uint32_t code) { return code != 0; });
    if (!any && out->roles.empty()) continue;
    out->roles.resize(before + done + taken);
    for (uint32_t i = 0; i < taken; ++i) {
      out->roles[before + done + i] = roles_[std::min<size_t>(codes[i], roles_.size() - 1)];
    }
  }
}

bool MemberLists::AppendLocals(Rows rows, MemberColumns* out) const {
  if (out->offsets.empty()) out->offsets.push_back(0);
  const size_t rows_before = out->offsets.size();
  const size_t nodes_before = out->nodes.size();
  out->offsets.resize(rows_before + rows.size());
  uint32_t* offsets = out->offsets.data() + rows_before;
  // Made larger by more than one list at a time, as each takes a few members only.
  size_t at = nodes_before;
  const bool walked = Walk(*this, rows).ForRuns([&](const Run& run) {
    const uint32_t count = run.member_count();
    if (at + count > UINT32_MAX) return false;
    const uint32_t shift = static_cast<uint32_t>(at) - run.first();
    for (size_t i = 1; i < run.starts.size(); ++i) *offsets++ = run.starts[i] + shift;
    if (count == 0) return true;
    if (out->nodes.size() - at < count + kByteGroupSlack) {
      out->nodes.resize(at + count + std::max(kMembersAhead, at - nodes_before));
    }
    if (!Decode(run, out->nodes.data() + at)) return false;
    if (!roles_.empty() || !out->roles.empty()) AppendRoles(run, at, out);
    at += count;
    return true;
  });
  out->nodes.resize(at);
  return walked;
}

bool MemberLists::Append(const NodeDirectory& nodes, Rows rows, MemberColumns* out) const {
  const size_t before = out->nodes.size();
  return AppendLocals(rows, out) && nodes.ToGlobal(std::span<uint32_t>(out->nodes).subspan(before));
}

bool MemberLists::Count(const NodeDirectory& nodes, Rows rows, std::span<uint32_t> counts) const {
  std::vector<uint32_t> members;
  return Walk(*this, rows).ForRuns([&](const Run& run) {
    members.resize(run.member_count() + kByteGroupSlack);
    if (!Decode(run, members.data())) return false;
    members.resize(run.member_count());
    if (!nodes.ToGlobal(members)) return false;
    for (const uint32_t node : members) {
      if (node >= counts.size()) return false;
      ++counts[node];
    }
    return true;
  });
}

bool MemberLists::VerifyWhole(uint32_t node_count) const {
  if ((!identity_ && !list_of_row_.VerifyWhole()) || !file_->Verified(block_ends_.bytes()) ||
      !file_->Verified(data_)) {
    return false;
  }
  Block block;
  std::vector<uint32_t> members;
  for (uint64_t index = 0; index < block_ends_.count(); ++index) {
    if (!Load(index, Ends::kSound, &block)) return false;
    const uint32_t count = block.starts[kBlockLists];
    const Parts& parts = block.parts;
    if (parts.data + ByteGroupDataBytes(parts.control, 0, count) != parts.end) return false;
    members.resize(count);
    DecodeByteGroups(parts.control, 0, count, parts.data, members.data());
    for (const uint32_t member : members) {
      if (member >= node_count) return false;
    }
  }
  return true;
}

}  // namespace hypergraph
