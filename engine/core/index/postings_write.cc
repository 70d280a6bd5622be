// How posting lists are collected and written.
#include <algorithm>

#include "core/index/postings.h"
#include "core/storage/byte_groups.h"

namespace hypergraph {

namespace {

// The ranks of all local numbers, one list after the other.
struct Lists {
  std::vector<uint64_t> degrees;
  std::vector<uint64_t> begins;
  std::vector<uint32_t> ranks;
};

// A node twice in one row, in two roles, is one posting.
template <typename Visit>
void ForDistinct(std::span<const uint64_t> member_ends, std::span<const uint32_t> locals,
                 size_t node_count, Visit visit) {
  std::vector<uint32_t> last_row(node_count, UINT32_MAX);
  uint64_t member = 0;
  for (uint32_t row = 0; row < member_ends.size(); ++row) {
    for (; member < member_ends[row]; ++member) {
      const uint32_t local = locals[member];
      if (last_row[local] == row) continue;
      last_row[local] = row;
      visit(local, row);
    }
  }
}

Lists CollectLists(std::span<const uint64_t> member_ends, std::span<const uint32_t> locals,
                   size_t node_count) {
  Lists lists;
  lists.degrees.resize(node_count);
  ForDistinct(member_ends, locals, node_count,
              [&](uint32_t local, uint32_t) { ++lists.degrees[local]; });
  lists.begins.resize(node_count);
  uint64_t total = 0;
  for (size_t local = 0; local < node_count; ++local) {
    lists.begins[local] = total;
    total += lists.degrees[local];
  }
  lists.ranks.resize(total);
  std::vector<uint64_t> next = lists.begins;
  ForDistinct(member_ends, locals, node_count,
              [&](uint32_t local, uint32_t row) { lists.ranks[next[local]++] = row; });
  return lists;
}

class ListWriter {
 public:
  ListWriter(uint32_t row_count, ByteWriter* out) : row_count_(row_count), out_(out->bytes()) {}

  void Write(std::span<const uint32_t> ranks) {
    const auto count = static_cast<uint32_t>(ranks.size());
    if (count <= kPostingBlockRows) {
      PutVarint(ranks[0]);
      if (count > 1) PutRun(ranks);
    } else if (IsBitmapPosting(count, row_count_)) {
      PutBitmap(ranks);
    } else {
      PutBlocks(ranks);
    }
  }

 private:
  void PutVarint(uint32_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<uint8_t>(value | 0x80));
    out_.push_back(static_cast<uint8_t>(value));
  }

  void PutRun(std::span<const uint32_t> ranks) {
    gaps_.resize(ranks.size() - 1);
    uint32_t all = 0;
    size_t group_bytes = ByteGroupControlBytes(gaps_.size());
    for (size_t i = 1; i < ranks.size(); ++i) {
      const uint32_t gap = ranks[i] - ranks[i - 1] - 1;
      gaps_[i - 1] = gap;
      all |= gap;
      group_bytes += ByteGroupLength(gap);
    }
    const unsigned width = PackedWidth(all);
    const uint64_t packed_bytes = PackedBytes(gaps_.size(), width);
    if (group_bytes < packed_bytes) {
      out_.push_back(kByteGroupsMode);
      EncodeByteGroups(gaps_, &out_);
      return;
    }
    out_.push_back(static_cast<uint8_t>(width));
    const size_t at = out_.size();
    out_.resize(at + packed_bytes);
    PackBits(std::span<const uint32_t>(gaps_), width, out_.data() + at);
  }

  void PutBitmap(std::span<const uint32_t> ranks) {
    const size_t at = out_.size();
    out_.resize(at + (row_count_ + 7) / 8);
    for (const uint32_t rank : ranks) {
      out_[at + rank / 8] |= static_cast<uint8_t>(1u << (rank % 8));
    }
  }

  void PutBlocks(std::span<const uint32_t> ranks) {
    const size_t blocks = (ranks.size() + kPostingBlockRows - 1) / kPostingBlockRows;
    const size_t skips_at = out_.size();
    out_.resize(skips_at + blocks * 8);
    const size_t runs_at = out_.size();
    for (size_t block = 0; block < blocks; ++block) {
      const size_t first = block * kPostingBlockRows;
      const auto part =
          ranks.subspan(first, std::min<size_t>(kPostingBlockRows, ranks.size() - first));
      PutRun(part);
      const auto end = static_cast<uint32_t>(out_.size() - runs_at);
      std::memcpy(out_.data() + skips_at + block * 8, &part[0], 4);
      std::memcpy(out_.data() + skips_at + block * 8 + 4, &end, 4);
    }
  }

  const uint32_t row_count_;
  std::vector<uint8_t>& out_;
  std::vector<uint32_t> gaps_;
};

}  // namespace

void Postings::Write(std::span<const uint64_t> member_ends, std::span<const uint32_t> locals,
                     std::span<const NodeNumber> nodes, ByteWriter* node_section,
                     ByteWriter* posting_section, ByteWriter* meta) {
  const Lists lists = CollectLists(member_ends, locals, nodes.size());
  std::vector<uint64_t> ends(nodes.size());
  ListWriter writer(static_cast<uint32_t>(member_ends.size()), posting_section);
  const std::span<const uint32_t> ranks = lists.ranks;
  for (size_t local = 0; local < nodes.size(); ++local) {
    writer.Write(ranks.subspan(lists.begins[local], lists.degrees[local]));
    ends[local] = posting_section->size();
  }
  meta->Put(static_cast<uint64_t>(posting_section->size()));
  posting_section->bytes().resize(posting_section->size() + kByteGroupPadding);
  NodeDirectory::Write(nodes, lists.degrees, ends, node_section, meta);
}

}  // namespace hypergraph
