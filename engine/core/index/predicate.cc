#include "core/index/predicate.h"

#include <cmath>

namespace hypergraph {

namespace {

// The sign of left − right; nothing when they are not comparable (a string and a number, NaN).
using Order = std::optional<int>;

template <typename T>
int Sign(const T& left, const T& right) {
  return left < right ? -1 : (right < left ? 1 : 0);
}

// Exact: the integer is never rounded to a double.
Order OrderOf(int64_t left, double right) {
  if (std::isnan(right)) return std::nullopt;
  if (right >= 0x1p63) return -1;
  if (right < -0x1p63) return 1;
  const double whole = std::trunc(right);
  const int by_whole = Sign(left, static_cast<int64_t>(whole));
  return by_whole != 0 ? by_whole : Sign(whole, right);
}

Order OrderOf(int64_t left, const Value& right) {
  if (const auto* integer = std::get_if<int64_t>(&right)) return Sign(left, *integer);
  if (const auto* number = std::get_if<double>(&right)) return OrderOf(left, *number);
  return std::nullopt;
}

Order OrderOf(double left, const Value& right) {
  if (const auto* integer = std::get_if<int64_t>(&right)) {
    const Order reversed = OrderOf(*integer, left);
    return reversed ? Order(-*reversed) : reversed;
  }
  const auto* number = std::get_if<double>(&right);
  if (number == nullptr || std::isnan(left) || std::isnan(*number)) return std::nullopt;
  return Sign(left, *number);
}

Order OrderOf(std::string_view left, const Value& right) {
  const auto* text = std::get_if<std::string>(&right);
  if (text == nullptr) return std::nullopt;
  const int order = left.compare(*text);  // char_traits<char> compares as unsigned bytes.
  return order < 0 ? -1 : (order > 0 ? 1 : 0);
}

bool Holds(Order order, CompareOp op) {
  if (op == CompareOp::kIsNotNull) return true;
  if (!order) return false;
  switch (op) {
    case CompareOp::kEq:
    case CompareOp::kIn:
      return *order == 0;
    case CompareOp::kNe:
      return *order != 0;
    case CompareOp::kLt:
      return *order < 0;
    case CompareOp::kLe:
      return *order <= 0;
    case CompareOp::kGt:
      return *order > 0;
    case CompareOp::kGe:
      return *order >= 0;
    case CompareOp::kIsNull:
    case CompareOp::kIsNotNull:
    case CompareOp::kPrefix:
      return false;
  }
  return false;
}

}  // namespace

bool Compare(int64_t left, CompareOp op, const Value& right) {
  return Holds(OrderOf(left, right), op);
}

bool Compare(double left, CompareOp op, const Value& right) {
  return Holds(OrderOf(left, right), op);
}

bool Compare(std::string_view left, CompareOp op, const Value& right) {
  if (op == CompareOp::kPrefix) {
    const auto* text = std::get_if<std::string>(&right);
    return text != nullptr && left.starts_with(*text);
  }
  return Holds(OrderOf(left, right), op);
}

}  // namespace hypergraph
