// Memory whose pages are made before they are needed: a page of a fresh mapping costs its first
// writer a microsecond or two, which another thread can spend that has nothing else to do.
//
// Threads: Fill is for one thread, once; Take and End for one other, meanwhile.
#ifndef HYPERGRAPH_BASE_PAGE_RESERVE_H_
#define HYPERGRAPH_BASE_PAGE_RESERVE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hypergraph {

class PageReserve {
 public:
  PageReserve() = default;
  ~PageReserve();  // Gives back what was not taken.
  PageReserve(const PageReserve&) = delete;
  PageReserve& operator=(const PageReserve&) = delete;

  // Makes pages for so many bytes, little by little, until End. Where there is no memory, none.
  void Fill(size_t bytes);
  // So many zeroed bytes, a multiple of the page, whose pages are there already; the caller unmaps
  // them. Null when there are none.
  uint8_t* Take(size_t bytes);
  void End() { ended_.store(true, std::memory_order_relaxed); }

 private:
  // Before the first of ready_.
  uint8_t* base_ = nullptr;
  size_t mapped_ = 0;
  std::atomic<size_t> ready_{0};
  size_t taken_ = 0;
  std::atomic<bool> ended_{false};
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_BASE_PAGE_RESERVE_H_
