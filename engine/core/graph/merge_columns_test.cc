#include "core/graph/merge_columns.h"

#include <algorithm>

#include "core/index/random_records.h"
#include "test/test.h"

namespace hypergraph {

using test::RecordMaker;
using test::RecordShape;

namespace {

constexpr Seq kMark = 7;

// Of two sources that take turns; rows of the second have marks.
RecordColumns Taken(const RecordColumns& a, const RecordColumns& b, uint32_t run_max,
                    uint64_t seed) {
  Random random(seed);
  RecordAppender appender;
  for (uint32_t first = 0; first < a.record_count;) {
    const uint32_t turn_end = std::min(a.record_count, (first / 64 + 1) * 64);
    const auto most = static_cast<uint32_t>(1 + random.Below(run_max));
    const uint32_t count = std::min(turn_end - first, most);
    const bool second = first / 64 % 2 == 1;
    appender.Append(second ? b : a, {first, count}, second ? kMark : kSeqNone);
    first += count;
  }
  CHECK_EQ(appender.record_count(), a.record_count);
  return appender.Take();
}

void CheckSameProperties(const RecordColumns& left, const RecordColumns& right) {
  CHECK_EQ(left.properties.size(), right.properties.size());
  for (size_t i = 0; i < left.properties.size(); ++i) {
    const PropertyValues& l = left.properties[i];
    const PropertyValues& r = right.properties[i];
    CHECK_EQ(l.property, r.property);
    CHECK(l.present == r.present);
    CHECK(l.string_ends == r.string_ends);
    CHECK_EQ(l.string_bytes, r.string_bytes);
    CHECK_EQ(l.integers.size(), r.integers.size());
    CHECK_EQ(l.floats.size(), r.floats.size());
    for (size_t row = 0; row < left.record_count; ++row) {
      if (!l.present.empty() && l.present[row] == 0) continue;
      if (!l.integers.empty()) CHECK_EQ(l.integers[row], r.integers[row]);
      if (!l.floats.empty()) CHECK_EQ(l.floats[row], r.floats[row]);
    }
  }
}

}  // namespace

TEST(Records_appended_in_runs_are_those_appended_one_by_one) {
  Random random(test::Seed());
  RecordShape full;
  full.rows = 3000;
  RecordShape bare = full;
  bare.optional_columns = false;
  for (const auto& [first, second] : {std::pair{full, full}, {full, bare}, {bare, full}}) {
    const RecordColumns a = RecordMaker(&random, first).Make();
    const RecordColumns b = RecordMaker(&random, second).Make();
    const RecordColumns runs = Taken(a, b, 100, test::Seed());
    const RecordColumns ones = Taken(a, b, 1, test::Seed());
    CHECK_EQ(runs.record_count, ones.record_count);
    CHECK(runs.event_ts == ones.event_ts);
    CHECK(runs.seq == ones.seq);
    CHECK(runs.id == ones.id);
    CHECK(runs.valid_to == ones.valid_to);
    CHECK(runs.weight == ones.weight);
    CHECK(runs.label == ones.label);
    CHECK(runs.superseded_by == ones.superseded_by);
    CHECK(runs.member_ends == ones.member_ends);
    CHECK(runs.members == ones.members);
    CHECK(runs.roles == ones.roles);
    CHECK(runs.key_ends == ones.key_ends);
    CHECK_EQ(runs.key_bytes, ones.key_bytes);
    CheckSameProperties(runs, ones);
  }
}

}  // namespace hypergraph
