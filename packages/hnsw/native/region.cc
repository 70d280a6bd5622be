#include "region.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

// A sanitizer sees the ends of what the allocator gave, not those of a mapping.
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
#define HN_MAPPED 1
#include <sys/mman.h>
#else
#define HN_MAPPED 0
#endif

namespace hypermesh::hnsw {

#if HN_MAPPED

namespace {

constexpr size_t kPageBytes = 4096;
constexpr size_t kHugeBytes = 2 << 20;

size_t RoundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

// Starts at a multiple of a huge page, so that a later move keeps such pages whole.
char* Reserve(size_t bytes) {
  const size_t slack = bytes >= kHugeBytes ? kHugeBytes : 0;
  void* found = mmap(nullptr, bytes + slack, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (found == MAP_FAILED) return nullptr;
  char* const from = static_cast<char*>(found);
  if (slack == 0) return from;
  const size_t ahead =
      RoundUp(reinterpret_cast<uintptr_t>(from), kHugeBytes) - reinterpret_cast<uintptr_t>(from);
  if (ahead != 0) munmap(from, ahead);
  if (ahead != slack) munmap(from + ahead + bytes, slack - ahead);
  return from + ahead;
}

}  // namespace

Region::~Region() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

bool Region::Grow(size_t bytes) {
  if (bytes <= bytes_) return true;
  bytes = RoundUp(bytes, bytes >= kHugeBytes ? kHugeBytes : kPageBytes);
  char* const place = Reserve(bytes);
  if (place == nullptr) return false;
  if (data_ != nullptr) {
    // The pages themselves move: nothing is copied, whatever there is.
    void* moved = mremap(data_, bytes_, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, place);
    if (moved == MAP_FAILED) {
      munmap(place, bytes);
      return false;
    }
  }
  data_ = place;
  bytes_ = bytes;
  if (bytes >= kHugeBytes) madvise(data_, bytes_, MADV_HUGEPAGE);
  return true;
}

#else

Region::~Region() {
  if (data_ != nullptr) ::operator delete (data_, std::align_val_t{64});
}

bool Region::Grow(size_t bytes) {
  if (bytes <= bytes_) return true;
  auto* const place =
      static_cast<char*>(::operator new (bytes, std::align_val_t{64}, std::nothrow));
  if (place == nullptr) return false;
  if (data_ != nullptr) {
    std::memcpy(place, data_, bytes_);
    ::operator delete (data_, std::align_val_t{64});
  }
  std::memset(place + bytes_, 0, bytes - bytes_);
  data_ = place;
  bytes_ = bytes;
  return true;
}

#endif

}  // namespace hypermesh::hnsw
