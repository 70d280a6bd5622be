#include "core/query/filter.h"

#include <algorithm>

namespace hypergraph {
namespace {

FilterStep Constant(bool holds) {
  FilterStep step;
  step.kind = holds ? FilterStep::Kind::kAlways : FilterStep::Kind::kNever;
  return step;
}

// The comparison that holds exactly where this one does not and the column has a value.
bool Opposite(CompareOp op, CompareOp* opposite) {
  switch (op) {
    case CompareOp::kEq:
      *opposite = CompareOp::kNe;
      return true;
    case CompareOp::kNe:
      *opposite = CompareOp::kEq;
      return true;
    case CompareOp::kLt:
      *opposite = CompareOp::kGe;
      return true;
    case CompareOp::kGe:
      *opposite = CompareOp::kLt;
      return true;
    case CompareOp::kGt:
      *opposite = CompareOp::kLe;
      return true;
    case CompareOp::kLe:
      *opposite = CompareOp::kGt;
      return true;
    case CompareOp::kIsNull:
      *opposite = CompareOp::kIsNotNull;
      return true;
    case CompareOp::kIsNotNull:
      *opposite = CompareOp::kIsNull;
      return true;
    case CompareOp::kIn:
    case CompareOp::kPrefix:
      return false;
  }
  return false;
}

bool IsNullTest(CompareOp op) { return op == CompareOp::kIsNull || op == CompareOp::kIsNotNull; }

class FilterCompiler {
 public:
  FilterCompiler(const TableSchema& schema, const Dictionary& symbols)
      : schema_(schema), symbols_(symbols) {}

  Status Compile(const FilterNode& node, bool negated, FilterStep* step) {
    switch (node.kind) {
      case FilterNode::Kind::kCompare:
        return CompileComparison(node.compare, negated, step);
      case FilterNode::Kind::kNot:
        return Compile(node.children[0], !negated, step);
      case FilterNode::Kind::kAnd:
      case FilterNode::Kind::kOr:
        break;
    }
    const bool is_and = (node.kind == FilterNode::Kind::kAnd) != negated;
    const auto neutral = is_and ? FilterStep::Kind::kAlways : FilterStep::Kind::kNever;
    const auto deciding = is_and ? FilterStep::Kind::kNever : FilterStep::Kind::kAlways;
    bool decided = false;
    // Once decided, the parts that follow are still checked for mistakes.
    for (const FilterNode& child : node.children) {
      FilterStep part;
      HG_RETURN_IF_ERROR(Compile(child, negated, &part));
      decided = decided || part.kind == deciding;
      if (part.kind != neutral) step->children.push_back(std::move(part));
    }
    step->kind = is_and ? FilterStep::Kind::kAnd : FilterStep::Kind::kOr;
    if (decided || step->children.empty()) {
      *step = Constant(decided ? !is_and : is_and);
    } else if (step->children.size() == 1) {
      FilterStep only = std::move(step->children[0]);
      *step = std::move(only);
    }
    return Status::Ok();
  }

 private:
  enum class Family : uint8_t { kInteger, kFloat, kText, kSymbol, kNone };

  Family FamilyOf(ColumnRef column) const {
    switch (column.kind) {
      case ColumnKind::kId:
      case ColumnKind::kEventTs:
      case ColumnKind::kValidTo:
      case ColumnKind::kArity:
      case ColumnKind::kSeq:
        return Family::kInteger;
      case ColumnKind::kWeight:
        return Family::kFloat;
      case ColumnKind::kLabel:
        return Family::kSymbol;
      case ColumnKind::kKey:
        return Family::kText;
      case ColumnKind::kMembers:
      case ColumnKind::kRoles:
        return Family::kNone;
      case ColumnKind::kProperty:
        break;
    }
    switch (schema_.properties[column.property].type) {
      case PropertyType::kFloat64:
        return Family::kFloat;
      case PropertyType::kString:
        return Family::kText;
      case PropertyType::kBool:
      case PropertyType::kInt64:
      case PropertyType::kTimestamp:
        break;
    }
    return Family::kInteger;
  }

