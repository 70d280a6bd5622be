// A plan's filter made ready to run: names resolved, operands checked and brought to their column's
// type, negations pushed down to the comparisons, so that only what certainly holds is left to
// find. SQL's three values fall out: a comparison with null holds neither plainly nor negated.
//
// Threads: a compiled filter is immutable; FilterScratch is one thread's.
#ifndef HYPERGRAPH_QUERY_FILTER_H_
#define HYPERGRAPH_QUERY_FILTER_H_

#include <memory>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/graph/schema.h"
#include "core/index/dictionary.h"
#include "core/index/row_source.h"
#include "core/query/plan.h"

namespace hypergraph {

struct FilterStep {
  enum class Kind : uint8_t {
    kNever,
    kAlways,
    kCompare,     // The comparison holds.
    kCompareNot,  // The column has a value, and the comparison does not hold.
    kAnd,
    kOr,
  };
  Kind kind = Kind::kAlways;
  Comparison compare;                // With kCompare, kCompareNot.
  std::vector<FilterStep> children;  // With kAnd, kOr.
};

// kNotFound, kTypeMismatch or kInvalid, saying which column or operand. Appends steps that must all
// hold: the parts of a top-level and become steps of their own.
Status CompileFilter(const FilterNode& filter, const TableSchema& schema, const Dictionary& symbols,
                     std::vector<FilterStep>* conjuncts);

// How messages and explain name a column.
std::string ColumnName(const TableSchema& schema, ColumnRef column);
std::string FilterText(const TableSchema& schema, const FilterStep& step);

// kNotFound for a property that the table does not have.
Status CheckColumn(const TableSchema& schema, ColumnRef column);

// Vectors that nested filters work in, kept between batches.
class FilterScratch {
 public:
  std::vector<uint32_t>* Take();
  void GiveBack(std::vector<uint32_t>* rows);

 private:
  std::vector<std::unique_ptr<std::vector<uint32_t>>> all_;
  std::vector<std::vector<uint32_t>*> free_;
};

// Appends the rows for which the step holds, in their order.
Status RunFilter(const FilterStep& step, const RowSource& source, Rows rows, FilterScratch* scratch,
                 std::vector<uint32_t>* selected);

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_FILTER_H_
