// Immutable files as lists of sections, so that the fuzzer changes what is in them and the
// checksums are always right: section_file.cc looks at containers themselves.
//
//   header bytes of the target's own, then sections: u32 id, u32 bytes, the bytes
#ifndef HYPERGRAPH_TEST_FUZZ_SUPPORT_SECTIONS_H_
#define HYPERGRAPH_TEST_FUZZ_SUPPORT_SECTIONS_H_

#include <map>
#include <string>

#include "core/base/bytes.h"
#include "core/platform/memory_file_system.h"
#include "core/storage/section_file.h"
#include "test/fuzz/support/fuzz.h"

namespace hypergraph::fuzz {

using Sections = std::map<uint32_t, Bytes>;

// Any bytes at all: a section that is cut short ends early.
Sections ReadSections(ByteReader* in);
void PutSections(const Sections& sections, ByteWriter* out);

SectionFileInfo WriteSections(FileSystem& files, const std::string& path, FileKind kind,
                              uint64_t file_id, const Sections& sections);
// Of a valid file.
Sections SectionsOf(FileSystem& files, const std::string& path, FileKind kind, uint64_t file_id,
                    const SectionFileInfo& info);

}  // namespace hypergraph::fuzz

#endif  // HYPERGRAPH_TEST_FUZZ_SUPPORT_SECTIONS_H_
