#include "core/graph/memtable_test.h"

#include <algorithm>

#include "core/base/random.h"

namespace hypergraph::test {
namespace {

Record RandomRecord(Random* random, uint32_t row, uint32_t row_count) {
  Record record;
  const auto spread = random->Chance(0.05) ? row_count : 8u;
  record.event_ts = Micros{row} * 4 + static_cast<Micros>(random->Below(spread * 4));
  if (random->Chance(0.3)) record.valid_to = record.event_ts + 1 + Micros{row};
  if (random->Chance(0.3)) record.weight = static_cast<double>(random->Below(10)) - 2;
  if (random->Chance(0.4)) record.label = static_cast<Symbol>(random->Below(4));
  const auto arity = 1 + random->Below(random->Chance(0.02) ? 300 : 6);
  const bool roles = random->Chance(0.3);
  for (uint32_t i = 0; i < arity; ++i) {
    record.members.push_back(static_cast<NodeNumber>(random->Below(random->Chance(0.5) ? 4 : 900)));
    if (roles) record.roles.push_back(static_cast<Symbol>(random->Below(5)));
  }
  if (random->Chance(0.3)) record.key = "k" + std::to_string(random->Below(row_count));
  if (random->Chance(0.5)) {
    record.PropertyAt(0) = {true, random->Below(50), {}};
  }
  if (random->Chance(0.2)) {
    record.PropertyAt(1) = {true, std::bit_cast<uint64_t>(random->Fraction()), {}};
  }
  if (random->Chance(0.2)) record.PropertyAt(2) = {true, 0, std::to_string(random->Below(99))};
  return record;
}

struct Fixture {
  explicit Fixture(uint32_t row_count) {
    while (records.size() < row_count) {
      std::vector<Record> some;
      const auto room = row_count - static_cast<uint32_t>(records.size());
      const auto count = std::min<uint32_t>(room, 1 + static_cast<uint32_t>(random.Below(700)));
      for (uint32_t i = 0; i < count; ++i) {
        const auto row = static_cast<uint32_t>(records.size()) + i;
        some.push_back(RandomRecord(&random, row, row_count));
        if (row != 0 && random.Chance(0.05)) some.back().id = 1 + random.Below(row);
        seqs.push_back(next_seq + i);
      }
      // Chains may come at once, later, or for some of the rows.
      if (random.Chance(0.2)) memtable.DeferChains();
      if (random.Chance(0.2)) memtable.ChainMore(1 + static_cast<uint32_t>(random.Below(900)));
      Append(&memtable, some, next_seq);
      next_seq += count + random.Below(3);
      records.insert(records.end(), some.begin(), some.end());
    }
    marks.resize(row_count);
    for (uint32_t i = 0; i < row_count / 8; ++i) {
      const auto row = static_cast<uint32_t>(random.Below(row_count));
      const Seq by = seqs[row] + 1 + random.Below(next_seq);
      memtable.Mark(row, by);
      if (marks[row] == 0) marks[row] = by;
    }
  }

  // The rows for which it holds, by time.
  template <typename Holds>
  std::vector<uint32_t> Where(const Holds& holds) const {
    std::vector<uint32_t> rows;
    for (uint32_t row = 0; row < records.size(); ++row) {
      if (holds(row)) rows.push_back(row);
    }
    std::stable_sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) {
      return records[a].event_ts < records[b].event_ts;
    });
    return rows;
  }
  TimeWindow RandomWindow() {
    const Micros end = static_cast<Micros>(records.size()) * 5;
    const Micros from = random.Between(-10, end);
    return random.Chance(0.2) ? TimeWindow{} : TimeWindow{from, from + random.Between(0, end / 3)};
  }
  bool Holds(const TimeWindow& window, uint32_t row) const {
    return records[row].event_ts >= window.from && records[row].event_ts < window.to;
  }

  Random random{Seed()};
  Memtable memtable{kTable};
  std::vector<Record> records;
  std::vector<Seq> seqs, marks;
  Seq next_seq = 3;
};

