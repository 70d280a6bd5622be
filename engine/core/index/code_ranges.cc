#include "core/index/code_ranges.h"

#include <algorithm>
#include <cmath>

namespace hypergraph {

namespace {

using Place = unsigned __int128;  // One past the greatest code must have a name.

struct Domain {
  uint64_t low = 0;
  uint64_t high = 0;
};

// The first code in the domain for which `before` is false. Requires: true ones come first.
template <typename Before>
Place FirstNot(Domain domain, Before before) {
  Place low = domain.low;
  Place high = Place{domain.high} + 1;
  while (low < high) {
    const Place middle = low + (high - low) / 2;
    if (before(static_cast<uint64_t>(middle))) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

void AddRange(Place first, Place past, CodeRanges* ranges) {
  if (first >= past) return;
  ranges->push_back({static_cast<uint64_t>(first), static_cast<uint64_t>(past - 1)});
}

void Normalize(CodeRanges* ranges) {
  std::sort(ranges->begin(), ranges->end(),
            [](const CodeRange& left, const CodeRange& right) { return left.low < right.low; });
  CodeRanges merged;
  for (const CodeRange& range : *ranges) {
    if (!merged.empty() &&
        (merged.back().high == UINT64_MAX || range.low <= merged.back().high + 1)) {
      merged.back().high = std::max(merged.back().high, range.high);
    } else {
      merged.push_back(range);
    }
  }
  *ranges = std::move(merged);
}

// `below(code, operand, or_equal)`: whether the code's value is less than (or equal to) the
// operand.
template <typename Below>
void AddComparison(Domain domain, CompareOp op, const Value& operand, Below below,
                   CodeRanges* ranges) {
  const Place begin = domain.low;
  const Place end = Place{domain.high} + 1;
  const Place first = FirstNot(domain, [&](uint64_t code) { return below(code, operand, false); });
  const Place past = FirstNot(domain, [&](uint64_t code) { return below(code, operand, true); });
  switch (op) {
    case CompareOp::kEq:
    case CompareOp::kIn:
      return AddRange(first, past, ranges);
    case CompareOp::kNe:
      AddRange(begin, first, ranges);
      return AddRange(past, end, ranges);
    case CompareOp::kLt:
      return AddRange(begin, first, ranges);
    case CompareOp::kLe:
      return AddRange(begin, past, ranges);
    case CompareOp::kGt:
      return AddRange(past, end, ranges);
    case CompareOp::kGe:
      return AddRange(first, end, ranges);
    case CompareOp::kIsNull:
    case CompareOp::kIsNotNull:
    case CompareOp::kPrefix:
      return;
  }
}

}  // namespace

bool RangesOf(const NumberColumn& column, CompareOp op, std::span<const Value> operands,
              CodeRanges* ranges) {
  ranges->clear();
  if (!column.VerifyDictionary()) return false;
  const Domain domain{column.code_min(), column.code_max()};
  const auto below = [&](uint64_t code, const Value& operand, bool or_equal) {
    const CompareOp compare = or_equal ? CompareOp::kLe : CompareOp::kLt;
    return column.integers() ? Compare(column.IntegerOf(code), compare, operand)
                             : Compare(column.FloatOf(code), compare, operand);
  };
  for (const Value& operand : operands) {
    if (std::holds_alternative<std::string>(operand)) continue;
    const auto* number = std::get_if<double>(&operand);
    if (number != nullptr && std::isnan(*number)) continue;
    AddComparison(domain, op, operand, below, ranges);
  }
  Normalize(ranges);
  return true;
}

bool RangesOf(const TextColumn& column, CompareOp op, std::span<const Value> operands,
              CodeRanges* ranges) {
  ranges->clear();
  if (column.dictionary_count() == 0) return true;
  const Domain domain{0, column.dictionary_count() - 1};
  bool sound = true;
  const auto text_of = [&](uint64_t code) {
    std::string_view text;
    sound = sound && column.DictionaryText(code, &text);
    return text;
  };
  const auto below = [&](uint64_t code, const Value& operand, bool or_equal) {
    return Compare(text_of(code), or_equal ? CompareOp::kLe : CompareOp::kLt, operand);
  };
  for (const Value& operand : operands) {
    const auto* text = std::get_if<std::string>(&operand);
    if (text == nullptr) continue;
    if (op != CompareOp::kPrefix) {
      AddComparison(domain, op, operand, below, ranges);
      continue;
    }
    const Place first = FirstNot(domain, [&](uint64_t code) { return text_of(code) < *text; });
    const Place past = FirstNot(domain, [&](uint64_t code) {
      const std::string_view found = text_of(code);
      return found < *text || found.starts_with(*text);
    });
    AddRange(first, past, ranges);
  }
  Normalize(ranges);
  return sound;
}

bool AnyWithin(std::span<const CodeRange> ranges, uint64_t low, uint64_t high) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const CodeRange& range) {
    return range.low <= high && range.high >= low;
  });
}

}  // namespace hypergraph
