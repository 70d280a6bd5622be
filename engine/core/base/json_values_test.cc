#include "core/base/json_values.h"

#include <bit>
#include <charconv>
#include <limits>
#include <memory>
#include <string>

#include "core/base/random.h"
#include "test/test.h"

namespace hypergraph {
namespace {

template <typename Put, typename Value>
std::string TextOf(Put put, Value value) {
  // No more than that, so that a sanitizer sees what is written behind it.
  const auto room = std::make_unique<uint8_t[]>(kJsonValueBytesMax);
  const uint8_t* const end = put(room.get(), value);
  return {reinterpret_cast<const char*>(room.get()), static_cast<size_t>(end - room.get())};
}

std::string DoubleText(double value) { return TextOf(PutJsonDouble, value); }

TEST(Doubles_are_written_as_JavaScript_does) {
  CHECK_EQ(DoubleText(0), "0");
  CHECK_EQ(DoubleText(-0.0), "-0");
  CHECK_EQ(DoubleText(-1), "-1");
  CHECK_EQ(DoubleText(0.5), "0.5");
  CHECK_EQ(DoubleText(-1234.25), "-1234.25");
  CHECK_EQ(DoubleText(0.1 + 0.2), "0.30000000000000004");
  CHECK_EQ(DoubleText(1e-6), "0.000001");
  CHECK_EQ(DoubleText(1.5e-6), "0.0000015");
  CHECK_EQ(DoubleText(1e-7), "1e-7");
  CHECK_EQ(DoubleText(1.25e-7), "1.25e-7");
  CHECK_EQ(DoubleText(9007199254740991), "9007199254740991");
  CHECK_EQ(DoubleText(9007199254740992), "9007199254740992");
  CHECK_EQ(DoubleText(1e20), "100000000000000000000");
  CHECK_EQ(DoubleText(123456789012345680000.0), "123456789012345680000");
  CHECK_EQ(DoubleText(1e21), "1e+21");
  CHECK_EQ(DoubleText(1.5e300), "1.5e+300");
  CHECK_EQ(DoubleText(5e-324), "5e-324");
  CHECK_EQ(DoubleText(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
  CHECK_EQ(DoubleText(999999999999.99), "999999999999.99");
  CHECK_EQ(DoubleText(4503599627370495.5), "4503599627370495.5");
  CHECK_EQ(DoubleText(std::numeric_limits<double>::quiet_NaN()), "\"NaN\"");
  CHECK_EQ(DoubleText(-std::numeric_limits<double>::infinity()), "\"-Infinity\"");
}

TEST(Doubles_read_back_the_same_and_none_is_shorter) {
  Random random(test::Seed());
  for (int round = 0; round < 200'000; ++round) {
    double value = std::bit_cast<double>(random.Next());
    if (round % 2 == 0) {
      const double ten = round % 4 == 0 ? 100 : 1e7;
      value = static_cast<double>(random.Below(uint64_t{1} << random.Below(54))) / ten;
    }
    if (value - value != 0) continue;
    const std::string text = DoubleText(value);
    double read = 0;
    std::from_chars(text.data(), text.data() + text.size(), read);
    CHECK_EQ(std::bit_cast<uint64_t>(read), std::bit_cast<uint64_t>(value));
    char shortest[64];
    const auto end =
        std::to_chars(shortest, shortest + sizeof shortest, value, std::chars_format::scientific);
    const auto digits = [](std::string_view number) {
      std::string kept;
      for (const char c : number.substr(0, number.find('e'))) {
        if (c >= '0' && c <= '9' && !(kept.empty() && c == '0')) kept += c;
      }
      while (!kept.empty() && kept.back() == '0') kept.pop_back();
      return kept;
    };
    CHECK_EQ(digits(text), digits({shortest, static_cast<size_t>(end.ptr - shortest)}));
  }
}

TEST(Integers_beyond_what_numbers_hold_are_objects) {
  CHECK_EQ(TextOf(PutJsonInteger, int64_t{0}), "0");
  CHECK_EQ(TextOf(PutJsonInteger, int64_t{-9007199254740991}), "-9007199254740991");
  CHECK_EQ(TextOf(PutJsonInteger, int64_t{9007199254740992}), "{\"int\":\"9007199254740992\"}");
  CHECK_EQ(TextOf(PutJsonInteger, int64_t{-9007199254740992}), "{\"int\":\"-9007199254740992\"}");
  CHECK_EQ(TextOf(PutJsonInteger, kMicrosMin), "{\"int\":\"-9223372036854775808\"}");
  CHECK_EQ(TextOf(PutJsonUnsigned, UINT64_MAX), "{\"int\":\"18446744073709551615\"}");
  uint64_t power = 1;
  for (size_t digits = 1; digits <= 20; ++digits, power *= 10) {
    for (const uint64_t value : {power, power - 1, power + 1}) {
      CHECK_EQ(TextOf(PutDigits, value), std::to_string(value));
    }
  }
}

TEST(Instants_are_ISO_8601_as_far_as_a_calendar_reaches) {
  const auto text = [](Micros instant) { return TextOf(PutJsonInstant, instant); };
  CHECK_EQ(text(0), "\"1970-01-01T00:00:00.000Z\"");
  CHECK_EQ(text(-1), "\"1969-12-31T23:59:59.999999Z\"");
  CHECK_EQ(text(1'709'210'096'789'000), "\"2024-02-29T12:34:56.789Z\"");
  CHECK_EQ(text(1'709'210'096'789'012), "\"2024-02-29T12:34:56.789012Z\"");
  CHECK_EQ(text(253'402'300'799'999'999), "\"9999-12-31T23:59:59.999999Z\"");
  CHECK_EQ(text(253'402'300'800'000'000), "\"+010000-01-01T00:00:00.000Z\"");
  CHECK_EQ(text(-62'167'219'200'000'000), "\"0000-01-01T00:00:00.000Z\"");
  CHECK_EQ(text(-62'167'219'200'000'001), "\"-000001-12-31T23:59:59.999999Z\"");
  CHECK_EQ(text(8'640'000'000'000'000'999), "\"+275760-09-13T00:00:00.000999Z\"");
  CHECK_EQ(text(8'640'000'000'000'001'000), "\"8640000000000001000us\"");
  CHECK_EQ(text(-8'640'000'000'000'000'000), "\"-271821-04-20T00:00:00.000Z\"");
  CHECK_EQ(text(-8'640'000'000'000'000'001), "\"-8640000000000000001us\"");
  CHECK_EQ(text(kMicrosMin), "\"-9223372036854775808us\"");
}

}  // namespace
}  // namespace hypergraph
