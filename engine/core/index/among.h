// The operands of a kIn as a set.
//
// Threads: any, once made. Ownership: borrows the operands.
#ifndef HYPERGRAPH_INDEX_AMONG_H_
#define HYPERGRAPH_INDEX_AMONG_H_

#include <string_view>

#include "core/index/predicate.h"

namespace hypergraph {

// Whether a value equals any of the operands of a kIn: by halving when they ascend (as values of a
// variant do), so that a long list does not cost its length for each row.
class Among {
 public:
  // Borrows the operands.
  explicit Among(std::span<const Value> operands);
  bool Has(int64_t value) const { return Find(value); }
  bool Has(double value) const { return Find(value); }
  bool Has(std::string_view value) const { return Find(value); }

 private:
  template <typename T>
  bool Find(const T& value) const;
  std::span<const Value> operands_;
  bool ascending_ = false;
  size_t numbers_ = 0, texts_ = 0;  // Where floats and texts begin, when ascending.
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_INDEX_AMONG_H_
