// A list that is mostly short: up to kNear values lie within it, so that a query of few parts
// allocates nothing for them. More move to the heap together.
//
// Threads: as a vector. Pointers into it are good until it changes or is moved.
#ifndef HYPERGRAPH_BASE_SHORT_LIST_H_
#define HYPERGRAPH_BASE_SHORT_LIST_H_

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <type_traits>
#include <vector>

namespace hypergraph {

template <typename T, size_t kNear>
class ShortList {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  ShortList() = default;
  // Copied where another would be moved from: what that leaves has its size and not its values.
  ShortList(const ShortList&) = default;
  ShortList& operator=(const ShortList&) = default;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return far_.empty() ? near_.data() : far_.data(); }
  const T* data() const { return far_.empty() ? near_.data() : far_.data(); }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }
  T& operator[](size_t place) {
    assert(place < size_);
    return data()[place];
  }
  const T& operator[](size_t place) const {
    assert(place < size_);
    return data()[place];
  }
  T& back() { return (*this)[size_ - 1]; }
  const T& back() const { return (*this)[size_ - 1]; }

  void push_back(const T& value) {
    if (far_.empty() && size_ < kNear) {
      near_[size_++] = value;
      return;
    }
    const T kept = value;  // It may lie in the list.
    if (far_.empty()) far_.assign(near_.begin(), near_.end());
    far_.push_back(kept);
    ++size_;
  }
  void pop_back() {
    assert(size_ > 0);
    if (!far_.empty()) far_.pop_back();
    --size_;
  }
  void clear() {
    far_.clear();
    size_ = 0;
  }
  // Those for which it is true go.
  template <typename Goes>
  void EraseIf(Goes goes) {
    const auto left = static_cast<size_t>(std::remove_if(begin(), end(), goes) - begin());
    while (size_ > left) pop_back();
  }

 private:
  std::array<T, kNear> near_;  // Unless there are far ones.
  std::vector<T> far_;
  size_t size_ = 0;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_BASE_SHORT_LIST_H_
