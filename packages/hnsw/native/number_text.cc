#include "number_text.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <system_error>

namespace hypermesh::hnsw {
namespace {

// Powers of ten that are doubles: a product or quotient of two doubles is rounded once.
constexpr std::array<double, 23> kTens = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                          1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                          1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
// Longer ones than a program writes are left to who reads all of them.
constexpr size_t kNumberCharsMax = 64;

// The largest up to which all whole numbers are doubles, and how many digits never wrap.
constexpr uint64_t kWholeMax = uint64_t{1} << 53;
constexpr ptrdiff_t kDigitsMax = 19;

bool IsDigit(char16_t unit) { return unit >= u'0' && unit <= u'9'; }

// Requires: a 0 behind the text, where every loop here ends.
const char16_t* SkipSpace(const char16_t* at) {
  while (*at == u' ' || *at == u'\n' || *at == u'\t' || *at == u'\r') ++at;
  return at;
}

const char16_t* ReadDigits(const char16_t* at, uint64_t* whole) {
  uint64_t value = *whole;
  for (; IsDigit(*at); ++at) value = value * 10 + static_cast<uint64_t>(*at - u'0');
  *whole = value;
  return at;
}

// Null where there are no digits.
const char16_t* ReadExponent(const char16_t* at, int* exponent) {
  const bool is_negative = *at == u'-';
  if (is_negative || *at == u'+') ++at;
  if (!IsDigit(*at)) return nullptr;
  int value = 0;
  for (; IsDigit(*at); ++at)
    if (value < 10000) value = value * 10 + (*at - u'0');
  *exponent += is_negative ? -value : value;
  return at;
}

bool ReadSlowly(const char16_t* from, const char16_t* to, double* number) {
  std::array<char, kNumberCharsMax> chars;
  if (to - from > static_cast<ptrdiff_t>(chars.size())) return false;
  char* end = chars.data();
  while (from != to) *end++ = static_cast<char>(*from++);
  const auto [read, error] = std::from_chars(chars.data(), end, *number);
  // One that no double can hold is infinite or nothing to JavaScript, which says so itself.
  return error == std::errc() && read == end;
}

// By the grammar of JSON; null where there is none, or one that is left to others.
const char16_t* ReadNumber(const char16_t* from, double* number) {
  const bool is_negative = *from == u'-';
  const char16_t* at = from + (is_negative ? 1 : 0);
  const char16_t* const digits = at;
  uint64_t whole = 0;
  int exponent = 0;
  if (*at == u'0') {
    ++at;
  } else {
    at = ReadDigits(at, &whole);
    if (at == digits) return nullptr;
  }
  if (*at == u'.') {
    const char16_t* const places = ++at;
    at = ReadDigits(at, &whole);
    if (at == places) return nullptr;
    exponent -= static_cast<int>(at - places);
  }
  const bool is_short = at - digits <= kDigitsMax && whole <= kWholeMax;
  if (*at == u'e' || *at == u'E') {
    at = ReadExponent(at + 1, &exponent);
    if (at == nullptr) return nullptr;
  }
  if (!is_short || exponent < -22 || exponent > 22)
    return ReadSlowly(from, at, number) ? at : nullptr;
  const auto value = static_cast<double>(whole);
  const double power = kTens[static_cast<size_t>(exponent < 0 ? -exponent : exponent)];
  const double scaled = exponent < 0 ? value / power : value * power;
  *number = is_negative ? -scaled : scaled;
  return at;
}

}  // namespace

NumberList ReadNumbers(const std::u16string& text, size_t from, std::span<double> into) {
  if (from >= text.size() || text[from] != u'[') return {};
  const char16_t* at = text.c_str() + from;
  size_t count = 0;
  do {
    if (count == into.size()) return {};
    at = ReadNumber(SkipSpace(at + 1), &into[count]);
    if (at == nullptr) return {};
    ++count;
    at = SkipSpace(at);
  } while (*at == u',');
  if (*at != u']') return {};
  return {count, static_cast<size_t>(at + 1 - text.c_str())};
}

}  // namespace hypermesh::hnsw