TEST(A_memtable_finds_the_rows_of_windows_and_nodes) {
  for (const uint32_t row_count : {1u, 50u, 1024u, 9000u}) {
    Fixture f(row_count);
    for (int round = 0; round < 60; ++round) {
      const TimeWindow window = f.RandomWindow();
      auto expected = f.Where([&](uint32_t row) { return f.Holds(window, row); });
      std::vector<uint32_t> rows;
      CHECK_OK(f.memtable.RowsInWindow(window, UINT32_MAX, round % 2 == 0, &rows));
      CHECK_EQ(rows, expected);
      const auto limit = 1 + static_cast<uint32_t>(f.random.Below(row_count));
      rows = {7};
      CHECK_OK(f.memtable.RowsInWindow(window, limit, false, &rows));
      const auto kept = static_cast<ptrdiff_t>(std::min<size_t>(limit, expected.size()));
      std::vector<uint32_t> first(expected.begin(), expected.begin() + kept);
      first.insert(first.begin(), 7);
      CHECK_EQ(rows, first);
      rows.clear();
      CHECK_OK(f.memtable.RowsInWindow(window, limit, true, &rows));
      CHECK_EQ(rows, std::vector<uint32_t>(expected.end() - kept, expected.end()));

      const auto node = static_cast<NodeNumber>(f.random.Below(round % 3 == 0 ? 4 : 900));
      const auto has = [&](uint32_t row, NodeNumber one) {
        const auto& members = f.records[row].members;
        return std::find(members.begin(), members.end(), one) != members.end();
      };
      rows.clear();
      CHECK_OK(f.memtable.RowsOfNode(node, window, &rows));
      CHECK_EQ(rows, f.Where([&](uint32_t row) { return f.Holds(window, row) && has(row, node); }));
      CHECK_LE(rows.size(), f.memtable.Degree(node));

      std::vector<NodeNumber> nodes = {0, 1, 2, node};
      std::sort(nodes.begin(), nodes.end());
      nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
      const auto at_least = 1 + static_cast<uint32_t>(f.random.Below(nodes.size()));
      rows.clear();
      CHECK_OK(f.memtable.RowsOfNodes(nodes, at_least, window, &rows));
      CHECK_EQ(rows, f.Where([&](uint32_t row) {
        const auto with = std::count_if(nodes.begin(), nodes.end(),
                                        [&](NodeNumber one) { return has(row, one); });
        return f.Holds(window, row) && with >= at_least;
      }));
    }
  }
}

TEST(A_memtable_gives_back_what_was_appended) {
  Fixture f(3000);
  std::vector<uint32_t> list;
  for (int i = 0; i < 500; ++i) list.push_back(static_cast<uint32_t>(f.random.Below(3000)));
  for (const Rows rows : {Rows::Range(0, 3000), Rows::Range(700, 1500), Rows::List(list)}) {
    const size_t count = rows.size();
    std::vector<Micros> event_ts(count), valid_to(count);
    std::vector<Seq> seqs(count);
    std::vector<EdgeId> ids(count);
    std::vector<double> weights(count);
    std::vector<Symbol> labels(count);
    std::vector<uint32_t> arities(count);
    MemberColumns members;
    std::vector<std::string_view> keys;
    PropertyColumn size, score, name, unknown;
    CHECK_OK(f.memtable.EventTs(rows, event_ts.data()));
    CHECK_OK(f.memtable.ValidTo(rows, valid_to.data()));
    CHECK_OK(f.memtable.Seqs(rows, seqs.data()));
    CHECK_OK(f.memtable.Ids(rows, ids.data()));
    CHECK_OK(f.memtable.Weights(rows, weights.data()));
    CHECK_OK(f.memtable.Labels(rows, labels.data()));
    CHECK_OK(f.memtable.Arities(rows, arities.data()));
    CHECK_OK(f.memtable.Members(rows, &members));
    CHECK_OK(f.memtable.Keys(rows, &keys));
    CHECK_OK(f.memtable.Property(0, rows, &size));
    CHECK_OK(f.memtable.Property(1, rows, &score));
    CHECK_OK(f.memtable.Property(2, rows, &name));
    CHECK_OK(f.memtable.Property(9, rows, &unknown));
    CHECK_EQ(unknown.present, std::vector<uint8_t>(count));
    double sum = 0;
    for (uint32_t i = 0; i < count; ++i) {
      Record record = f.records[rows[i]];
      CHECK_EQ(event_ts[i], record.event_ts);
      CHECK_EQ(valid_to[i], record.valid_to);
      CHECK_EQ(seqs[i], f.seqs[rows[i]]);
      CHECK_EQ(ids[i], record.id == 0 ? f.seqs[rows[i]] : record.id);
      CHECK_EQ(weights[i], record.weight);
      CHECK_EQ(labels[i], record.label);
      CHECK_EQ(arities[i], record.members.size());
      record.roles.resize(record.members.size());
      CHECK_EQ(members.offsets[i + 1] - members.offsets[i], record.members.size());
      for (uint32_t j = 0; j < record.members.size(); ++j) {
        CHECK_EQ(members.nodes[members.offsets[i] + j], record.members[j]);
        CHECK_EQ(members.roles[members.offsets[i] + j], record.roles[j]);
      }
      CHECK_EQ(keys[i], record.key);
      record.PropertyAt(2);
      CHECK_EQ(size.present[i] != 0, record.properties[0].present);
      CHECK_EQ(static_cast<uint64_t>(size.integers[i]), record.properties[0].bits);
      CHECK_EQ(std::bit_cast<uint64_t>(score.floats[i]), record.properties[1].bits);
      CHECK_EQ(name.strings[i], record.properties[2].text);
      sum += record.weight;
    }
    double got = 0;
    CHECK_OK(f.memtable.SumWeights(rows, &got));
    CHECK_EQ(got, sum);
  }
}

