// One growing block of memory, 64-byte aligned; what is new in it is zero. Growing may move it.
// Large ones ask for huge pages, since a traversal touches a page for almost every vector.
#ifndef HYPERMESH_HNSW_REGION_H_
#define HYPERMESH_HNSW_REGION_H_

#include <cstddef>

namespace hypermesh::hnsw {

class Region {
 public:
  Region() = default;
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;
  ~Region();

  char* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  // False, and nothing changed, where there is no memory. Never shrinks.
  [[nodiscard]] bool Grow(size_t bytes);

 private:
  char* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_REGION_H_
