#include "core/base/prepared_memory.h"

#include <sys/mman.h>

#include <algorithm>

namespace hypergraph {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kStepBytes = 64 << 10;

}  // namespace

PreparedMemory::PreparedMemory(size_t bytes) {
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return;  // Then it has nothing to give.
  begin_ = static_cast<uint8_t*>(at);
  bytes_ = bytes;
}

PreparedMemory::~PreparedMemory() {
  if (begin_ != nullptr) munmap(begin_, bytes_);
}

uint8_t* PreparedMemory::Take(size_t bytes) {
  bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  if (bytes > bytes_ - taken_) return nullptr;
  uint8_t* const at = begin_ + taken_;
  taken_ += bytes;
  return at;
}

bool PreparedMemory::MakeMore() {
#if defined(MADV_POPULATE_WRITE)
  const size_t step = std::min(kStepBytes, bytes_ - made_);
  if (step == 0 || madvise(begin_ + made_, step, MADV_POPULATE_WRITE) != 0) return false;
  made_ += step;
  return true;
#else
  return false;
#endif
}

}  // namespace hypergraph
