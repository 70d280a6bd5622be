// Comparisons on one column, as the plan states them and every row source evaluates them. The one
// place that says what comparing means: integers, timestamps and bools as int64; an int64 property
// against a float64 operand exactly (never by rounding the integer); strings by UTF-8 bytes; NaN
// never stored; a null satisfies only kIsNull. Null are: an absent property, an absent label, no
// key. valid_to is never null: kMicrosMax is greater than every instant. An operand that cannot be
// compared with the column (a string with a number) matches nothing, kNe included. Members and
// roles cannot be compared: kInvalid.
#ifndef HYPERGRAPH_INDEX_PREDICATE_H_
#define HYPERGRAPH_INDEX_PREDICATE_H_

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/types.h"

namespace hypergraph {

enum class ColumnKind : uint8_t {  // Frozen: crosses the boundary to JavaScript.
  kId = 1,
  kEventTs = 2,
  kValidTo = 3,
  kWeight = 4,
  kLabel = 5,
  kArity = 6,
  kMembers = 7,
  kRoles = 8,
  kKey = 9,
  kProperty = 10,
  kSeq = 11,  // The record's own number: the commit order.
};

struct ColumnRef {
  ColumnKind kind = ColumnKind::kId;
  PropertyIndex property = 0;  // With kProperty only.
  bool operator==(const ColumnRef&) const = default;
};

enum class CompareOp : uint8_t {  // Frozen: crosses the boundary to JavaScript.
  kEq = 1,
  kNe = 2,
  kLt = 3,
  kLe = 4,
  kGt = 5,
  kGe = 6,
  kIn = 7,  // Any of operands.
  kIsNull = 8,
  kIsNotNull = 9,
  kPrefix = 10,  // Strings.
};

// The planner has turned a label into its Symbol (kSymbolNone of an unknown label matches nothing:
// it replaces the comparison by one that never holds), so labels compare as int64 here too.
using Value = std::variant<int64_t, double, std::string>;

struct Comparison {
  ColumnRef column;
  CompareOp op = CompareOp::kEq;
  std::vector<Value> operands;  // One; any number with kIn; none with kIsNull and kIsNotNull.
};

// A lookup in a property index over columns (c1, …, cn): equal on the first n−1, a range on the
// last.
struct IndexProbe {
  std::vector<ColumnRef> columns;
  std::vector<Value> equals;  // columns.size() − 1 of them.
  std::optional<Value> low;   // Absent: unbounded.
  std::optional<Value> high;
  bool low_inclusive = true;
  bool high_inclusive = true;
};

// `left` is not null. kIn compares with this one operand.
bool Compare(int64_t left, CompareOp op, const Value& right);
bool Compare(double left, CompareOp op, const Value& right);
bool Compare(std::string_view left, CompareOp op, const Value& right);

}  // namespace hypergraph

#endif  // HYPERGRAPH_INDEX_PREDICATE_H_
