// The posting lists of a segment: for each node the ranks of the rows that have it, ascending.
//
//   up to 128 rows   the first rank as a varint, then (from two on) a run
//   dense            a bitmap over all ranks, when more than a 32nd of the rows have the node
//   else             blocks of 128 rows: skip entries {first rank u32, end of its run u32}, the
//   runs a run            mode u8, then the gaps − 1 after a first rank: mode 0 to 32 is their
//   packed
//                    width, 255 are byte groups
//
// Threads: any. Functions that give false met a damaged block: see SectionFile::Fault.
#ifndef HYPERGRAPH_INDEX_POSTINGS_H_
#define HYPERGRAPH_INDEX_POSTINGS_H_

#include <array>
#include <vector>

#include "core/base/types.h"
#include "core/index/node_directory.h"

namespace hypergraph {

inline constexpr uint32_t kPostingBlockRows = 128;
inline constexpr uint8_t kByteGroupsMode = 255;

struct RankRange {
  uint32_t from = 0;
  uint32_t to = 0;
};

// One list, located and verified, bounded to its bytes.
class PostingList {
 public:
  enum class Form : uint8_t { kEmpty, kShort, kBlocks, kBitmap };

  uint32_t count() const { return count_; }
  Form form() const { return form_; }
  [[nodiscard]] bool AppendRows(RankRange range, std::vector<uint32_t>* rows) const;
  // Keeps those of the ascending rows that the list has.
  [[nodiscard]] bool Keep(std::vector<uint32_t>* rows) const;
  // Requires: both are bitmaps of one segment.
  static void AppendCommon(std::span<const PostingList> lists, RankRange range,
                           std::vector<uint32_t>* rows);
  // Sets the bit (rank − range.from) of each row within the range.
  [[nodiscard]] bool SetBits(RankRange range, std::vector<uint64_t>* bits) const;
  // Ascending, within row_count, as many as the list says.
  [[nodiscard]] bool Sound() const;

 private:
  friend class Postings;
  using Run = std::array<uint32_t, kPostingBlockRows>;

  uint32_t block_count() const { return (count_ + kPostingBlockRows - 1) / kPostingBlockRows; }
  uint32_t BlockFirst(uint32_t block) const;
  [[nodiscard]] bool Decode(uint32_t block, Run* run, uint32_t* length) const;
  [[nodiscard]] bool DecodeRun(const uint8_t* data, const uint8_t* end, uint32_t first,
                               uint32_t length, uint32_t* out) const;
  [[nodiscard]] bool KeepInBlocks(std::vector<uint32_t>* rows) const;
  bool KeepInBitmap(std::vector<uint32_t>* rows) const;
  uint64_t WordAt(uint32_t rank) const;  // Bits [rank, rank + 64) of the bitmap; rank % 8 == 0.

  Form form_ = Form::kEmpty;
  uint32_t count_ = 0;
  uint32_t row_count_ = 0;
  ByteView bytes_;
  const uint8_t* readable_end_ = nullptr;  // Of the section: behind all lists and their padding.
};

class Postings {
 public:
  // `locals` are the local numbers of the members that end at member_ends. Writes both sections.
  static void Write(std::span<const uint64_t> member_ends, std::span<const uint32_t> locals,
                    std::span<const NodeNumber> nodes, ByteWriter* node_section,
                    ByteWriter* posting_section, ByteWriter* meta);
  static bool Open(const SectionFile* file, ByteView node_section, ByteView posting_section,
                   uint32_t row_count, ByteReader* meta, Postings* postings);

  const NodeDirectory& nodes() const { return nodes_; }
  // An empty list when no row has the node.
  [[nodiscard]] bool Find(NodeNumber node, PostingList* list) const;
  [[nodiscard]] bool RowsOfNodes(std::span<const NodeNumber> nodes, uint32_t at_least,
                                 RankRange range, std::vector<uint32_t>* rows) const;
  [[nodiscard]] bool VerifyWhole() const;

 private:
  [[nodiscard]] bool Locate(const NodeDirectory::Place& place, PostingList* list) const;
  [[nodiscard]] static bool AllOf(std::vector<PostingList>* lists, RankRange range,
                                  std::vector<uint32_t>* rows);
  [[nodiscard]] static bool SomeOf(const std::vector<PostingList>& lists, uint32_t at_least,
                                   RankRange range, std::vector<uint32_t>* rows);

  const SectionFile* file_ = nullptr;
  uint32_t row_count_ = 0;
  NodeDirectory nodes_;
  ByteView data_;
};

inline bool IsBitmapPosting(uint32_t count, uint32_t row_count) {
  return count > kPostingBlockRows && count > row_count / 32;
}

}  // namespace hypergraph

#endif  // HYPERGRAPH_INDEX_POSTINGS_H_
