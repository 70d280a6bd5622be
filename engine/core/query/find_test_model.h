// For tests of finds: a database in memory beside a plain list of its records, random selections,
// and a slow evaluator that states what they mean.
#ifndef HYPERGRAPH_QUERY_FIND_TEST_MODEL_H_
#define HYPERGRAPH_QUERY_FIND_TEST_MODEL_H_

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/graph/database_test.h"
#include "core/query/plan.h"

namespace hypergraph::test {

// Properties of the table: 0 int64 size, 1 string name, 2 float64 rate, 3 bool flag, 4 timestamp
// seen.
struct FindRecord {
  Seq seq = 0, superseded_by = 0;
  EdgeId id = 0;
  Micros event_ts = 0, valid_to = kMicrosMax;
  double weight = 1;
  std::string label, key;
  std::vector<std::pair<uint64_t, std::string>> members;
  std::optional<int64_t> size, seen;
  std::optional<std::string> name;
  std::optional<double> rate;
  std::optional<bool> flag;
  bool VisibleAt(Seq at) const { return seq <= at && (superseded_by == 0 || superseded_by > at); }
};

enum class Truth : uint8_t { kFalse, kUnknown, kTrue };
inline Truth Not(Truth truth) { return static_cast<Truth>(2 - static_cast<int>(truth)); }

// The value that a filter sees; empty: null.
inline std::optional<Value> ValueOf(const FindRecord& record, ColumnRef column) {
  const auto text = [](const std::string& value) {
    return value.empty() ? std::optional<Value>() : std::optional<Value>(value);
  };
  switch (column.kind) {
    case ColumnKind::kId:
      return Value(static_cast<int64_t>(record.id));
    case ColumnKind::kSeq:
      return Value(static_cast<int64_t>(record.seq));
    case ColumnKind::kEventTs:
      return Value(record.event_ts);
    case ColumnKind::kValidTo:
      return Value(record.valid_to);
    case ColumnKind::kWeight:
      return Value(record.weight);
    case ColumnKind::kArity:
      return Value(static_cast<int64_t>(record.members.size()));
    case ColumnKind::kLabel:
      return text(record.label);
    case ColumnKind::kKey:
      return text(record.key);
    default:
      break;
  }
  switch (column.property) {
    case 0:
      return record.size ? std::optional<Value>(*record.size) : std::nullopt;
    case 1:
      return record.name ? std::optional<Value>(*record.name) : std::nullopt;
    case 2:
      return record.rate ? std::optional<Value>(*record.rate) : std::nullopt;
    case 3:
      return record.flag ? std::optional<Value>(int64_t{*record.flag}) : std::nullopt;
    default:
      return record.seen ? std::optional<Value>(*record.seen) : std::nullopt;
  }
}

inline bool HoldsPlainly(const Value& left, CompareOp op, const Value& right) {
  if (const auto* integer = std::get_if<int64_t>(&left)) return Compare(*integer, op, right);
  if (const auto* number = std::get_if<double>(&left)) return Compare(*number, op, right);
  return Compare(std::string_view(std::get<std::string>(left)), op, right);
}

inline Truth Evaluate(const FilterNode& node, const FindRecord& record) {
  switch (node.kind) {
    case FilterNode::Kind::kNot:
      return Not(Evaluate(node.children[0], record));
    case FilterNode::Kind::kAnd: {
      Truth all = Truth::kTrue;
      for (const FilterNode& child : node.children) all = std::min(all, Evaluate(child, record));
      return all;
    }
    case FilterNode::Kind::kOr: {
      Truth any = Truth::kFalse;
      for (const FilterNode& child : node.children) any = std::max(any, Evaluate(child, record));
      return any;
    }
    case FilterNode::Kind::kCompare:
      break;
  }
  const auto truth = [](bool holds) { return holds ? Truth::kTrue : Truth::kFalse; };
  std::optional<Value> value = ValueOf(record, node.compare.column);
  const CompareOp op = node.compare.op;
  if (op == CompareOp::kIsNull || op == CompareOp::kIsNotNull) {
    const bool endless =
        node.compare.column.kind == ColumnKind::kValidTo && record.valid_to == kMicrosMax;
    return truth((!value || endless) == (op == CompareOp::kIsNull));
  }
  if (!value) return Truth::kUnknown;
  return truth(std::any_of(node.compare.operands.begin(), node.compare.operands.end(),
                           [&](const Value& right) { return HoldsPlainly(*value, op, right); }));
}

inline bool Matches(const FindRecord& record, const Selection& selection, Seq at) {
  if (!record.VisibleAt(at) || record.event_ts < selection.window.from ||
      record.event_ts >= selection.window.to) {
    return false;
  }
  const auto& valid_at = selection.valid_at;
  if (valid_at && !(record.event_ts <= *valid_at && *valid_at < record.valid_to)) return false;
  const auto& ids = selection.ids;
  if (!ids.empty() && std::find(ids.begin(), ids.end(), record.id) == ids.end()) return false;
  const auto& keys = selection.keys;
  if (!keys.empty() &&
      (record.key.empty() || std::find(keys.begin(), keys.end(), record.key) == keys.end())) {
    return false;
  }
  uint32_t held = 0;
  for (const MemberTerm& term : selection.members) {
    held += std::any_of(record.members.begin(), record.members.end(), [&](const auto& member) {
      return !term.node.is_text && member.first == term.node.integer &&
             (!term.role || *term.role == member.second);
    });
  }
  if (!selection.members.empty() && held < selection.at_least) return false;
  return !selection.filter || Evaluate(*selection.filter, record) == Truth::kTrue;
}

inline const char* const kLabels[] = {"", "red", "green", "blue"};
inline const char* const kRoles[] = {"", "from", "to"};

class FindWorld {
  // Before the database: it goes first.
  MemoryFileSystem files_;
  StandingClock clock_;

