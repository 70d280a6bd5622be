#include "core/index/among.h"

#include <algorithm>
#include <cmath>

namespace hypergraph {

namespace {
constexpr size_t kLongList = 16;
}

Among::Among(std::span<const Value> operands) : operands_(operands) {
  if (operands.size() < kLongList) return;
  const auto is_nan = [](const Value& value) {
    const auto* number = std::get_if<double>(&value);
    return number != nullptr && std::isnan(*number);
  };
  ascending_ = std::is_sorted(operands.begin(), operands.end()) &&
               std::none_of(operands.begin(), operands.end(), is_nan);
  const auto type_below = [](const Value& value, size_t type) { return value.index() < type; };
  const auto first_of = [&](size_t type) {
    return static_cast<size_t>(
        std::lower_bound(operands.begin(), operands.end(), type, type_below) - operands.begin());
  };
  if (!ascending_) return;
  numbers_ = first_of(1);
  texts_ = first_of(2);
}

template <typename T>
bool Among::Find(const T& value) const {
  const auto equals = [&](const Value& operand) { return Compare(value, CompareOp::kEq, operand); };
  if (!ascending_) return std::any_of(operands_.begin(), operands_.end(), equals);
  const auto has = [&](std::span<const Value> part) {
    const auto at = std::partition_point(part.begin(), part.end(), [&](const Value& operand) {
      return Compare(value, CompareOp::kGt, operand);
    });
    return at != part.end() && equals(*at);
  };
  return has(operands_.first(numbers_)) || has(operands_.subspan(numbers_, texts_ - numbers_)) ||
         has(operands_.subspan(texts_));
}

template bool Among::Find(const int64_t&) const;
template bool Among::Find(const double&) const;
template bool Among::Find(const std::string_view&) const;

}  // namespace hypergraph
