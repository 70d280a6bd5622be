// The member lists of a segment. Equal ones (members, order and roles) may be kept once, with each
// row's list number beside; else list i is row i's.
//
// 32 lists make a block: a width u8, the arities packed (4 × width bytes), the control bytes of the
// members' local numbers, the role codes packed, the data bytes. So one list is a block's arities
// and a count over its control bytes away.
//
// Threads: any. Functions that give false met a damaged block: see SectionFile::Fault.
#ifndef HYPERGRAPH_INDEX_MEMBER_LISTS_H_
#define HYPERGRAPH_INDEX_MEMBER_LISTS_H_

#include <array>
#include <vector>

#include "core/index/node_directory.h"
#include "core/index/record_columns.h"
#include "core/index/row_source.h"

namespace hypergraph {

class MemberLists {
 public:
  // `locals` are the local numbers of records.members.
  static void Write(const RecordColumns& records, std::span<const uint32_t> locals,
                    ByteWriter* section, ByteWriter* meta);
  static bool Open(const SectionFile* file, ByteView section, uint32_t row_count, ByteReader* meta,
                   MemberLists* lists);

  [[nodiscard]] bool Arities(Rows rows, uint32_t* out) const;
  [[nodiscard]] bool Append(const NodeDirectory& nodes, Rows rows, MemberColumns* out) const;
  // The same with local numbers in place of nodes, which nothing has checked yet.
  [[nodiscard]] bool AppendLocals(Rows rows, MemberColumns* out) const;
  [[nodiscard]] bool Count(const NodeDirectory& nodes, Rows rows, std::span<uint32_t> counts) const;
  // Every checksum, and that every block is as long as what it holds.
  [[nodiscard]] bool VerifyWhole(uint32_t node_count) const;

 private:
  static constexpr uint32_t kBlockLists = 32;
  // Where the parts of one block lie.
  struct Parts {
    const uint8_t* control = nullptr;
    const uint8_t* roles = nullptr;
    const uint8_t* data = nullptr;
    const uint8_t* end = nullptr;
  };
  struct Block {
    uint64_t index = UINT64_MAX;
    std::array<uint32_t, kBlockLists + 1> starts;  // Of each list's members within the block.
    Parts parts;
  };
  // Lists side by side: the k-th has the members [starts[k], starts[k + 1]) of its block.
  struct Run {
    std::span<const uint32_t> starts;
    const Parts& parts;
    uint32_t first() const { return starts.front(); }
    uint32_t member_count() const { return starts.back() - starts.front(); }
  };
  // Whether the bytes of block_ends_ are known to be sound.
  enum class Ends : uint8_t { kUnknown, kSound };
  class Walk;

  void Prefetch(uint64_t index) const;
  // The packed arities of a block, and where it ends.
  [[nodiscard]] bool Enter(uint64_t index, Ends ends, const uint8_t** arities, unsigned* width,
                           const uint8_t** end) const;
  // Requires: `arities` and `end` are as Enter gave them, `total` is their sum.
  [[nodiscard]] bool Divide(const uint8_t* arities, unsigned width, const uint8_t* end,
                            uint64_t total, Parts* parts) const;
  [[nodiscard]] bool Load(uint64_t index, Ends ends, Block* block) const;
  // One list without the others of its block: where it begins and ends.
  [[nodiscard]] bool Locate(uint32_t list, Ends ends, std::array<uint32_t, 2>* starts,
                            Parts* parts) const;
  [[nodiscard]] bool ListsOf(Rows rows, uint32_t* lists) const;
  // `before`: how many members lie in front of the run's.
  void AppendRoles(const Run& run, size_t before, MemberColumns* out) const;
  // Writes run.member_count() local numbers; false where they go beyond the block. Requires: room
  // for kByteGroupSlack more.
  [[nodiscard]] static bool Decode(const Run& run, uint32_t* out);

  const SectionFile* file_ = nullptr;
  uint32_t row_count_ = 0;
  uint32_t list_count_ = 0;
  bool identity_ = true;
  CodeColumn list_of_row_;
  std::vector<Symbol> roles_;  // By code; code 0 is kSymbolNone. Empty: no member has a role.
  unsigned role_width_ = 0;
  PackedArray block_ends_;
  ByteView data_;
  const uint8_t* readable_end_ = nullptr;  // Of the section: behind data_ and its padding.
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_INDEX_MEMBER_LISTS_H_
