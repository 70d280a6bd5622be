#include "core/index/segment.h"

#include <algorithm>
#include <bit>
#include <map>

#include "core/index/random_records.h"
#include "core/platform/memory_file_system.h"
#include "test/test.h"

namespace hypergraph {

using test::RecordMaker;
using test::RecordShape;

namespace {

struct Fixture {
  MemoryFileSystem files;
  RecordColumns records;
  SegmentInfo info;
  std::shared_ptr<Segment> segment;

  explicit Fixture(const RecordShape& shape, uint64_t seed = test::Seed()) {
    Random random(seed);
    records = RecordMaker(&random, shape).Make();
    CHECK_OK(WriteSegment(files, "seg", 7, records, &info));
    auto opened = Segment::Open(files, "seg", info);
    CHECK_OK(opened);
    segment = std::move(opened).value();
  }
};

uint64_t BeginOf(const RecordColumns& records, uint32_t row) {
  return row == 0 ? 0 : records.member_ends[row - 1];
}

std::vector<uint32_t> SomeRows(Random* random, uint32_t rows, double share) {
  std::vector<uint32_t> some;
  for (uint32_t row = 0; row < rows; ++row) {
    if (random->Chance(share)) some.push_back(row);
  }
  return some;
}

// All rows, a range, a list: what every column is asked for.
template <typename Check>
void ForRowSets(uint32_t rows, Check check) {
  Random random(test::Seed() + 1);
  check(Rows::Range(0, rows));
  const auto first = static_cast<uint32_t>(random.Below(rows));
  check(Rows::Range(first, static_cast<uint32_t>(random.Below(rows - first + 1))));
  for (const double share : {0.01, 0.5, 0.97}) {
    const std::vector<uint32_t> list = SomeRows(&random, rows, share);
    check(Rows::List(list));
  }
}

template <typename T, typename Get, typename Expect>
void CheckColumn(const Fixture& fixture, Get get, Expect expect) {
  ForRowSets(fixture.records.record_count, [&](Rows rows) {
    std::vector<T> values(rows.size());
    CHECK_OK(get(rows, values.data()));
    for (uint32_t i = 0; i < rows.size(); ++i) CHECK_EQ(values[i], expect(rows[i]));
  });
}

}  // namespace

TEST(Segment_columns_come_back_as_they_were_written) {
  for (const RecordShape& shape : test::RecordShapes()) {
    const Fixture f(shape);
    const RecordColumns& r = f.records;
    const Segment& s = *f.segment;
    CHECK_OK(s.Verify());
    CheckColumn<Micros>(
        f, [&](Rows rows, Micros* out) { return s.EventTs(rows, out); },
        [&](uint32_t row) { return r.event_ts[row]; });
    CheckColumn<Seq>(
        f, [&](Rows rows, Seq* out) { return s.Seqs(rows, out); },
        [&](uint32_t row) { return r.seq[row]; });
    CheckColumn<EdgeId>(
        f, [&](Rows rows, EdgeId* out) { return s.Ids(rows, out); },
        [&](uint32_t row) { return r.id[row]; });
    CheckColumn<Micros>(
        f, [&](Rows rows, Micros* out) { return s.ValidTo(rows, out); },
        [&](uint32_t row) { return r.valid_to.empty() ? kMicrosMax : r.valid_to[row]; });
    CheckColumn<double>(
        f, [&](Rows rows, double* out) { return s.Weights(rows, out); },
        [&](uint32_t row) { return r.weight.empty() ? 1.0 : r.weight[row]; });
    CheckColumn<Symbol>(
        f, [&](Rows rows, Symbol* out) { return s.Labels(rows, out); },
        [&](uint32_t row) { return r.label.empty() ? kSymbolNone : r.label[row]; });
    CheckColumn<uint32_t>(
        f, [&](Rows rows, uint32_t* out) { return s.Arities(rows, out); },
        [&](uint32_t row) { return static_cast<uint32_t>(r.member_ends[row] - BeginOf(r, row)); });
    ForRowSets(r.record_count, [&](Rows rows) {
      std::vector<std::string_view> keys;
      CHECK_OK(s.Keys(rows, &keys));
      for (uint32_t i = 0; i < rows.size(); ++i) {
        if (r.key_ends.empty()) {
          CHECK(keys[i].empty());
          continue;
        }
        const uint64_t begin = rows[i] == 0 ? 0 : r.key_ends[rows[i] - 1];
        CHECK_EQ(keys[i], std::string_view(r.key_bytes).substr(begin, r.key_ends[rows[i]] - begin));
      }
    });
  }
}

TEST(Segment_members_keep_order_and_roles) {
  for (const RecordShape& shape : test::RecordShapes()) {
    const Fixture f(shape);
    const RecordColumns& r = f.records;
    ForRowSets(r.record_count, [&](Rows rows) {
      MemberColumns members;
      members.Clear();
      const uint32_t half = rows.size() / 2;
      CHECK_OK(f.segment->Members(rows.Slice(0, half), &members));
      CHECK_OK(f.segment->Members(rows.Slice(half, rows.size() - half), &members));
      CHECK_EQ(members.offsets.size(), rows.size() + 1);
      CHECK(members.roles.empty() || members.roles.size() == members.nodes.size());
      size_t at = 0;
      for (uint32_t i = 0; i < rows.size(); ++i) {
        for (uint64_t k = BeginOf(r, rows[i]); k < r.member_ends[rows[i]]; ++k, ++at) {
          CHECK_EQ(members.nodes[at], r.members[k]);
          const Symbol role = r.roles.empty() ? kSymbolNone : r.roles[k];
          CHECK_EQ(members.roles.empty() ? kSymbolNone : members.roles[at], role);
        }
        CHECK_EQ(members.offsets[i + 1], at);
      }
    });
  }
}

TEST(Segment_members_are_counted_by_node) {
  for (RecordShape shape : test::RecordShapes()) {
    shape.node_step =
        std::min(shape.node_step, 1009u);  // Each number has a place to be counted at.
    const Fixture f(shape);
    const RecordColumns& r = f.records;
    ForRowSets(r.record_count, [&](Rows rows) {
      std::vector<uint32_t> counts(*std::max_element(r.members.begin(), r.members.end()) + 1);
      std::vector<uint32_t> expected(counts.size());
      CHECK_OK(f.segment->CountMembers(rows, counts));
      for (uint32_t i = 0; i < rows.size(); ++i) {
        for (uint64_t k = BeginOf(r, rows[i]); k < r.member_ends[rows[i]]; ++k) {
          ++expected[r.members[k]];
        }
      }
      CHECK(counts == expected);
    });
  }
}

TEST(Segment_properties_come_back_bit_by_bit) {
  for (const RecordShape& shape : test::RecordShapes()) {
    const Fixture f(shape);
    for (const PropertyValues& values : f.records.properties) {
      ForRowSets(f.records.record_count, [&](Rows rows) {
        PropertyColumn column;
        CHECK_OK(f.segment->Property(values.property, rows, &column));
        for (uint32_t i = 0; i < rows.size(); ++i) {
          const uint32_t row = rows[i];
          const bool present = values.present.empty() || values.present[row] != 0;
          CHECK_EQ(column.present[i] != 0, present);
          if (!present) continue;
          if (values.type == PropertyType::kFloat64) {
            CHECK_EQ(std::bit_cast<uint64_t>(column.floats[i]),
                     std::bit_cast<uint64_t>(values.floats[row]));
          } else if (values.type == PropertyType::kString) {
            const uint64_t begin = row == 0 ? 0 : values.string_ends[row - 1];
            CHECK_EQ(column.strings[i], std::string_view(values.string_bytes)
                                            .substr(begin, values.string_ends[row] - begin));
          } else {
            CHECK_EQ(column.integers[i], values.integers[row]);
          }
        }
      });
    }
    PropertyColumn missing;
    CHECK_OK(f.segment->Property(999, Rows::Range(0, 1), &missing));
    CHECK_EQ(missing.present[0], 0);
  }
}

namespace {

std::vector<TimeWindow> Windows(const RecordColumns& r, Random* random) {
  std::vector<TimeWindow> windows = {{},
                                     {r.event_ts.front(), r.event_ts.back()},
                                     {r.event_ts.front(), r.event_ts.back() + 1},
                                     {r.event_ts.back() + 1, kMicrosMax},
                                     {kMicrosMin, r.event_ts.front()},
                                     {5, 5},
                                     {9, -9}};
  for (int i = 0; i < 20; ++i) {
    windows.push_back({r.event_ts[random->Below(r.record_count)],
                       r.event_ts[random->Below(r.record_count)] + random->Between(0, 3)});
  }
  return windows;
}

bool Within(Micros ts, const TimeWindow& window) { return ts >= window.from && ts < window.to; }

using NodeRows = std::map<NodeNumber, std::vector<uint32_t>>;

NodeRows RowsByNode(const RecordColumns& r) {
  NodeRows rows;
  for (uint32_t row = 0; row < r.record_count; ++row) {
    for (uint64_t k = BeginOf(r, row); k < r.member_ends[row]; ++k) {
      std::vector<uint32_t>& list = rows[r.members[k]];
      if (list.empty() || list.back() != row) list.push_back(row);
    }
  }
  return rows;
}

void CheckNodes(const Fixture& f, const NodeRows& by_node, std::vector<NodeNumber> nodes,
                const TimeWindow& window) {
  std::map<uint32_t, uint32_t> hits;
  for (const NodeNumber node : nodes) {
    const auto found = by_node.find(node);
    if (found == by_node.end()) continue;
    for (const uint32_t row : found->second) {
      if (Within(f.records.event_ts[row], window)) ++hits[row];
    }
  }
  for (uint32_t at_least = 1; at_least <= nodes.size() + 1; ++at_least) {
    std::vector<uint32_t> expected = {4'000'000'000u};
    for (const auto& [row, count] : hits) {
      if (count >= at_least) expected.push_back(row);
    }
    std::vector<uint32_t> rows = {4'000'000'000u};
    CHECK_OK(f.segment->RowsOfNodes(nodes, at_least, window, &rows));
    CHECK(rows == expected);
  }
}

}  // namespace

TEST(Segment_time_and_node_lookups_equal_a_scan) {
  for (const RecordShape& shape : test::RecordShapes()) {
    const Fixture f(shape);
    const RecordColumns& r = f.records;
    Random random(test::Seed() + 2);
    const NodeRows by_node = RowsByNode(r);
    for (const TimeWindow& window : Windows(r, &random)) {
      std::vector<uint32_t> expected;
      for (uint32_t row = 0; row < r.record_count; ++row) {
        if (Within(r.event_ts[row], window)) expected.push_back(row);
      }
      std::vector<uint32_t> rows;
      CHECK_OK(f.segment->RowsInWindow(window, UINT32_MAX, false, &rows));
      CHECK(rows == expected);
      rows.clear();
      CHECK_OK(f.segment->RowsInWindow(window, 3, true, &rows));
      const auto skipped =
          static_cast<ptrdiff_t>(expected.size() - std::min<size_t>(3, expected.size()));
      CHECK(rows == std::vector<uint32_t>(expected.begin() + skipped, expected.end()));
      uint32_t rank = 0;
      CHECK_OK(f.segment->LowerBound(window.from, &rank));
      CHECK_EQ(rank, std::lower_bound(r.event_ts.begin(), r.event_ts.end(), window.from) -
                         r.event_ts.begin());
      for (int i = 0; i < 6; ++i) {
        const NodeNumber node = r.members[random.Below(r.members.size())];
        CheckNodes(f, by_node, {node}, window);
        CheckNodes(f, by_node, {node + 1, node}, window);
        std::set<NodeNumber> several = {node};
        for (int k = 0; k < 4; ++k) several.insert(r.members[random.Below(r.members.size())]);
        CheckNodes(f, by_node, {several.begin(), several.end()}, window);
      }
    }
    for (const auto& [node, list] : by_node) {
      CHECK_EQ(f.segment->Degree(node), list.size());
      std::vector<uint32_t> rows;
      CHECK_OK(f.segment->RowsOfNode(node, {}, &rows));
      CHECK(rows == list);
    }
    CHECK_EQ(f.segment->Degree(kNodeNone), 0);
    CHECK_EQ(
        f.segment->Degree(r.members[0] + 50'001),
        by_node.count(r.members[0] + 50'001) != 0 ? by_node.at(r.members[0] + 50'001).size() : 0u);
  }
}

TEST(Segment_ids_and_keys_are_found) {
  for (const RecordShape& shape : test::RecordShapes()) {
    const Fixture f(shape);
    const RecordColumns& r = f.records;
    std::map<EdgeId, std::vector<uint32_t>> by_id;
    std::map<std::string_view, std::vector<uint32_t>> by_key;
    for (uint32_t row = 0; row < r.record_count; ++row) {
      by_id[r.id[row]].push_back(row);
      if (r.key_ends.empty()) continue;
      const uint64_t begin = row == 0 ? 0 : r.key_ends[row - 1];
      if (r.key_ends[row] > begin) {
        by_key[std::string_view(r.key_bytes).substr(begin, r.key_ends[row] - begin)].push_back(row);
      }
    }
    for (EdgeId id = 0; id < r.record_count + 200; ++id) {
      std::vector<uint32_t> rows;
      CHECK_OK(f.segment->FindId(id, &rows));
      const auto found = by_id.find(id);
      CHECK(found == by_id.end() ? rows.empty() : rows == found->second);
    }
    for (const auto& [key, expected] : by_key) {
      std::vector<uint32_t> rows;
      CHECK_OK(f.segment->FindKey(key, &rows));
      CHECK(rows == expected);
      rows.clear();
      CHECK_OK(f.segment->FindKey(std::string(key) + "x", &rows));
      CHECK(rows.empty());
    }
  }
}

TEST(Segment_reads_append_to_records_as_written) {
  for (const RecordShape& shape : test::RecordShapes()) {
    Fixture f(shape);
    RecordColumns read;
    const uint32_t half = f.records.record_count / 2;
    CHECK_OK(f.segment->Read(0, half, &read));
    CHECK_OK(f.segment->Read(half, f.records.record_count - half, &read));
    SegmentInfo info;
    CHECK_OK(WriteSegment(f.files, "again", 7, read, &info));
    CHECK_EQ(info.footer_crc, f.info.footer_crc);
  }
}

TEST(Segment_visibility_follows_seq_and_deletions) {
  RecordShape shape;
  shape.rows = 3000;
  const Fixture f(shape);
  const RecordColumns& r = f.records;
  Random random(test::Seed() + 3);
  CHECK(f.segment->AllVisible(f.info.bounds.seq_max));
  CHECK(!f.segment->AllVisible(f.info.bounds.seq_max - 1));
  std::map<uint32_t, Seq> replaced;
  for (int i = 0; i < 500; ++i) {
    const auto row = static_cast<uint32_t>(random.Below(shape.rows));
    const Seq by = r.seq[row] + 1 + random.Below(2000);
    if (replaced.emplace(row, by).second) f.segment->deletions().Add(row, by);
  }
  const std::vector<std::pair<uint32_t, Seq>> sorted = f.segment->deletions().Sorted();
  CHECK((sorted == std::vector<std::pair<uint32_t, Seq>>(replaced.begin(), replaced.end())));
  MemoryFileSystem files;
  DeletionsInfo info;
  CHECK_OK(WriteDeletions(files, "del", 9, sorted, &info));
  Deletions again(shape.rows);
  CHECK_OK(ReadDeletions(files, "del", info, &again));
  CHECK((again.Sorted() == sorted));
  for (const Seq at : {Seq{0}, Seq{99}, Seq{100}, Seq{1500}, Seq{3099}, Seq{9000}}) {
    ForRowSets(shape.rows, [&](Rows rows) {
      std::vector<uint32_t> expected;
      for (uint32_t i = 0; i < rows.size(); ++i) {
        const auto found = replaced.find(rows[i]);
        const bool gone = found != replaced.end() && found->second <= at;
        if (r.seq[rows[i]] <= at && !gone) expected.push_back(rows[i]);
      }
      std::vector<uint32_t> visible;
      CHECK_OK(f.segment->SelectVisible(at, rows, &visible));
      CHECK(visible == expected);
    });
  }
}

TEST(Segment_sums_of_weights_equal_a_loop) {
  RecordShape shape;
  shape.rows = 20'000;
  const Fixture f(shape);
  ForRowSets(shape.rows, [&](Rows rows) {
    double expected = 0;
    for (uint32_t i = 0; i < rows.size(); ++i) expected += f.records.weight[rows[i]];
    double sum = -1;
    CHECK_OK(f.segment->SumWeights(rows, &sum));
    CHECK(std::fabs(sum - expected) <= 1e-9 * (1 + std::fabs(expected)));
  });
}

TEST(Segment_of_other_bounds_or_kind_is_corrupt) {
  Fixture f(RecordShape{});
  SegmentInfo other = f.info;
  other.bounds.ts_max += 1;
  CHECK_CODE(Segment::Open(f.files, "seg", other), Code::kCorrupt);
  other = f.info;
  other.footer_crc ^= 1;
  CHECK_CODE(Segment::Open(f.files, "seg", other), Code::kCorrupt);
  RecordColumns none;
  CHECK_CODE(WriteSegment(f.files, "none", 1, none, &other), Code::kInvalid);
}

}  // namespace hypergraph
