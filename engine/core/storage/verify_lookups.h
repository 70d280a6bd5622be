// Checking the blocks under many values that are looked up one by one.
//
// Threads: any.
#ifndef HYPERGRAPH_STORAGE_VERIFY_LOOKUPS_H_
#define HYPERGRAPH_STORAGE_VERIFY_LOOKUPS_H_

#include "core/storage/section_file.h"

namespace hypergraph {

// True when all of the bytes are sound and so many lookups within them are better off knowing it:
// one look at each block is less than one for each lookup. False says nothing of any: each is then
// checked by itself.
inline bool VerifiedForLookups(const SectionFile& file, ByteView bytes, size_t lookups) {
  return bytes.size() >> kSectionBlockShift <= lookups / 2 && file.Verified(bytes);
}

}  // namespace hypergraph

#endif  // HYPERGRAPH_STORAGE_VERIFY_LOOKUPS_H_
