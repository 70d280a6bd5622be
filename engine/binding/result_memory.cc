#include "binding/result_memory.h"

#include <utility>

namespace hypergraph::binding {
namespace {

constexpr size_t kKeptBytesMax = size_t{32} << 20;
constexpr size_t kLentBytesMax = size_t{64} << 20;

}  // namespace

std::vector<uint8_t> ResultMemory::Take() {
  const std::lock_guard lock(mutex_);
  if (kept_.empty()) return {};
  std::vector<uint8_t> memory = std::move(kept_.back());
  kept_.pop_back();
  kept_bytes_ -= memory.capacity();
  return memory;
}

void ResultMemory::Give(std::vector<uint8_t>&& bytes) {
  std::vector<uint8_t> memory = std::move(bytes);  // What is not kept goes outside the lock.
  memory.clear();
  const std::lock_guard lock(mutex_);
  if (memory.capacity() > kKeptBytesMax - kept_bytes_) return;
  kept_bytes_ += memory.capacity();
  kept_.push_back(std::move(memory));
}

bool ResultMemory::Lend(size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (lent_bytes_ != 0 && lent_bytes_ + bytes > kLentBytesMax) return false;
  lent_bytes_ += bytes;
  return true;
}

void ResultMemory::Return(size_t bytes, std::vector<uint8_t>&& memory) {
  {
    const std::lock_guard lock(mutex_);
    lent_bytes_ -= bytes;
  }
  Give(std::move(memory));
}

}  // namespace hypergraph::binding
