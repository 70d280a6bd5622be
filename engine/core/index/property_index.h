// The one implementation of PropertyIndexFile: the ranks of a segment's rows sorted by the indexed
// columns, then by rank. Values are not repeated: the search compares the segment's own codes, so
// an index is little more than a rank a row.
//
// Threads: any. Functions that give false met a damaged block of the index or of the segment.
#ifndef HYPERGRAPH_INDEX_PROPERTY_INDEX_H_
#define HYPERGRAPH_INDEX_PROPERTY_INDEX_H_

#include <memory>
#include <vector>

#include "core/index/code_ranges.h"
#include "core/index/postings.h"
#include "core/index/segment.h"
#include "core/storage/bit_pack.h"
#include "core/storage/section_file.h"

namespace hypergraph {

// One indexed column of a segment; neither pointer set: the segment has no value in it.
struct IndexedColumn {
  const NumberColumn* numbers = nullptr;
  const TextColumn* texts = nullptr;
};

class PropertyIndexReader final : public PropertyIndexFile {
 public:
  PropertyIndexReader(std::unique_ptr<SectionFile> file, const PropertyIndexInfo& info)
      : file_(std::move(file)), info_(info) {}
  Status ReadMeta();

  const PropertyIndexInfo& info() const override { return info_; }
  Status Verify() const override;
  Status Fault() const { return file_->Fault(); }

  // Places in the index: [first, past), several ranges only where unequal codes compare as equal.
  struct Range {
    uint64_t first = 0;
    uint64_t past = 0;
    bool one_key = false;  // Ranks ascend within it.
  };
  [[nodiscard]] bool FindRanges(std::span<const IndexedColumn> columns, const IndexProbe& probe,
                                std::vector<Range>* ranges) const;
  [[nodiscard]] bool AppendRows(const Range& range, RankRange ranks,
                                std::vector<uint32_t>* rows) const;
  // Whether it was written for a segment of this file id and row count.
  bool Fits(uint64_t segment_id, uint32_t row_count) const {
    return segment_id_ == segment_id && row_count_ == row_count;
  }

 private:
  struct Key;
  [[nodiscard]] bool Search(std::span<const IndexedColumn> columns, std::span<const Key> prefix,
                            const IndexProbe& probe, std::vector<Range>* ranges) const;
  [[nodiscard]] bool RankAt(uint64_t place, uint32_t* rank) const;

  std::unique_ptr<SectionFile> file_;
  PropertyIndexInfo info_;
  uint64_t segment_id_ = 0;
  uint32_t row_count_ = 0;
  PackedArray ranks_;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_INDEX_PROPERTY_INDEX_H_
