// Whether to wait awake for what mostly comes at once: after it did not, the next times are left
// out, twice as many each time, so that where it never comes nearly nothing is spent.
//
// Threads: one.
#ifndef HYPERGRAPH_BASE_SPIN_POLICY_H_
#define HYPERGRAPH_BASE_SPIN_POLICY_H_

#include <algorithm>
#include <cstdint>

namespace hypergraph {

class SpinPolicy {
 public:
  static constexpr uint32_t kLeftOutMax = 1024;

  // Asked each time. Where it says yes one of the other two may follow: neither where it was not
  // waited for to the end.
  bool Wants() {
    if (left_out_ == 0) return true;
    --left_out_;
    return false;
  }
  void Came() { next_left_out_ = 1; }
  void DidNotCome() {
    left_out_ = next_left_out_;
    next_left_out_ = std::min(kLeftOutMax, next_left_out_ * 2);
  }

 private:
  uint32_t left_out_ = 0;
  uint32_t next_left_out_ = 1;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_BASE_SPIN_POLICY_H_