TEST(A_memtable_shows_a_record_from_its_seq_until_it_is_superseded) {
  Fixture f(2000);
  for (int round = 0; round < 20; ++round) {
    const Seq at = f.random.Below(f.next_seq * 2);
    std::vector<uint32_t> visible, expected;
    CHECK_OK(f.memtable.SelectVisible(at, Rows::Range(0, 2000), &visible));
    for (uint32_t row = 0; row < 2000; ++row) {
      if (f.seqs[row] <= at && (f.marks[row] == 0 || f.marks[row] > at)) expected.push_back(row);
    }
    CHECK_EQ(visible, expected);
  }
  CHECK(!f.memtable.AllVisible(kSeqMax));
}

TEST(A_memtable_finds_ids_and_keys) {
  Fixture f(2000);
  for (int round = 0; round < 300; ++round) {
    const EdgeId id = f.random.Below(f.next_seq + 2);
    std::vector<uint32_t> rows, expected;
    CHECK_OK(f.memtable.FindId(id, &rows));
    for (uint32_t row = 0; row < 2000; ++row) {
      if ((f.records[row].id == 0 ? f.seqs[row] : f.records[row].id) == id) expected.push_back(row);
    }
    std::sort(rows.begin(), rows.end());
    CHECK_EQ(rows, expected);
    const std::string key = "k" + std::to_string(f.random.Below(2100));
    rows.clear();
    expected.clear();
    CHECK_OK(f.memtable.FindKey(key, &rows));
    for (uint32_t row = 0; row < 2000; ++row) {
      if (f.records[row].key == key) expected.push_back(row);
    }
    CHECK_EQ(rows, expected);
  }
}

TEST(A_memtable_selects_by_columns) {
  Fixture f(2000);
  const auto select = [&](ColumnRef column, CompareOp op, std::vector<Value> operands) {
    std::vector<uint32_t> rows;
    CHECK_OK(f.memtable.Select({column, op, std::move(operands)}, Rows::Range(0, 2000), &rows));
    return rows;
  };
  const auto where = [&](const auto& holds) {
    std::vector<uint32_t> rows;
    for (uint32_t row = 0; row < 2000; ++row) {
      f.records[row].PropertyAt(2);
      if (holds(f.records[row])) rows.push_back(row);
    }
    return rows;
  };
  const ColumnRef size{ColumnKind::kProperty, 0}, name{ColumnKind::kProperty, 2};
  CHECK_EQ(select(size, CompareOp::kLt, {int64_t{20}}), where([](const Record& r) {
             return r.properties[0].present && r.properties[0].bits < 20;
           }));
  CHECK_EQ(select(size, CompareOp::kLt, {19.5}), where([](const Record& r) {
             return r.properties[0].present && r.properties[0].bits < 20;
           }));
  CHECK_EQ(select(size, CompareOp::kIsNull, {}),
           where([](const Record& r) { return !r.properties[0].present; }));
  CHECK_EQ(select(name, CompareOp::kIn, {std::string("7"), std::string("12")}),
           where([](const Record& r) {
             return r.properties[2].present &&
                    (r.properties[2].text == "7" || r.properties[2].text == "12");
           }));
  CHECK_EQ(select({ColumnKind::kLabel}, CompareOp::kNe, {int64_t{2}}),
           where([](const Record& r) { return r.label != 0 && r.label != 2; }));
  CHECK_EQ(select({ColumnKind::kWeight}, CompareOp::kGe, {3.0}),
           where([](const Record& r) { return r.weight >= 3; }));
  CHECK_EQ(select({ColumnKind::kArity}, CompareOp::kEq, {int64_t{2}}),
           where([](const Record& r) { return r.members.size() == 2; }));
  CHECK_EQ(select({ColumnKind::kKey}, CompareOp::kIsNotNull, {}),
           where([](const Record& r) { return !r.key.empty(); }));
}

TEST(A_memtable_exports_its_records_in_order) {
  Fixture f(2500);
  f.memtable.Freeze();
  RecordColumns records;
  std::vector<uint32_t> rank_of;
  f.memtable.SortedRecords(&records, &rank_of);
  const auto order = f.Where([](uint32_t) { return true; });
  CHECK_EQ(records.record_count, 2500);
  for (uint32_t rank = 0; rank < 2500; ++rank) {
    const uint32_t row = order[rank];
    const Record& record = f.records[row];
    CHECK_EQ(rank_of[row], rank);
    CHECK_EQ(records.event_ts[rank], record.event_ts);
    CHECK_EQ(records.seq[rank], f.seqs[row]);
    CHECK_EQ(records.superseded_by[rank], f.marks[row]);
    CHECK_EQ(records.weight[rank], record.weight);
    const size_t begin = rank == 0 ? 0 : records.member_ends[rank - 1];
    CHECK_EQ(records.member_ends[rank] - begin, record.members.size());
    CHECK_EQ(records.members[begin], record.members[0]);
    CHECK_EQ(records.roles[begin], record.roles.empty() ? 0 : record.roles[0]);
    const size_t key_at = rank == 0 ? 0 : records.key_ends[rank - 1];
    CHECK_EQ(records.key_bytes.substr(key_at, records.key_ends[rank] - key_at), record.key);
  }
  CHECK_EQ(records.properties.size(), 3);
  CHECK_EQ(records.properties[2].string_ends.size(), 2500);
}

}  // namespace
}  // namespace hypergraph::test
