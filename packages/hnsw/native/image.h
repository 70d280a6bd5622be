// An index from the bytes that ImageWriter gives; image_format.h draws them. No checksum: who keeps
// an image frames it with one. Load believes nothing: whatever the bytes are, it gives an index
// that can be searched or throws `corrupt`.
#ifndef HYPERMESH_HNSW_IMAGE_H_
#define HYPERMESH_HNSW_IMAGE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "index.h"

namespace hypermesh::hnsw {

std::shared_ptr<Index> Load(std::vector<std::span<const uint8_t>> pieces);

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_IMAGE_H_
