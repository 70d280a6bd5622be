#include <bit>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/base/crc32c.h"
#include "core/base/forever.h"
#include "core/base/hash.h"
#include "core/base/random.h"
#include "core/base/siphash.h"
#include "core/base/utf8.h"
#include "test/test.h"

namespace hypergraph {
namespace {

TEST(What_is_forever_is_made_once_and_never_destroyed) {
  static int made = 0;
  static int destroyed = 0;
  struct Counted {
    Counted() { ++made; }
    ~Counted() { ++destroyed; }
  };
  {
    Forever<Counted> counted;
    CHECK_EQ(&counted.get(), &counted.get());
  }
  CHECK_EQ(made, 1);
  CHECK_EQ(destroyed, 0);
}

TEST(Crc32c_gives_the_published_values) {
  CHECK_EQ(Crc32c(AsBytes("123456789")), 0xe3069283u);
  CHECK_EQ(Crc32c(std::vector<uint8_t>(32, 0)), 0x8a9136aau);
  CHECK_EQ(Crc32c(std::vector<uint8_t>(32, 0xff)), 0x62a8ab43u);
  CHECK_EQ(Crc32c({}), 0u);
}

TEST(Crc32c_is_the_same_by_instruction_and_by_tables_at_every_length) {
  Random random(test::Seed());
  std::vector<uint8_t> bytes(20000);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Next());
  for (int round = 0; round < 500; ++round) {
    const size_t begin = random.Below(64);
    const ByteView part = ByteView(bytes).subspan(begin, random.Below(bytes.size() - begin));
    const auto start = static_cast<uint32_t>(random.Next());
    CHECK_EQ(Crc32cExtend(start, part), Crc32cExtendPlain(start, part));
    const size_t cut = random.Below(part.size() + 1);
    CHECK_EQ(Crc32cExtend(Crc32c(part.first(cut)), part.subspan(cut)), Crc32c(part));
  }
}

TEST(Crc32c_is_the_same_by_instruction_and_by_tables_where_lanes_begin_and_end) {
  Random random(test::Seed());
  std::vector<uint8_t> bytes(15000);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Next());
  // Lanes of 256 and 2,048 bytes, three by three.
  for (size_t border = 0; border <= 14000; border += 256) {
    for (size_t length = border < 9 ? 0 : border - 9; length <= border + 9; ++length) {
      for (const size_t begin : {0u, 1u, 7u, 8u, 63u}) {
        const ByteView part = ByteView(bytes).subspan(begin, length);
        const auto start = static_cast<uint32_t>(random.Next());
        CHECK_EQ(Crc32cExtend(start, part), Crc32cExtendPlain(start, part));
      }
    }
  }
}

TEST(Hashes_are_frozen) {
  CHECK_EQ(HashText(""), 0x61c49e276c3861bau);
  CHECK_EQ(HashText("a"), 0xa11187cf6e1fcf83u);
  CHECK_EQ(HashText("0123456789abcdef0123"), 0xb727af75ed3fef2fu);
  CHECK_EQ(HashNumber(0), 0xc9d874ca57d9e055u);
  CHECK_EQ(HashNumber(1), 0x71b9f66ccffb586eu);
}

TEST(Hashes_of_near_inputs_do_not_collide_in_their_low_bits) {
  std::unordered_set<uint64_t> seen;
  for (uint64_t number = 0; number < 100000; ++number) seen.insert(HashNumber(number) >> 16);
  CHECK_EQ(seen.size(), 100000);
  seen.clear();
  std::vector<size_t> buckets(1024);
  for (uint64_t number = 0; number < 102400; ++number) {
    const uint64_t hash = HashText("node:" + std::to_string(number));
    seen.insert(hash);
    ++buckets[hash & 1023];
  }
  CHECK_EQ(seen.size(), 102400);
  for (const size_t count : buckets) CHECK(count > 40 && count < 180);
}

TEST(SipHash_gives_the_reference_tags) {
  SipKey key;
  std::vector<uint8_t> bytes;
  for (uint8_t at = 0; at < 16; ++at) key[at] = at;
  // From the reference implementation's table of vectors for 128 bits.
  const SipTag empty = {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
                        0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93};
  const SipTag one = {0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44,
                      0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45};
  CHECK(SipHash128(key, bytes) == empty);
  bytes.push_back(0);
  CHECK(SipHash128(key, bytes) == one);
  CHECK(SameTag(one, one));
  CHECK(!SameTag(one, empty));
}

TEST(SipHash_depends_on_every_bit_of_key_and_message) {
  Random random(test::Seed());
  SipKey key{};
  std::vector<uint8_t> bytes(random.Below(40) + 1);
  const SipTag before = SipHash128(key, bytes);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    CHECK(!SameTag(SipHash128(key, bytes), before));
    bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
  }
  for (size_t bit = 0; bit < 128; ++bit) {
    key[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    CHECK(!SameTag(SipHash128(key, bytes), before));
    key[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
  }
}

TEST(Random_repeats_by_seed_and_keeps_its_bounds) {
  Random a(7);
  Random b(7);
  Random c(8);
  CHECK_EQ(a.Next(), b.Next());
  CHECK_NE(a.Next(), c.Next());
  for (int round = 0; round < 10000; ++round) {
    CHECK_LT(a.Below(3), 3u);
    const int64_t between = a.Between(-2, 2);
    CHECK(between >= -2 && between <= 2);
    CHECK_LT(a.Fraction(), 1.0);
  }
  a.Between(INT64_MIN, INT64_MAX);
  CHECK_EQ(a.Between(INT64_MIN, INT64_MIN), INT64_MIN);
}

// The definition, without a table of cases.
bool IsUtf8ByDecoding(const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    const auto first = static_cast<uint8_t>(text[at]);
    const int ones = std::countl_one(first);
    if (ones == 1 || ones > 4) return false;
    const size_t count = ones == 0 ? 1 : static_cast<size_t>(ones);
    if (at + count > text.size()) return false;
    uint32_t point = ones == 0 ? first : first & (0x7fu >> ones);
    for (size_t index = 1; index < count; ++index) {
      const auto byte = static_cast<uint8_t>(text[at + index]);
      if ((byte & 0xc0) != 0x80) return false;
      point = point << 6 | (byte & 0x3fu);
    }
    const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < least[count] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
      return false;
    at += count;
  }
  return true;
}

TEST(Utf8_is_told_from_everything_else) {
  CHECK(IsUtf8(""));
  CHECK(IsUtf8("plain ascii that is longer than eight"));
  CHECK(IsUtf8("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x99"));
  CHECK(!IsUtf8("\xc0\x80"));
  CHECK(!IsUtf8("\xed\xa0\x80"));
  CHECK(!IsUtf8("\xf4\x90\x80\x80"));
  CHECK(!IsUtf8("eight...\xe2\x82"));
  Random random(test::Seed());
  const uint8_t edges[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2,
                           0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf3, 0xf4, 0xf5};
  for (int round = 0; round < 200000; ++round) {
    std::string text(random.Below(6), '\0');
    for (char& byte : text) byte = static_cast<char>(edges[random.Below(sizeof edges)]);
    CHECK_EQ(IsUtf8(text), IsUtf8ByDecoding(text));
  }
}

}  // namespace
}  // namespace hypergraph