 public:
  explicit FindWorld(uint64_t seed) : random(seed) {
    database = OpenTest(TestOptions(&files_, &clock_));
    BatchWriter batch;
    const ColumnRef label{ColumnKind::kLabel}, size{ColumnKind::kProperty, 0},
        name{ColumnKind::kProperty, 1}, rate{ColumnKind::kProperty, 2};
    batch.CreateTable("events",
                      {{"size", PropertyType::kInt64},
                       {"name", PropertyType::kString},
                       {"rate", PropertyType::kFloat64},
                       {"flag", PropertyType::kBool},
                       {"seen", PropertyType::kTimestamp}},
                      {{"by_label_size", {label, size}}, {"by_name", {name}}, {"by_rate", {rate}}});
    commits.push_back(CommitTest(database.get(), batch.Finish()).seq);
  }

  void Step() {
    const uint64_t choice = random.Below(12);
    if (choice < 6) return Insert(1 + random.Below(12));
    if (choice < 8) return Replace();
    if (choice < 10) return Delete();
    if (choice == 10) {
      CHECK_OK(database->Flush());
      return;
    }
    bool merged = false;
    CHECK_OK(database->RunOneMerge(&merged));
  }

  void Insert(uint64_t count) {
    std::vector<BatchRow> rows;
    std::vector<FindRecord> fresh;
    for (uint64_t i = 0; i < count; ++i) {
      FindRecord record = RandomRecord();
      if (random.Chance(0.3)) record.key = "k" + std::to_string(next_key_++);
      rows.push_back(RowOf(record));
      fresh.push_back(record);
    }
    BatchWriter batch;
    Types(&batch).Insert(kTestTable, rows);
    const CommitReceipt receipt = CommitTest(database.get(), batch.Finish());
    CHECK_EQ(receipt.inserted, count);
    for (uint64_t i = 0; i < count; ++i) {
      fresh[i].id = fresh[i].seq = receipt.first_id + i;
      records.push_back(fresh[i]);
    }
    commits.push_back(receipt.seq);
  }

  FindRecord* RandomLive() {
    for (int attempt = 0; attempt < 20 && !records.empty(); ++attempt) {
      FindRecord& record = records[random.Below(records.size())];
      if (record.superseded_by == 0) return &record;
    }
    return nullptr;
  }

