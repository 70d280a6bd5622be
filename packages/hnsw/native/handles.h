// What JavaScript holds: handles of indexes, which any thread of the process may share, and marks
// that abort a job.
#ifndef HYPERMESH_HNSW_HANDLES_H_
#define HYPERMESH_HNSW_HANDLES_H_

#include <node_api.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "image_writer.h"
#include "index.h"

namespace hypermesh::hnsw {

// One reference to an index from one environment. Of its JavaScript thread.
struct IndexHandle {
  IndexHandle(std::shared_ptr<Index> of, std::shared_ptr<std::atomic<bool>> mark, uint64_t by);
  ~IndexHandle() { static_cast<void>(Close()); }
  IndexHandle(const IndexHandle&) = delete;
  IndexHandle& operator=(const IndexHandle&) = delete;

  // What it held, for the caller to let go of. Any number of times.
  std::shared_ptr<Index> Close();

  std::shared_ptr<Index> index;               // Null once closed.
  std::shared_ptr<std::atomic<bool>> closed;  // Ends the jobs that were begun through it.
  uint64_t id;                                // By which other threads attach.
};

// A new External. `id` is 0 for an index that no handle has had.
napi_value ToHandle(napi_env env, std::shared_ptr<Index> index, uint64_t id);
// Throw `invalid` for another value, `closed` for one that was closed.
IndexHandle& HandleOf(napi_env env, napi_value value);
IndexHandle& OpenHandleOf(napi_env env, napi_value value);

// The index of an id while one handle of it is open; else throws `closed`.
std::shared_ptr<Index> Attach(uint64_t id);

// A new External of an image that is being written, and what it holds; null once closed.
napi_value ToImageHandle(napi_env env, std::shared_ptr<ImageWriter> writer);
std::shared_ptr<ImageWriter>& ImageOf(napi_env env, napi_value value);

napi_value MakeStop(napi_env env);
// Of undefined, one that nothing sets.
std::shared_ptr<std::atomic<bool>> AbortedOf(napi_env env, napi_value value);

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_HANDLES_H_
