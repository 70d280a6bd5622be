// Plans (WIRE.md) as bytes, for seeds.
#ifndef HYPERGRAPH_TEST_FUZZ_SUPPORT_PLAN_WRITER_H_
#define HYPERGRAPH_TEST_FUZZ_SUPPORT_PLAN_WRITER_H_

#include <optional>
#include <string>

#include "core/base/bytes.h"
#include "core/query/plan.h"
#include "test/fuzz/support/fuzz.h"

namespace hypergraph::fuzz {

inline constexpr size_t kBudgetAt = 5;  // In a plan: behind magic and kind.
inline constexpr size_t kBudgetBytes = 32;

class PlanWriter {
 public:
  explicit PlanWriter(PlanKind kind, uint32_t rows_max = 0);
  PlanWriter& Select(const Selection& selection);
  PlanWriter& Filter(const std::optional<FilterNode>& filter);
  PlanWriter& Node(const OwnedNodeKey& node);
  PlanWriter& Nodes(const std::vector<OwnedNodeKey>& nodes);
  PlanWriter& Columns(const std::vector<ColumnRef>& columns);
  PlanWriter& OptionalText(const std::optional<std::string>& text);
  PlanWriter& Text(std::string_view text) {
    out_.PutText(text);
    return *this;
  }
  template <typename T>
  PlanWriter& Put(T value) {
    out_.Put(value);
    return *this;
  }
  Bytes Finish() const { return {out_.view().begin(), out_.view().end()}; }

 private:
  void PutFilter(const FilterNode& node);
  ByteWriter out_;
};

// Every column that a hyperedge of the small database has.
std::vector<ColumnRef> AllColumns();
FilterNode Compare(ColumnRef column, CompareOp op, std::vector<Value> operands);
FilterNode Combine(FilterNode::Kind kind, std::vector<FilterNode> children);

}  // namespace hypergraph::fuzz

#endif  // HYPERGRAPH_TEST_FUZZ_SUPPORT_PLAN_WRITER_H_
