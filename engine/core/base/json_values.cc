#include "core/base/json_values.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

namespace hypergraph {
namespace {

constexpr uint64_t kExactMax = (uint64_t{1} << 53) - 1;
// Fewer significant digits than this tell every double from its neighbours: no text is shorter.
constexpr double kDecimalMax = 1e15;
// What Date of JavaScript reaches.
constexpr int64_t kCalendarMillisMax = 8'640'000'000'000'000;
constexpr int64_t kMillisADay = 86'400'000;

constexpr auto kPairs = [] {
  std::array<char, 200> pairs{};
  for (size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

constexpr auto kTens = [] {
  std::array<uint64_t, 20> tens{};
  uint64_t power = 1;
  for (uint64_t& ten : tens) {
    ten = power;
    power *= 10;
  }
  return tens;
}();

uint8_t* PutChars(uint8_t* at, std::string_view text) {
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

void PutPair(uint8_t* at, uint64_t value) { std::memcpy(at, &kPairs[2 * value], 2); }

// Requires: not 0.
size_t DigitCount(uint64_t value) {
  // log10 of 2 is about 1233 / 4096.
  const auto about = static_cast<size_t>(std::bit_width(value)) * 1233 >> 12;
  return about + (value >= kTens[about] ? 1 : 0);
}

// With zeros in front. Requires: the value has no more digits.
uint8_t* PutPadded(uint8_t* at, uint64_t value, size_t count) {
  uint8_t* const end = at + count;
  uint8_t* to = end;
  for (; to - at >= 2; value /= 100) PutPair(to -= 2, value % 100);
  if (to > at) *at = static_cast<uint8_t>('0' + value % 10);
  return end;
}

// How many places are enough to find out whether a number has few: all that 15 digits leave.
size_t PlacesOf(double magnitude) {
  if (magnitude < 1e6) return 9;
  if (magnitude < 1e9) return 6;
  if (magnitude < 1e12) return 3;
  return 2;
}

// A number that is the quotient of at most 15 digits and a power of ten is written as those digits:
// the quotient is rounded as reading the text is, so that it is the number proves the text. Null
// where it is none.
uint8_t* PutDecimal(uint8_t* at, double magnitude) {
  const size_t places = PlacesOf(magnitude);
  const uint64_t unit = kTens[places];
  const double scaled = magnitude * static_cast<double>(unit) + 0.5;
  if (!(scaled < kDecimalMax)) return nullptr;
  const auto digits = static_cast<uint64_t>(scaled);
  if (static_cast<double>(digits) / static_cast<double>(unit) != magnitude) return nullptr;
  at = PutDigits(at, digits / unit);
  *at++ = '.';
  at = PutPadded(at, digits % unit, places);
  while (at[-1] == '0') --at;
  return at;
}

// As ECMA-262 lays the shortest digits out.
uint8_t* PutShortest(uint8_t* at, double magnitude) {
  std::array<char, 32> text;
  const char* const end = std::to_chars(text.data(), text.data() + text.size(), magnitude,
                                        std::chars_format::scientific)
                              .ptr;
  // d[.ddd]e±dd
  std::array<char, 20> digits;
  size_t count = 0;
  const char* from = text.data();
  for (; *from != 'e'; ++from) {
    if (*from != '.') digits[count++] = *from;
  }
  int exponent = 0;
  std::from_chars(from + 2, end, exponent);
  if (from[1] == '-') exponent = -exponent;
  const std::string_view all(digits.data(), count);
  const int point = exponent + 1;  // So many digits stand before it.
  if (point > 21 || point < -5) {
    at = PutChars(at, all.substr(0, 1));
    if (count > 1) *at++ = '.';
    at = PutChars(at, all.substr(1));
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    return PutDigits(at, static_cast<uint64_t>(exponent < 0 ? -exponent : exponent));
  }
  if (point <= 0) {
    at = PutChars(at, std::string_view("0.00000").substr(0, static_cast<size_t>(2 - point)));
    return PutChars(at, all);
  }
  const auto before = static_cast<size_t>(point);
  if (count > before) {
    at = PutChars(at, all.substr(0, before));
    *at++ = '.';
    return PutChars(at, all.substr(before));
  }
  at = PutChars(at, all);
  std::memset(at, '0', before - count);
  return at + (before - count);
}

struct Divided {
  int64_t quotient;
  int64_t rest;  // Never negative.
};

Divided DivideDown(int64_t value, int64_t by) {
  const int64_t quotient = value / by;
  const int64_t rest = value % by;
  return rest < 0 ? Divided{quotient - 1, rest + by} : Divided{quotient, rest};
}

// By Howard Hinnant's algorithm, for all years that Date has.
uint8_t* PutDate(uint8_t* at, int64_t days_since_1970) {
  const auto [era, day_of_era] = DivideDown(days_since_1970 + 719'468, 146'097);
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_part = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * month_part + 2) / 5 + 1;
  const int64_t month = month_part < 10 ? month_part + 3 : month_part - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  if (year >= 0 && year <= 9999) {
    at = PutPadded(at, static_cast<uint64_t>(year), 4);
  } else {
    *at++ = year < 0 ? '-' : '+';
    at = PutPadded(at, static_cast<uint64_t>(year < 0 ? -year : year), 6);
  }
  *at++ = '-';
  at = PutPadded(at, static_cast<uint64_t>(month), 2);
  *at++ = '-';
  return PutPadded(at, static_cast<uint64_t>(day), 2);
}

uint8_t* PutClock(uint8_t* at, uint64_t millis_of_day, uint64_t micros) {
  const uint64_t seconds = millis_of_day / 1000;
  *at++ = 'T';
  at = PutPadded(at, seconds / 3600, 2);
  *at++ = ':';
  at = PutPadded(at, seconds / 60 % 60, 2);
  *at++ = ':';
  at = PutPadded(at, seconds % 60, 2);
  *at++ = '.';
  at = PutPadded(at, millis_of_day % 1000, 3);
  if (micros != 0) at = PutPadded(at, micros, 3);
  *at++ = 'Z';
  return at;
}

}  // namespace

uint8_t* PutDigits(uint8_t* at, uint64_t value) {
  if (value < 10) {
    *at = static_cast<uint8_t>('0' + value);
    return at + 1;
  }
  uint8_t* const end = at + DigitCount(value);
  uint8_t* to = end;
  for (; value >= 100; value /= 100) PutPair(to -= 2, value % 100);
  if (value >= 10) {
    PutPair(to - 2, value);
  } else {
    to[-1] = static_cast<uint8_t>('0' + value);
  }
  return end;
}

uint8_t* PutJsonUnsigned(uint8_t* at, uint64_t value) {
  if (value <= kExactMax) return PutDigits(at, value);
  at = PutDigits(PutChars(at, "{\"int\":\""), value);
  return PutChars(at, "\"}");
}

uint8_t* PutJsonInteger(uint8_t* at, int64_t value) {
  if (value >= 0) return PutJsonUnsigned(at, static_cast<uint64_t>(value));
  const uint64_t magnitude = ~static_cast<uint64_t>(value) + 1;
  const bool exact = magnitude <= kExactMax;
  if (!exact) at = PutChars(at, "{\"int\":\"");
  *at++ = '-';
  at = PutDigits(at, magnitude);
  return exact ? at : PutChars(at, "\"}");
}

uint8_t* PutJsonDouble(uint8_t* at, double value) {
  if (std::isnan(value)) return PutChars(at, "\"NaN\"");
  if (std::isinf(value)) return PutChars(at, value < 0 ? "\"-Infinity\"" : "\"Infinity\"");
  if (std::signbit(value)) *at++ = '-';
  const double magnitude = std::fabs(value);
  if (magnitude <= static_cast<double>(kExactMax)) {
    const auto whole = static_cast<uint64_t>(magnitude);
    if (static_cast<double>(whole) == magnitude) return PutDigits(at, whole);
    if (magnitude >= 1e-6) {
      if (uint8_t* const end = PutDecimal(at, magnitude); end != nullptr) return end;
    }
  }
  return PutShortest(at, magnitude);
}

uint8_t* PutJsonInstant(uint8_t* at, Micros instant) {
  const auto [millis, micros] = DivideDown(instant, 1000);
  *at++ = '"';
  if (millis > kCalendarMillisMax || millis < -kCalendarMillisMax) {
    if (instant < 0) *at++ = '-';
    const auto bits = static_cast<uint64_t>(instant);
    at = PutChars(PutDigits(at, instant < 0 ? ~bits + 1 : bits), "us");
  } else {
    const auto [days, millis_of_day] = DivideDown(millis, kMillisADay);
    at = PutDate(at, days);
    at = PutClock(at, static_cast<uint64_t>(millis_of_day), static_cast<uint64_t>(micros));
  }
  *at++ = '"';
  return at;
}

}  // namespace hypergraph
