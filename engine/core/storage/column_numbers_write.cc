// How NumberColumn chooses a form and writes it.
#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_set>

#include "core/storage/column_number_codes.h"
#include "core/storage/column_numbers.h"

namespace hypergraph {

namespace {

constexpr size_t kDictionaryMax = 1u << 16;
// Quantised values are mostly decimal fractions, sometimes binary ones.
constexpr std::array<double, 11> kScales = {1,   10,  100,   1000,  10000,  100000,
                                            1e6, 4.0, 256.0, 65536, 1048576};

bool Present(std::span<const uint8_t> present, size_t i) { return present.empty() || present[i]; }

void WriteZones(std::span<const uint64_t> codes, std::span<const uint8_t> present,
                ByteWriter* section, ByteWriter* meta) {
  std::vector<uint64_t> lows;
  std::vector<uint64_t> highs;
  for (size_t first = 0; first < codes.size(); first += kZoneRows) {
    const size_t end = std::min<size_t>(codes.size(), first + kZoneRows);
    uint64_t low = UINT64_MAX;
    uint64_t high = 0;
    for (size_t i = first; i < end; ++i) {
      if (!Present(present, i)) continue;
      low = std::min(low, codes[i]);
      high = std::max(high, codes[i]);
    }
    lows.push_back(low > high ? 1 : low);
    highs.push_back(low > high ? 0 : high);
  }
  PackedArray::Write(std::span<const uint64_t>(lows), section, meta);
  PackedArray::Write(std::span<const uint64_t>(highs), section, meta);
}

void WriteSums(std::span<const double> values, ByteWriter* section, ByteWriter* meta) {
  std::vector<double> sums;
  for (size_t first = 0; first < values.size(); first += kZoneRows) {
    const auto zone = values.subspan(first, std::min<size_t>(kZoneRows, values.size() - first));
    double sum = 0;
    for (const double value : zone) sum += value;
    sums.push_back(sum);
  }
  WriteRawArray(std::span<const double>(sums), section, meta);
}

// The integer whose quotient by `scale` has exactly the value's bits.
bool Scale(double value, double scale, int64_t* integer) {
  const double scaled = std::nearbyint(value * scale);
  if (!(std::fabs(scaled) < 0x1p53)) return false;
  *integer = static_cast<int64_t>(scaled);
  return std::bit_cast<uint64_t>(static_cast<double>(*integer) / scale) ==
         std::bit_cast<uint64_t>(value);
}

// The first scale that fits all values; 0 when none does.
double FindScale(std::span<const double> values, std::vector<int64_t>* integers) {
  integers->resize(values.size());
  for (const double scale : kScales) {
    size_t i = 0;
    while (i < values.size() && Scale(values[i], scale, &(*integers)[i])) ++i;
    if (i == values.size()) return scale;
  }
  return 0;
}

// The distinct codes in ascending order; empty when they are too many to pay.
std::vector<uint64_t> DistinctCodes(std::span<const uint64_t> codes) {
  const size_t limit = std::min(kDictionaryMax, codes.size() / 4 + 1);
  std::unordered_set<uint64_t> seen;
  for (size_t i = 0; i < codes.size(); ++i) {
    if (i > 0 && codes[i] == codes[i - 1]) continue;
    seen.insert(codes[i]);
    if (seen.size() > limit) return {};
  }
  std::vector<uint64_t> distinct(seen.begin(), seen.end());
  std::sort(distinct.begin(), distinct.end());
  return distinct;
}

void ReplaceByPlaces(std::span<const uint64_t> distinct, std::vector<uint64_t>* codes) {
  for (uint64_t& code : *codes) {
    const auto at = std::lower_bound(distinct.begin(), distinct.end(), code);
    code = static_cast<uint64_t>(at - distinct.begin());
  }
}

void WriteDictionary(std::span<const double> values, std::span<const uint64_t> distinct,
                     std::vector<uint64_t>* codes, ByteWriter* section, ByteWriter* meta) {
  std::vector<double> dictionary;
  for (const uint64_t code : distinct) dictionary.push_back(FromOrderedBits(code));
  for (size_t i = 0; i < values.size(); ++i) (*codes)[i] = OrderedBits(values[i]);
  ReplaceByPlaces(distinct, codes);
  WriteRawArray(std::span<const double>(dictionary), section, meta);
  CodeColumn::Write(*codes, CodeLayout::kAny, section, meta);
}

void WriteScaled(std::span<const int64_t> integers, std::vector<uint64_t>* codes,
                 ByteWriter* section, ByteWriter* meta) {
  const int64_t base = *std::min_element(integers.begin(), integers.end());
  for (size_t i = 0; i < integers.size(); ++i) {
    (*codes)[i] = static_cast<uint64_t>(integers[i]) - static_cast<uint64_t>(base);
  }
  meta->Put(base);
  CodeColumn::Write(*codes, CodeLayout::kAny, section, meta);
}

// Absent values become the first present one, so that they widen nothing.
std::vector<double> FillAbsent(std::span<const double> values, std::span<const uint8_t> present) {
  std::vector<double> filled(values.begin(), values.end());
  if (present.empty()) return filled;
  const auto first = std::find_if(present.begin(), present.end(), [](uint8_t bit) { return bit; });
  const double filler =
      first == present.end() ? 0 : values[static_cast<size_t>(first - present.begin())];
  for (size_t i = 0; i < filled.size(); ++i) {
    if (!present[i]) filled[i] = filler;
  }
  return filled;
}

struct FloatChoice {
  NumberForm form = NumberForm::kFloat64;
  double scale = 0;
  std::vector<int64_t> integers;
  std::vector<uint64_t> distinct;
};

FloatChoice ChooseForm(std::span<const double> values) {
  FloatChoice choice;
  uint64_t best = values.size() * 8;
  const auto consider = [&](NumberForm form, uint64_t bytes) {
    if (bytes >= best) return;
    best = bytes;
    choice.form = form;
  };
  if (std::all_of(values.begin(), values.end(), [](double value) {
        return std::fabs(value) <= 0x1.fffffep127 &&
               std::bit_cast<uint64_t>(static_cast<double>(static_cast<float>(value))) ==
                   std::bit_cast<uint64_t>(value);
      })) {
    consider(NumberForm::kFloat32, values.size() * 4);
  }
  choice.scale = FindScale(values, &choice.integers);
  if (choice.scale != 0) {
    const auto [low, high] = std::minmax_element(choice.integers.begin(), choice.integers.end());
    consider(NumberForm::kScaled,
             PackedBytes(values.size(), PackedWidth(static_cast<uint64_t>(*high - *low))));
  }
  std::vector<uint64_t> codes(values.size());
  std::transform(values.begin(), values.end(), codes.begin(), OrderedBits);
  choice.distinct = DistinctCodes(codes);
  if (!choice.distinct.empty()) {
    consider(NumberForm::kDictionary,
             choice.distinct.size() * 8 +
                 PackedBytes(values.size(), PackedWidth(choice.distinct.size() - 1)));
  }
  return choice;
}

}  // namespace

void NumberColumn::WriteIntegers(std::span<const int64_t> values, std::span<const uint8_t> present,
                                 CodeLayout layout, ByteWriter* section, ByteWriter* meta) {
  int64_t base = INT64_MAX;
  int64_t max = INT64_MIN;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!Present(present, i)) continue;
    base = std::min(base, values[i]);
    max = std::max(max, values[i]);
  }
  if (base > max) base = max = 0;
  std::vector<uint64_t> codes(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    // An absent value repeats the one before it: that widens no block.
    codes[i] = Present(present, i) ? static_cast<uint64_t>(values[i]) - static_cast<uint64_t>(base)
                                   : (i == 0 ? 0 : codes[i - 1]);
  }
  const uint64_t span = static_cast<uint64_t>(max) - static_cast<uint64_t>(base);
  std::vector<uint64_t> distinct;
  if (layout == CodeLayout::kAny && span > 255) distinct = DistinctCodes(codes);
  const bool has_dictionary =
      !distinct.empty() &&
      distinct.size() * 8 + PackedBytes(codes.size(), PackedWidth(distinct.size() - 1)) <
          PackedBytes(codes.size(), PackedWidth(span)) * 3 / 4;
  meta->Put(has_dictionary ? NumberForm::kIntegerDictionary : NumberForm::kInteger);
  PresentColumn::Write(present, section, meta);
  if (has_dictionary) {
    ReplaceByPlaces(distinct, &codes);
    std::vector<int64_t> dictionary;
    for (const uint64_t code : distinct) {
      dictionary.push_back(static_cast<int64_t>(code + static_cast<uint64_t>(base)));
    }
    WriteRawArray(std::span<const int64_t>(dictionary), section, meta);
  } else {
    meta->Put(base);
  }
  CodeColumn::Write(codes, layout, section, meta);
  WriteZones(codes, present, section, meta);
}