  Status CompileComparison(const Comparison& given, bool negated, FilterStep* step) {
    HG_RETURN_IF_ERROR(CheckColumn(schema_, given.column));
    const Family family = FamilyOf(given.column);
    const std::string name = ColumnName(schema_, given.column);
    if (family == Family::kNone) {
      return {Code::kInvalid, name + " cannot be compared; ask for members instead"};
    }
    if (given.op == CompareOp::kPrefix && family != Family::kText) {
      return {Code::kTypeMismatch, "a prefix was asked of " + name + ", which is no string"};
    }
    if (family == Family::kSymbol && given.op >= CompareOp::kLt && given.op <= CompareOp::kGe) {
      return {Code::kInvalid, "labels have no order; compare " + name + " for equality"};
    }
    step->kind = FilterStep::Kind::kCompare;
    step->compare.column = given.column;
    step->compare.op = given.op;
    if (negated && !Opposite(given.op, &step->compare.op)) {
      step->kind = FilterStep::Kind::kCompareNot;
    }
    for (const Value& operand : given.operands) {
      HG_RETURN_IF_ERROR(AddOperand(operand, family, name, &step->compare.operands));
    }
    Simplify(step);
    return Status::Ok();
  }

  Status AddOperand(const Value& operand, Family family, const std::string& name,
                    std::vector<Value>* operands) const {
    const auto* text = std::get_if<std::string>(&operand);
    const bool wants_text = family == Family::kText || family == Family::kSymbol;
    if ((text != nullptr) != wants_text) {
      return {Code::kTypeMismatch, name + (wants_text ? " is text and was compared with a number"
                                                      : " is a number and was compared with text")};
    }
    if (family == Family::kSymbol) {
      std::optional<uint32_t> symbol;
      HG_RETURN_IF_ERROR(symbols_.Find(NodeKey{.is_text = true, .text = *text}, &symbol));
      if (symbol) operands->push_back(static_cast<int64_t>(*symbol));
      return Status::Ok();
    }
    if (const auto* number = std::get_if<double>(&operand); number && family == Family::kInteger) {
      if (*number > -0x1p63 && *number < 0x1p63 &&
          *number == static_cast<double>(static_cast<int64_t>(*number))) {
        operands->push_back(static_cast<int64_t>(*number));
        return Status::Ok();
      }
    }
    if (const auto* integer = std::get_if<int64_t>(&operand); integer && family == Family::kFloat) {
      constexpr int64_t kExact = int64_t{1} << 53;
      if (*integer >= -kExact && *integer <= kExact) {
        operands->push_back(static_cast<double>(*integer));
        return Status::Ok();
      }
    }
    operands->push_back(operand);
    return Status::Ok();
  }

  // Settles lists of none or one, labels that nobody has, and null tests where there are no nulls.
  static void Simplify(FilterStep* step) {
    Comparison& compare = step->compare;
    const bool plain = step->kind == FilterStep::Kind::kCompare;
    if (compare.op == CompareOp::kIn) {
      std::sort(compare.operands.begin(), compare.operands.end());
      compare.operands.erase(std::unique(compare.operands.begin(), compare.operands.end()),
                             compare.operands.end());
      if (compare.operands.size() > 1) return;
      step->kind = FilterStep::Kind::kCompare;
      compare.op = plain ? CompareOp::kEq : CompareOp::kNe;
    }
    if (compare.operands.empty() && compare.op == CompareOp::kEq) {
      *step = Constant(false);
    } else if (compare.operands.empty() && compare.op == CompareOp::kNe) {
      // Where there is a value. A valid_to always is one to compare with, even if it never ends.
      if (compare.column.kind == ColumnKind::kValidTo) {
        *step = Constant(true);
      } else {
        compare.op = CompareOp::kIsNotNull;
      }
    }
    if (step->kind == FilterStep::Kind::kCompare && IsNullTest(compare.op)) ResolveNullTest(step);
  }

  static void ResolveNullTest(FilterStep* step) {
    Comparison& compare = step->compare;
    const bool is_null = compare.op == CompareOp::kIsNull;
    switch (compare.column.kind) {
      case ColumnKind::kValidTo:  // Null to callers: it never ends.
        compare.op = is_null ? CompareOp::kEq : CompareOp::kNe;
        compare.operands = {Value(kMicrosMax)};
        return;
      case ColumnKind::kLabel:
      case ColumnKind::kKey:
      case ColumnKind::kProperty:
        return;
      default:
        *step = Constant(!is_null);
    }
  }

