// The payload of a log frame: what one commit does, in node numbers and symbols. Written by
// Resolve, read by Apply, live and in recovery. DESIGN.md draws the bytes.
//
//   u8 version, u64 first_seq, u32 record_count, i64 committed_at,
//   u32 first, u32 count, count × key of nodes, the same of symbols, then sections up to the end.
//   A node key is u8 0, u64 or u8 1, text; a symbol is text.
//
// The records take the numbers first_seq, first_seq + 1, … in the order of the sections. A commit
// that changes only the schema takes one number with no record.
//
// Ownership: decoded sections point into the payload.
#ifndef HYPERGRAPH_GRAPH_COMMIT_RECORD_H_
#define HYPERGRAPH_GRAPH_COMMIT_RECORD_H_

#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/base/types.h"

namespace hypergraph {

inline constexpr uint8_t kCommitRecordVersion = 1;
// Of a block: each has its number in one byte, 0 is none.
inline constexpr uint32_t kRolesMax = 255;

enum class SectionKind : uint8_t {  // Frozen: stored.
  kRows = 1,
  kDeletes = 2,
  kSchema = 3,  // The whole new schema.
};

enum RowField : uint16_t {  // Frozen: stored. Columns follow in this order; absent ones are
                            // default.
  kFieldIds = 1,       // u64[n] ids, u64[n] seqs of the records replaced (0: none). Else id = seq.
  kFieldEventTs = 2,   // i64[n]. Always.
  kFieldValidTo = 4,   // i64[n]
  kFieldWeight = 8,    // f64[n]
  kFieldLabel = 16,    // u32[n]
  kFieldMembers = 32,  // u8 width; n arities of so many bytes; u32 total; u32[total]
  kFieldRoles = 64,    // u8 r; u32[r] symbols; u8[total]: 0, or k for the k-th of them
  kFieldKeys = 128,    // u8[n] lengths; u32 bytes; the bytes
  kFieldProperties = 256,
};

// Values of T somewhere in a byte buffer, aligned or not.
template <typename T>
class UnalignedArray {
 public:
  UnalignedArray() = default;
  UnalignedArray(const uint8_t* at, size_t count) : at_(at), count_(count) {}
  explicit UnalignedArray(std::span<const T> values)
      : at_(reinterpret_cast<const uint8_t*>(values.data())), count_(values.size()) {}
  T operator[](size_t i) const { return LoadUnaligned<T>(at_ + i * sizeof(T)); }
  size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  const uint8_t* data() const { return at_; }
  ByteView bytes() const { return {at_, count_ * sizeof(T)}; }

 private:
  const uint8_t* at_ = nullptr;
  size_t count_ = 0;
};

template <typename T>
UnalignedArray<T> Packed(const std::vector<T>& values) {
  return UnalignedArray<T>(std::span<const T>(values));
}

struct PropertyBlock {
  PropertyIndex property = 0;
  PropertyType type = PropertyType::kInt64;
  UnalignedArray<uint8_t> present;  // Empty: all are.
  UnalignedArray<int64_t> integers;
  UnalignedArray<double> floats;
  UnalignedArray<uint32_t> text_bytes;  // Strings: the length of each, and all of them.
  std::string_view text;
};

struct RowBlock {
  TableId table = 0;
  uint32_t count = 0;
  UnalignedArray<EdgeId> ids;    // Empty: each row's own seq.
  UnalignedArray<Seq> replaces;  // Parallel to ids.
  UnalignedArray<Micros> event_ts;
  UnalignedArray<Micros> valid_to;  // From here on, empty: the default.
  UnalignedArray<double> weight;
  UnalignedArray<Symbol> label;
  uint8_t arity_width = 0;  // Bytes of one of arities: 1, 2 or 4; 0: no members at all.
  const uint8_t* arities = nullptr;
  UnalignedArray<NodeNumber> members;
  UnalignedArray<Symbol> role_symbols;
  UnalignedArray<uint8_t> roles;      // Parallel to members.
  UnalignedArray<uint8_t> key_bytes;  // The length of each.
  std::string_view keys;
  std::vector<PropertyBlock> properties;

  uint32_t Arity(uint32_t row) const {
    if (arity_width == 1) return arities[row];
    if (arity_width == 2) return LoadUnaligned<uint16_t>(arities + size_t{row} * 2);
    return arity_width == 4 ? LoadUnaligned<uint32_t>(arities + size_t{row} * 4) : 0;
  }
};

struct DeleteBlock {
  TableId table = 0;
  UnalignedArray<EdgeId> ids;
  UnalignedArray<Seq> replaces;
};

struct CommitHeader {
  Seq first_seq = 0;
  uint32_t record_count = 0;
  Micros committed_at = 0;
};

inline constexpr size_t kRecordCountAt = sizeof(uint8_t) + sizeof(Seq);  // Its offset.
void EncodeCommitHeader(const CommitHeader& header, ByteWriter* out);
void EncodeRows(const RowBlock& block, ByteWriter* out);
void EncodeDeletes(const DeleteBlock& block, ByteWriter* out);

// Each is kCorrupt if the bytes do not hold what they claim. Decoding allocates nothing that the
// payload's own length does not cover.
Status DecodeCommitHeader(ByteReader* in, CommitHeader* header);
Status DecodeRows(ByteReader* in, RowBlock* block);        // After the section's kind.
Status DecodeDeletes(ByteReader* in, DeleteBlock* block);  // After the section's kind.

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_COMMIT_RECORD_H_
