// Which rows of a column have a value: one bit a row, or nothing when all have.
//
// Threads: any. Functions that give false met a damaged block: see SectionFile::Fault.
#ifndef HYPERGRAPH_STORAGE_COLUMN_PRESENT_H_
#define HYPERGRAPH_STORAGE_COLUMN_PRESENT_H_

#include "core/storage/bit_pack.h"
#include "core/storage/section_file.h"

namespace hypergraph {

class PresentColumn {
 public:
  // `present` is empty (all are) or 1 or 0 a row.
  static void Write(std::span<const uint8_t> present, ByteWriter* section, ByteWriter* meta);
  static bool Open(const SectionFile* file, ByteView section, uint64_t row_count, ByteReader* meta,
                   PresentColumn* column);

  bool all() const { return all_; }
  [[nodiscard]] bool Read(uint64_t first, size_t count, uint8_t* out) const;
  [[nodiscard]] bool Gather(std::span<const uint32_t> rows, uint8_t* out) const;

 private:
  const SectionFile* file_ = nullptr;
  bool all_ = true;
  PackedArray bits_;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_STORAGE_COLUMN_PRESENT_H_