  const TableSchema& schema_;
  const Dictionary& symbols_;
};

const char* OpText(CompareOp op) {
  switch (op) {
    case CompareOp::kEq:
      return " = ";
    case CompareOp::kNe:
      return " <> ";
    case CompareOp::kLt:
      return " < ";
    case CompareOp::kLe:
      return " <= ";
    case CompareOp::kGt:
      return " > ";
    case CompareOp::kGe:
      return " >= ";
    case CompareOp::kIn:
      return " in ";
    case CompareOp::kIsNull:
      return " is null";
    case CompareOp::kIsNotNull:
      return " is not null";
    case CompareOp::kPrefix:
      return " starts with ";
  }
  return "";
}

std::string OperandsText(const Comparison& compare) {
  std::string text;
  for (const Value& operand : compare.operands) {
    if (!text.empty()) text += ", ";
    if (text.size() > 200) return text + "…";
    if (const auto* integer = std::get_if<int64_t>(&operand)) {
      text += std::to_string(*integer);
    } else if (const auto* number = std::get_if<double>(&operand)) {
      text += std::to_string(*number);
    } else {
      text += '"' + std::get<std::string>(operand) + '"';
    }
  }
  return compare.op == CompareOp::kIn ? "(" + text + ")" : text;
}

}  // namespace

Status CheckColumn(const TableSchema& schema, ColumnRef column) {
  if (column.kind != ColumnKind::kProperty || column.property < schema.properties.size()) {
    return Status::Ok();
  }
  return {Code::kNotFound,
          "table " + schema.name + " has " + std::to_string(schema.properties.size()) +
              " properties, none with the number " + std::to_string(column.property)};
}

std::string ColumnName(const TableSchema& schema, ColumnRef column) {
  if (column.kind == ColumnKind::kProperty) {
    return column.property < schema.properties.size() ? schema.properties[column.property].name
                                                      : std::to_string(column.property);
  }
  constexpr const char* kNames[] = {"",      "id",      "event_ts", "valid_to", "weight", "label",
                                    "arity", "members", "roles",    "key",      "",       "seq"};
  return kNames[static_cast<uint8_t>(column.kind)];
}

std::string FilterText(const TableSchema& schema, const FilterStep& step) {
  switch (step.kind) {
    case FilterStep::Kind::kNever:
      return "never";
    case FilterStep::Kind::kAlways:
      return "always";
    case FilterStep::Kind::kCompare:
    case FilterStep::Kind::kCompareNot:
      return (step.kind == FilterStep::Kind::kCompareNot ? "not " : "") +
             ColumnName(schema, step.compare.column) + OpText(step.compare.op) +
             OperandsText(step.compare);
    case FilterStep::Kind::kAnd:
    case FilterStep::Kind::kOr:
      break;
  }
  std::string text = "(";
  for (const FilterStep& child : step.children) {
    if (text.size() > 1) text += step.kind == FilterStep::Kind::kAnd ? " and " : " or ";
    text += FilterText(schema, child);
  }
  return text + ")";
}

Status CompileFilter(const FilterNode& filter, const TableSchema& schema, const Dictionary& symbols,
                     std::vector<FilterStep>* conjuncts) {
  FilterStep whole;
  HG_RETURN_IF_ERROR(FilterCompiler(schema, symbols).Compile(filter, false, &whole));
  if (whole.kind != FilterStep::Kind::kAnd) {
    if (whole.kind != FilterStep::Kind::kAlways) conjuncts->push_back(std::move(whole));
    return Status::Ok();
  }
  // An and inside an and was not folded; its parts are conjuncts too.
  for (FilterStep& child : whole.children) conjuncts->push_back(std::move(child));
  for (size_t i = 0; i < conjuncts->size(); ++i) {
    while ((*conjuncts)[i].kind == FilterStep::Kind::kAnd) {
      std::vector<FilterStep> parts = std::move((*conjuncts)[i].children);
      FilterStep first = std::move(parts[0]);
      (*conjuncts)[i] = std::move(first);
      for (size_t k = 1; k < parts.size(); ++k) conjuncts->push_back(std::move(parts[k]));
    }
  }
  return Status::Ok();
}

}  // namespace hypergraph