  void Replace() {
    FindRecord* old = RandomLive();
    if (old == nullptr) return;
    FindRecord next = RandomRecord();
    next.key = old->key;
    next.id = old->id;
    BatchRow row = RowOf(next);
    row.key.reset();
    BatchWriter batch;
    Types(&batch).Update(kTestTable, {{old->id, row}});
    next.seq = CommitTest(database.get(), batch.Finish()).seq;
    old->superseded_by = next.seq;
    commits.push_back(next.seq);
    records.push_back(next);
  }

  void Delete() {
    FindRecord* old = RandomLive();
    if (old == nullptr) return;
    BatchWriter batch;
    batch.Delete(kTestTable, {old->id});
    old->superseded_by = CommitTest(database.get(), batch.Finish()).seq;
    commits.push_back(old->superseded_by);
  }

  std::vector<const FindRecord*> Expected(const Selection& selection, Seq at, bool newest) const {
    std::vector<const FindRecord*> found;
    for (const FindRecord& record : records) {
      if (Matches(record, selection, at)) found.push_back(&record);
    }
    std::sort(found.begin(), found.end(), [](const FindRecord* a, const FindRecord* b) {
      return std::pair(a->event_ts, a->seq) < std::pair(b->event_ts, b->seq);
    });
    if (newest) std::reverse(found.begin(), found.end());
    return found;
  }

  FindRecord RandomRecord() {
    FindRecord record;
    record.event_ts = random.Between(0, 60);  // Many ties.
    if (random.Chance(0.4)) record.valid_to = record.event_ts + random.Between(1, 30);
    if (random.Chance(0.5)) record.weight = static_cast<double>(random.Between(-4, 4)) / 2;
    record.label = kLabels[random.Below(4)];
    std::set<std::pair<uint64_t, std::string>> members;
    for (uint64_t i = 0; i <= random.Below(5); ++i) {
      members.emplace(random.Below(9), kRoles[random.Chance(0.5) ? 0 : random.Below(3)]);
    }
    record.members.assign(members.begin(), members.end());
    if (random.Chance(0.8)) record.size = random.Between(-5, 5);
    if (random.Chance(0.8)) record.name = RandomName();
    if (random.Chance(0.8)) record.rate = static_cast<double>(random.Between(-6, 6)) / 4;
    if (random.Chance(0.5)) record.flag = random.Chance(0.5);
    if (random.Chance(0.5)) record.seen = random.Between(0, 9);
    return record;
  }
  std::string RandomName() {
    std::string name;
    for (uint64_t i = 0; i < random.Below(4); ++i) {
      name += random.Chance(0.1) ? "é" : random.Chance(0.5) ? "a" : "b";
    }
    return name;
  }

  Selection RandomSelection();
  FilterNode RandomFilter(uint32_t depth);
  FilterNode RandomComparison();

  Random random;
  std::unique_ptr<Database> database;
  std::vector<FindRecord> records;
  std::vector<Seq> commits;

 private:
  static BatchRow RowOf(const FindRecord& record) {
    BatchRow row(record.event_ts);
    row.ValidTo(record.valid_to).Weight(record.weight).Label(record.label);
    if (!record.key.empty()) row.Key(record.key);
    for (const auto& [node, role] : record.members) row.Member(node, role);
    record.size ? row.Set(0, *record.size) : row.SetNull(0);
    record.name ? row.SetText(1, *record.name) : row.SetNull(1);
    record.rate ? row.Set(2, *record.rate) : row.SetNull(2);
    record.flag ? row.Set(3, *record.flag) : row.SetNull(3);
    record.seen ? row.Set(4, BatchTimestamp{*record.seen}) : row.SetNull(4);
    return row;
  }
  static BatchWriter& Types(BatchWriter* batch) {
    return batch->TypeOfProperty(0, PropertyType::kInt64)
        .TypeOfProperty(1, PropertyType::kString)
        .TypeOfProperty(2, PropertyType::kFloat64)
        .TypeOfProperty(3, PropertyType::kBool)
        .TypeOfProperty(4, PropertyType::kTimestamp);
  }

