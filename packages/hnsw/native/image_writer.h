// An index as bytes, as it is when the writer is made, in pieces that are made as they are asked
// for: vectors may be added and removed meanwhile, and of what changes only lists of links are
// kept.
//
// Threads: everything from any.
#ifndef HYPERMESH_HNSW_IMAGE_WRITER_H_
#define HYPERMESH_HNSW_IMAGE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "index.h"
#include "kept_links.h"

namespace hypermesh::hnsw {

class ImageWriter {
 public:
  ImageWriter(std::shared_ptr<Index> index, Stop stop);
  ~ImageWriter();
  ImageWriter(const ImageWriter&) = delete;
  ImageWriter& operator=(const ImageWriter&) = delete;

  // Of all pieces together.
  size_t bytes() const { return bytes_; }
  // About a mebibyte, under the shared lock; empty at the end. Throws `closed` or `aborted`.
  std::vector<uint8_t> Next();

 private:
  void AppendHead(std::vector<uint8_t>* piece);
  void AppendLinks(std::vector<uint8_t>* piece);
  void AppendVectors(std::vector<uint8_t>* piece);

  const std::shared_ptr<Index> index_;
  const Stop stop_;
  uint32_t count_ = 0;
  size_t bytes_ = 0;
  size_t vector_bytes_ = 0;
  std::unique_ptr<KeptLinks> kept_;

  std::mutex mutex_;
  // Guarded by mutex_:
  std::vector<uint8_t> head_;
  size_t head_at_ = 0;
  uint32_t links_at_ = 0;
  uint32_t vectors_at_ = 0;
  std::vector<uint32_t> links_;
};

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_IMAGE_WRITER_H_
