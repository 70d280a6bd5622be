#include "core/base/page_reserve.h"

#include <sys/mman.h>

namespace hypergraph {
namespace {

constexpr size_t kPageBytes = 4096;  // The least that there is.
constexpr size_t kStepBytes = 16 << 10;

}  // namespace

PageReserve::~PageReserve() {
  if (taken_ < mapped_) munmap(base_ + taken_, mapped_ - taken_);
}

void PageReserve::Fill(size_t bytes) {
  bytes -= bytes % kStepBytes;
  if (bytes == 0 || ended_.load(std::memory_order_relaxed)) return;
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return;
  base_ = static_cast<uint8_t*>(at);
  mapped_ = bytes;
  for (size_t step = 0; step < bytes; step += kStepBytes) {
    if (ended_.load(std::memory_order_relaxed)) return;
    // Touched one by one: who asks the system for many at one stroke keeps other threads from
    // mapping files meanwhile, a tenth of a millisecond in all.
    for (size_t page = step; page < step + kStepBytes; page += kPageBytes) {
      *static_cast<volatile uint8_t*>(base_ + page) = 0;
    }
    ready_.store(step + kStepBytes, std::memory_order_release);
  }
}

uint8_t* PageReserve::Take(size_t bytes) {
  if (ready_.load(std::memory_order_acquire) - taken_ < bytes) return nullptr;
  uint8_t* const at = base_ + taken_;
  taken_ += bytes;
  return at;
}

}  // namespace hypergraph
