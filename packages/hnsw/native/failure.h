// What went wrong, as JavaScript gets it: a code to branch on and a sentence. Thrown, because the
// header of hnswlib and the allocator throw too; caught in one place, binding's calls.
#ifndef HYPERMESH_HNSW_FAILURE_H_
#define HYPERMESH_HNSW_FAILURE_H_

#include <string>
#include <utility>

namespace hypermesh::hnsw {

struct Failure {
  const char* code;  // One of src/errors.ts.
  std::string text;
};

[[noreturn]] inline void Fail(const char* code, std::string text) {
  throw Failure{code, std::move(text)};
}

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_FAILURE_H_
