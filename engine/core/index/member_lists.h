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
  [[nodiscard]] bool Count(const NodeDirectory& nodes, Rows rows, std::span<uint32_t> counts) const;
  // Every checksum, and that every block is as long as what it holds.
  [[nodiscard]] bool VerifyWhole(uint32_t node_count) const;

 private:
  static constexpr uint32_t kBlockLists = 32;
  struct Block {
    uint64_t index = UINT64_MAX;
    std::array<uint32_t, kBlockLists + 1> starts;  // Of each list's members within the block.
    const uint8_t* control;
    const uint8_t* roles;
    const uint8_t* data;
    const uint8_t* end;
  };
  class Walk;

  void Prefetch(uint64_t index) const;
  [[nodiscard]] bool Load(uint64_t index, Block* block) const;
  [[nodiscard]] bool ListsOf(Rows rows, uint32_t* lists) const;
  void AppendRoles(const Block& block, uint32_t first, uint32_t count, MemberColumns* out) const;

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