void NumberColumn::WriteFloats(std::span<const double> values, std::span<const uint8_t> present,
                               ByteWriter* section, ByteWriter* meta) {
  const std::vector<double> filled = FillAbsent(values, present);
  FloatChoice choice = ChooseForm(filled);
  meta->Put(choice.form);
  PresentColumn::Write(present, section, meta);
  std::vector<uint64_t> codes(filled.size());
  switch (choice.form) {
    case NumberForm::kScaled:
      meta->Put(choice.scale);
      WriteScaled(choice.integers, &codes, section, meta);
      break;
    case NumberForm::kDictionary:
      WriteDictionary(filled, choice.distinct, &codes, section, meta);
      break;
    case NumberForm::kFloat32: {
      std::vector<float> floats;
      for (const double value : filled) floats.push_back(static_cast<float>(value));
      for (size_t i = 0; i < floats.size(); ++i) codes[i] = OrderedBits32(floats[i]);
      WriteRawArray(std::span<const float>(floats), section, meta);
      break;
    }
    default:
      for (size_t i = 0; i < filled.size(); ++i) codes[i] = OrderedBits(filled[i]);
      WriteRawArray(std::span<const double>(filled), section, meta);
  }
  WriteZones(codes, present, section, meta);
  WriteSums(filled, section, meta);
}

}  // namespace hypergraph
