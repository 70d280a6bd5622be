// A column of unsigned codes: what every number, label and dictionary string is stored as.
//
// Two layouts. Whole: one width for all. Blocks: 128 values share a base and a width (frame of
// reference), so that an outlier or a rising order costs its own block only; the widths are the
// differences of the blocks' ends (16 × width bytes a block), so none is stored twice.
//
// Threads: any. Functions that give false met a damaged block: see SectionFile::Fault.
#ifndef HYPERGRAPH_STORAGE_COLUMN_CODES_H_
#define HYPERGRAPH_STORAGE_COLUMN_CODES_H_

#include <atomic>

#include "core/storage/bit_pack.h"
#include "core/storage/section_file.h"

namespace hypergraph {

inline constexpr size_t kCodeBlockShift = 7;
inline constexpr size_t kCodeBlockRows = size_t{1} << kCodeBlockShift;

enum class CodeLayout : uint8_t {  // Frozen: stored.
  kAny = 0,                        // For Write: the smaller one, with a bias to whole.
  kWhole = 1,
  kBlocks = 2,
};

class CodeColumn {
 public:
  CodeColumn() = default;
  ~CodeColumn() { delete[] places_.load(std::memory_order_relaxed); }
  CodeColumn(const CodeColumn&) = delete;
  CodeColumn& operator=(const CodeColumn&) = delete;

  // Appends to `section`, and how to read it to `meta`.
  static void Write(std::span<const uint64_t> codes, CodeLayout layout, ByteWriter* section,
                    ByteWriter* meta);
  // False when what `meta` says does not fit into `section`. The file outlives the column.
  static bool Open(const SectionFile* file, ByteView section, ByteReader* meta, CodeColumn* column);

  uint64_t count() const { return count_; }
  uint64_t max() const { return max_; }  // The greatest code.
  [[nodiscard]] bool At(uint64_t index, uint64_t* code) const;
  [[nodiscard]] bool Read(uint64_t first, size_t count, uint64_t* out) const;
  [[nodiscard]] bool Gather(std::span<const uint32_t> indexes, uint64_t* out) const;
  // For a column whose greatest code is below 2^32.
  [[nodiscard]] bool ReadNarrow(uint64_t first, size_t count, uint32_t* out) const;
  // All bytes checked: afterwards nothing here is false.
  [[nodiscard]] bool VerifyWhole() const;

  // The first index whose code is at least `code`; count() when there is none. Requires: codes
  // ascend.
  [[nodiscard]] bool LowerBound(uint64_t code, uint64_t* index) const;
  // Blocks only: bounds of one block's codes; `high` may be above the greatest.
  bool blocked() const { return layout_ == CodeLayout::kBlocks; }
  uint64_t block_count() const { return (count_ + kCodeBlockRows - 1) >> kCodeBlockShift; }
  [[nodiscard]] bool BlockBounds(uint64_t block, uint64_t* low, uint64_t* high) const;

 private:
  struct Block {
    uint64_t base;
    unsigned width;
    const uint8_t* data;
  };
  // A block as rows find it: of the packed arrays it would take three numbers for each row.
  struct Place {
    uint64_t base;
    uint32_t begin;  // In 16 bytes from data_'s begin.
    uint32_t width;
  };
  // All blocks' places; null when not all of them are sound. Made by the first that asks.
  const Place* Places() const {
    const Place* places = places_.load(std::memory_order_acquire);
    return places != nullptr ? places : MakePlaces();
  }
  const Place* MakePlaces() const;
  [[nodiscard]] bool LocateBlock(uint64_t block, Block* found) const;
  [[nodiscard]] bool FindBlock(uint64_t block, Block* found) const;
  [[nodiscard]] bool GatherPlaced(const Place* places, std::span<const uint32_t> indexes,
                                  uint64_t* out) const;
  template <bool kSound>
  [[nodiscard]] bool GatherPlacedAs(const Place* places, std::span<const uint32_t> indexes,
                                    uint64_t* out) const;
  [[nodiscard]] bool GatherBlocks(std::span<const uint32_t> indexes, uint64_t* out) const;
  template <typename T>
  [[nodiscard]] bool ReadAs(uint64_t first, size_t count, T* out) const;

  const SectionFile* file_ = nullptr;
  CodeLayout layout_ = CodeLayout::kWhole;
  uint64_t count_ = 0;
  uint64_t max_ = 0;
  PackedArray whole_;
  PackedArray bases_;  // Of each block.
  PackedArray ends_;   // Of each block, in 16 bytes from data_'s begin.
  ByteView data_;
  mutable std::atomic<const Place*> places_{nullptr};
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_STORAGE_COLUMN_CODES_H_
