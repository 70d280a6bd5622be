// The sections of a segment file. The meta section says how each other one is laid out; it is the
// only one read when a segment opens. Frozen: stored.
#ifndef HYPERGRAPH_INDEX_SEGMENT_FORMAT_H_
#define HYPERGRAPH_INDEX_SEGMENT_FORMAT_H_

#include <cstdint>

#include "core/base/types.h"

namespace hypergraph {

enum class SegmentSection : uint32_t {
  kMeta = 1,
  kEventTs = 2,
  kSeq = 3,
  kIds = 4,      // Only of records that keep an earlier number as their id.
  kValidTo = 5,  // Absent: none ends.
  kWeight = 6,   // Absent: all 1.
  kLabel = 7,    // Absent: none.
  kMembers = 8,  // The distinct member lists.
  kNodes = 9,    // Local node numbers to global ones and back, degrees, places of postings.
  kPostings = 10,
  kKeys = 11,       // Absent: none.
  kProperty = 256,  // + the property's number.
};

// How the row of a seq is found where the blocks of the seq column do not tell where it may be.
enum class SeqIndexForm : uint8_t {
  kNone = 0,
  kRows = 1,    // All rows, by seq.
  kBlocks = 2,  // Of each seq from the least on, the block of rows that it is in, if it is.
};

inline uint32_t SectionId(SegmentSection section) { return static_cast<uint32_t>(section); }
inline uint32_t PropertySectionId(PropertyIndex property) {
  return static_cast<uint32_t>(SegmentSection::kProperty) + property;
}

inline constexpr uint32_t kSegmentMetaVersion = 1;
inline constexpr size_t kSegmentPropertiesMax = 4080;  // With a section each, beside the others.

}  // namespace hypergraph

#endif  // HYPERGRAPH_INDEX_SEGMENT_FORMAT_H_
