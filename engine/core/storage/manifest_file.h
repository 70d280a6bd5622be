// MANIFEST: the one small file that is replaced whole and atomically. Its content is the owner's.
//
//   u64 magic, u32 format version, u32 its complement, u64 content bytes, u32 0,
//   u32 CRC-32C of the 28 before it and the content, content
//
// Threads: one writer; readers at any time, from other processes too.
#ifndef HYPERGRAPH_STORAGE_MANIFEST_FILE_H_
#define HYPERGRAPH_STORAGE_MANIFEST_FILE_H_

#include <string>
#include <vector>

#include "core/platform/file.h"

namespace hypergraph {

inline constexpr char kManifestName[] = "MANIFEST";
inline constexpr char kManifestTemporaryName[] = "MANIFEST.tmp";
inline constexpr uint32_t kManifestVersion = 1;
inline constexpr uint64_t kManifestContentBytesMax = uint64_t{256} << 20;

// MANIFEST.tmp written and synced, renamed, the directory synced. kStorageFull: the old one stands,
// try again. Any other failure: which of the two stands after a power failure is not known, so the
// owner must write nothing more that relies on either.
Status ReplaceManifest(FileSystem& files, const std::string& directory, ByteView content);

// kNotFound: there is none. kNotADatabase: a file of that name, but not ours. kNewerFormat: of a
// later version. kCorrupt: ours, and damaged.
Status ReadManifest(FileSystem& files, const std::string& directory, std::vector<uint8_t>* content);

}  // namespace hypergraph

#endif  // HYPERGRAPH_STORAGE_MANIFEST_FILE_H_