  uint64_t next_key_ = 0;
};

inline FilterNode FindWorld::RandomComparison() {
  static constexpr ColumnRef kColumns[] = {
      {ColumnKind::kId},          {ColumnKind::kEventTs},     {ColumnKind::kValidTo},
      {ColumnKind::kWeight},      {ColumnKind::kLabel},       {ColumnKind::kArity},
      {ColumnKind::kKey},         {ColumnKind::kSeq},         {ColumnKind::kProperty, 0},
      {ColumnKind::kProperty, 1}, {ColumnKind::kProperty, 2}, {ColumnKind::kProperty, 3},
      {ColumnKind::kProperty, 4}, {ColumnKind::kLabel},       {ColumnKind::kProperty, 0}};
  FilterNode node;
  Comparison& compare = node.compare;
  compare.column = kColumns[random.Below(std::size(kColumns))];
  const bool label = compare.column.kind == ColumnKind::kLabel;
  const bool text = label || compare.column.kind == ColumnKind::kKey ||
                    compare.column == ColumnRef{ColumnKind::kProperty, 1};
  do {
    compare.op = static_cast<CompareOp>(1 + random.Below(10));
  } while ((compare.op == CompareOp::kPrefix && (!text || label)) ||
           (label && compare.op >= CompareOp::kLt && compare.op <= CompareOp::kGe));
  const bool null_test = compare.op == CompareOp::kIsNull || compare.op == CompareOp::kIsNotNull;
  const uint64_t count = compare.op == CompareOp::kIn ? random.Below(4) : null_test ? 0 : 1;
  for (uint64_t i = 0; i < count; ++i) {
    if (label) {
      compare.operands.push_back(
          std::string(random.Chance(0.2) ? "unknown" : kLabels[1 + random.Below(3)]));
    } else if (text) {
      compare.operands.push_back(compare.column.kind == ColumnKind::kKey
                                     ? "k" + std::to_string(random.Below(next_key_ + 1))
                                     : RandomName());
    } else if (random.Chance(0.3)) {
      compare.operands.push_back(static_cast<double>(random.Between(-12, 24)) / 4);
    } else {
      compare.operands.push_back(random.Between(-3, random.Chance(0.2) ? 60 : 6));
    }
  }
  return node;
}

inline FilterNode FindWorld::RandomFilter(uint32_t depth) {
  if (depth == 0 || random.Chance(0.4)) return RandomComparison();
  FilterNode node;
  node.kind = static_cast<FilterNode::Kind>(2 + random.Below(3));
  const uint64_t count = node.kind == FilterNode::Kind::kNot ? 1 : 1 + random.Below(3);
  for (uint64_t i = 0; i < count; ++i) node.children.push_back(RandomFilter(depth - 1));
  return node;
}

inline Selection FindWorld::RandomSelection() {
  Selection selection;
  selection.table = kTestTable;
  if (random.Chance(0.4)) selection.window.from = random.Between(0, 50);
  if (random.Chance(0.4)) selection.window.to = random.Between(10, 70);
  if (random.Chance(0.2)) selection.valid_at = random.Between(0, 60);
  for (uint64_t i = 0; random.Chance(0.15) && i < 20; i = i * 2 + 1) {
    selection.ids.push_back(random.Chance(0.2) || records.empty()
                                ? random.Below(1000)
                                : records[random.Below(records.size())].id);
  }
  while (random.Chance(0.15)) {
    selection.keys.push_back(
        random.Chance(0.1) ? "" : "k" + std::to_string(random.Below(next_key_ + 2)));
  }
  if (random.Chance(0.4)) {
    for (uint64_t i = 0; i <= random.Below(4); ++i) {
      MemberTerm term;
      term.node.integer = random.Chance(0.05) ? 999 : random.Below(9);
      if (random.Chance(0.3))
        term.role = random.Chance(0.1) ? "nobody's" : kRoles[1 + random.Below(2)];
      selection.members.push_back(term);
    }
    selection.at_least = 1 + static_cast<uint32_t>(random.Below(selection.members.size()));
  }
  if (random.Chance(0.6)) selection.filter = RandomFilter(3);
  return selection;
}

}  // namespace hypergraph::test

#endif  // HYPERGRAPH_QUERY_FIND_TEST_MODEL_H_
