// A static that is made at its first use and never destroyed: when a process ends by exit(),
// threads may still work with it while the statics of the others go.
//
//   static Forever<Thing> thing;
//   return thing.get();
#ifndef HYPERGRAPH_BASE_FOREVER_H_
#define HYPERGRAPH_BASE_FOREVER_H_

#include <new>
#include <type_traits>

namespace hypergraph {

template <typename T>
class Forever {
 public:
  Forever() : value_(*new (bytes_) T()) {
    static_assert(std::is_trivially_destructible_v<Forever>, "nothing runs at exit");
  }
  Forever(const Forever&) = delete;
  Forever& operator=(const Forever&) = delete;

  T& get() { return value_; }

 private:
  alignas(T) unsigned char bytes_[sizeof(T)];
  T& value_;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_BASE_FOREVER_H_
