// Random small graphs for the tests of analytics: hyperedges as plain structs, the same as row
// sources, and the columns of results read back.
#ifndef HYPERGRAPH_QUERY_EXPAND_TEST_GRAPH_H_
#define HYPERGRAPH_QUERY_EXPAND_TEST_GRAPH_H_

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/graph/snapshot.h"
#include "core/query/guard.h"
#include "core/query/plan.h"
#include "core/query/result.h"
#include "test/test.h"

namespace hypergraph::test {

// A record. Properties: 0 int64 "amount", 1 float64 "rate", 2 string "kind", 3 bool "flag".
struct GraphEdge {
  Micros ts = 0;
  Seq seq = 0;
  EdgeId id = 0;
  Seq superseded_by = 0;
  double weight = 1;
  Symbol label = 0;
  std::vector<NodeNumber> nodes;
  std::vector<Symbol> roles;  // Parallel to nodes.
  int64_t amount = 0;
  double rate = 0;
  std::string kind;
  bool flag = false;
  bool has_amount = true, has_rate = true, has_kind = true, has_flag = true;
  bool VisibleAt(Seq at) const { return seq <= at && (superseded_by == 0 || superseded_by > at); }
};

// Ranked: rows are ranks, as in a segment. Else rows are in the order of seq, as in a memtable.
class GraphSource final : public RowSource {
 public:
  GraphSource(std::vector<GraphEdge> edges, bool ranked)
      : edges_(std::move(edges)), ranked_(ranked) {
    std::sort(edges_.begin(), edges_.end(), [ranked](const GraphEdge& a, const GraphEdge& b) {
      return std::pair(ranked ? a.ts : 0, a.seq) < std::pair(ranked ? b.ts : 0, b.seq);
    });
    for (uint32_t i = 0; i < edges_.size(); ++i) in_time_.push_back(i);
    std::stable_sort(in_time_.begin(), in_time_.end(),
                     [this](uint32_t a, uint32_t b) { return edges_[a].ts < edges_[b].ts; });
  }

  SourceBounds bounds() const override {
    SourceBounds bounds;
    bounds.row_count = static_cast<uint32_t>(edges_.size());
    if (edges_.empty()) return bounds;
    bounds.ts_min = edges_[in_time_.front()].ts;
    bounds.ts_max = edges_[in_time_.back()].ts;
    bounds.seq_min = kSeqMax;
    for (const GraphEdge& edge : edges_) {
      bounds.seq_min = std::min(bounds.seq_min, edge.seq);
      bounds.seq_max = std::max(bounds.seq_max, edge.seq);
      bounds.member_count += edge.nodes.size();
    }
    return bounds;
  }
  bool ranked() const override { return ranked_; }
  Status LowerBound(Micros ts, uint32_t* rank) const override {
    CHECK(ranked_);
    *rank = 0;
    while (*rank < edges_.size() && edges_[*rank].ts < ts) ++*rank;
    return Status::Ok();
  }
  Status RowsInWindow(TimeWindow window, uint32_t limit, bool newest_first,
                      std::vector<uint32_t>* rows) const override {
    std::vector<uint32_t> found;
    for (const uint32_t row : in_time_) {
      if (edges_[row].ts >= window.from && edges_[row].ts < window.to) found.push_back(row);
    }
    const size_t count = std::min<size_t>(limit, found.size());
    const auto first = newest_first ? found.end() - static_cast<ptrdiff_t>(count) : found.begin();
    rows->insert(rows->end(), first, first + static_cast<ptrdiff_t>(count));
    return Status::Ok();
  }
  uint32_t Degree(NodeNumber node) const override {
    std::vector<uint32_t> rows;
    CHECK_OK(RowsOfNode(node, {}, &rows));
    return static_cast<uint32_t>(rows.size());
  }
  Status RowsOfNode(NodeNumber node, TimeWindow window,
                    std::vector<uint32_t>* rows) const override {
    return RowsOfNodes({&node, 1}, 1, window, rows);
  }
  Status RowsOfNodes(std::span<const NodeNumber> nodes, uint32_t at_least, TimeWindow window,
                     std::vector<uint32_t>* rows) const override {
    for (const uint32_t row : in_time_) {
      const GraphEdge& edge = edges_[row];
      if (edge.ts < window.from || edge.ts >= window.to) continue;
      const auto has = [&edge](NodeNumber node) {
        return std::find(edge.nodes.begin(), edge.nodes.end(), node) != edge.nodes.end();
      };
      if (std::count_if(nodes.begin(), nodes.end(), has) >= at_least) rows->push_back(row);
    }
    return Status::Ok();
  }
  bool EstimateIndex(const IndexProbe&, uint32_t*) const override { return false; }
  Status RowsByIndex(const IndexProbe&, TimeWindow, std::vector<uint32_t>*) const override {
    return {Code::kUnsupported, "no indexes"};
  }
  Status Select(const Comparison& comparison, Rows rows,
                std::vector<uint32_t>* selected) const override {
    CHECK(comparison.column.kind == ColumnKind::kWeight);
    for (uint32_t i = 0; i < rows.size(); ++i) {
      if (Compare(edges_[rows[i]].weight, comparison.op, comparison.operands[0])) {
        selected->push_back(rows[i]);
      }
    }
    return Status::Ok();
  }
  bool AllVisible(Seq at) const override {
    return ranked_ && std::all_of(edges_.begin(), edges_.end(),
                                  [at](const GraphEdge& edge) { return edge.VisibleAt(at); });
  }
  Status SelectVisible(Seq at, Rows rows, std::vector<uint32_t>* visible) const override {
    for (uint32_t i = 0; i < rows.size(); ++i) {
      if (edges_[rows[i]].VisibleAt(at)) visible->push_back(rows[i]);
    }
    return Status::Ok();
  }
  Status EventTs(Rows rows, Micros* out) const override {
    return Each(rows, out, [](const GraphEdge& edge) { return edge.ts; });
  }
  Status Seqs(Rows rows, Seq* out) const override {
    return Each(rows, out, [](const GraphEdge& edge) { return edge.seq; });
  }
  Status Ids(Rows rows, EdgeId* out) const override {
    return Each(rows, out, [](const GraphEdge& edge) { return edge.id; });
  }
  Status ValidTo(Rows rows, Micros* out) const override {
    return Each(rows, out, [](const GraphEdge&) { return kMicrosMax; });
  }
  Status Weights(Rows rows, double* out) const override {
    return Each(rows, out, [](const GraphEdge& edge) { return edge.weight; });
  }
  Status Labels(Rows rows, Symbol* out) const override {
    return Each(rows, out, [](const GraphEdge& edge) { return edge.label; });
  }
  Status Arities(Rows rows, uint32_t* out) const override {
    return Each(rows, out,
                [](const GraphEdge& edge) { return static_cast<uint32_t>(edge.nodes.size()); });
  }
  Status Members(Rows rows, MemberColumns* out) const override {
    if (out->offsets.empty()) out->offsets = {0};
    for (uint32_t i = 0; i < rows.size(); ++i) {
      const GraphEdge& edge = edges_[rows[i]];
      out->nodes.insert(out->nodes.end(), edge.nodes.begin(), edge.nodes.end());
      out->roles.insert(out->roles.end(), edge.roles.begin(), edge.roles.end());
      out->offsets.push_back(static_cast<uint32_t>(out->nodes.size()));
    }
    return Status::Ok();
  }
  Status Keys(Rows rows, std::vector<std::string_view>* out) const override {
    out->resize(out->size() + rows.size());
    return Status::Ok();
  }
  Status Property(PropertyIndex property, Rows rows, PropertyColumn* out) const override {
    for (uint32_t i = 0; i < rows.size(); ++i) {
      const GraphEdge& edge = edges_[rows[i]];
      const bool has[] = {edge.has_amount, edge.has_rate, edge.has_kind, edge.has_flag};
      out->present.push_back(has[property]);
      if (property == 0) out->integers.push_back(edge.amount);
      if (property == 1) out->floats.push_back(edge.rate);
      if (property == 2) out->strings.push_back(edge.kind);
      if (property == 3) out->integers.push_back(edge.flag);
    }
    return Status::Ok();
  }
  Status SumWeights(Rows rows, double* sum) const override {
    CHECK(rows.contiguous());
    *sum = 0;
    for (uint32_t i = 0; i < rows.size(); ++i) *sum += edges_[rows[i]].weight;
    return Status::Ok();
  }
  Status CountMembers(Rows rows, std::span<uint32_t> counts) const override {
    for (uint32_t i = 0; i < rows.size(); ++i) {
      for (const NodeNumber node : edges_[rows[i]].nodes) ++counts[node];
    }
    return Status::Ok();
  }
  Status FindId(EdgeId, std::vector<uint32_t>*) const override {
    return {Code::kUnsupported, "no ids"};
  }
  Status FindKey(std::string_view, std::vector<uint32_t>*) const override {
    return {Code::kUnsupported, "no keys"};
  }

 private:
  template <typename T, typename F>
  Status Each(Rows rows, T* out, F&& value) const {
    for (uint32_t i = 0; i < rows.size(); ++i) out[i] = value(edges_[rows[i]]);
    return Status::Ok();
  }
  std::vector<GraphEdge> edges_;
  std::vector<uint32_t> in_time_;
  bool ranked_;
};

inline constexpr TableId kGraphTable = 1;

struct GraphShape {
  uint32_t node_count = 12;
  uint32_t edge_count = 40;
  uint32_t source_count = 3;  // The last is not ranked.
  Micros ts_max = 30;         // Fewer than edges: ties.
  double deleted = 0.1;
  double roles = 0.5;
};

// Nodes have the keys 0, 1, …, the same as their numbers; symbols are "a" (1), "b" (2), "c" (3).
class Graph {
 public:
  Graph(Random* random, const GraphShape& shape) {
    for (uint64_t key = 0; key < shape.node_count; ++key) Intern(&nodes_, {false, key, {}});
    for (const char* symbol : {"a", "b", "c"}) Intern(&symbols_, {true, 0, symbol});
    std::vector<std::vector<GraphEdge>> parts(shape.source_count);
    for (Seq seq = 1; seq <= shape.edge_count; ++seq) {
      edges_.push_back(RandomEdge(random, shape, seq));
      parts[random->Below(parts.size())].push_back(edges_.back());
    }
    auto schema = std::make_shared<TableSchema>();
    schema->id = kGraphTable;
    schema->name = "edges";
    schema->properties = {{"amount", PropertyType::kInt64},
                          {"rate", PropertyType::kFloat64},
                          {"kind", PropertyType::kString},
                          {"flag", PropertyType::kBool}};
    TableView view;
    view.schema = schema;
    for (size_t i = 0; i < parts.size(); ++i) {
      view.sources.push_back(std::make_shared<GraphSource>(parts[i], i + 1 < parts.size()));
    }
    auto tables = std::make_shared<TableViews>();
    (*tables)[kGraphTable] = view;
    auto all = std::make_shared<Schema>();
    all->tables[kGraphTable] = schema;
    snapshot_.seq = shape.edge_count;
    snapshot_.schema = all;
    snapshot_.tables = tables;
    snapshot_.nodes = &nodes_;
    snapshot_.symbols = &symbols_;
  }
  const Snapshot& snapshot() const { return snapshot_; }

  // By (event_ts, seq).
  std::vector<GraphEdge> Matching(const Selection& selection) const {
    std::vector<GraphEdge> matching;
    for (const GraphEdge& edge : edges_) {
      const bool inside = edge.ts >= selection.window.from && edge.ts < selection.window.to;
      bool holds = edge.VisibleAt(snapshot_.seq);
      if (selection.filter) {
        const Comparison& compare = selection.filter->compare;
        holds = holds && Compare(edge.weight, compare.op, compare.operands[0]);
      }
      for (const MemberTerm& term : selection.members) {
        holds = holds && std::count(edge.nodes.begin(), edge.nodes.end(), term.node.integer) > 0;
      }
      if (inside && holds) matching.push_back(edge);
    }
    std::sort(matching.begin(), matching.end(), [](const GraphEdge& a, const GraphEdge& b) {
      return std::pair(a.ts, a.seq) < std::pair(b.ts, b.seq);
    });
    return matching;
  }

 private:
  static void Intern(Dictionary* dictionary, const NodeKey& key) {
    uint32_t number = 0;
    bool fresh = false;
    CHECK_OK(dictionary->Intern(key, &number, &fresh));
  }
  static GraphEdge RandomEdge(Random* random, const GraphShape& shape, Seq seq) {
    GraphEdge edge;
    edge.seq = seq;
    edge.id = seq;
    edge.ts = random->Between(-shape.ts_max, shape.ts_max);
    if (random->Chance(shape.deleted)) edge.superseded_by = seq + random->Below(9) + 1;
    edge.weight = static_cast<double>(random->Between(-64, 64)) / 16;  // Sums are exact.
    edge.label = static_cast<Symbol>(random->Below(4));
    const uint64_t arity = 1 + random->Below(4);
    while (edge.nodes.size() < arity) {
      const auto node = static_cast<NodeNumber>(random->Below(shape.node_count));
      const auto role =
          random->Chance(shape.roles) ? static_cast<Symbol>(random->Below(4)) : kSymbolNone;
      bool repeated = false;
      for (size_t i = 0; i < edge.nodes.size(); ++i) {
        repeated = repeated || (edge.nodes[i] == node && edge.roles[i] == role);
      }
      if (repeated) break;
      edge.nodes.push_back(node);
      edge.roles.push_back(role);
    }
    edge.amount = random->Between(-3, 3);
    edge.rate = static_cast<double>(random->Between(-2, 2)) / 2;
    edge.kind = std::string(random->Below(3), static_cast<char>('x' + random->Below(2)));
    edge.flag = random->Chance(0.5);
    edge.has_amount = random->Chance(0.8);
    edge.has_rate = random->Chance(0.8);
    edge.has_kind = random->Chance(0.8);
    edge.has_flag = random->Chance(0.8);
    return edge;
  }

  Dictionary nodes_{0}, symbols_{1};
  std::vector<GraphEdge> edges_;
  Snapshot snapshot_;
};

inline OwnedNodeKey KeyOf(uint64_t node) { return {false, node, {}}; }

inline Selection RandomSelection(Random* random, const GraphShape& shape) {
  Selection selection;
  selection.table = kGraphTable;
  if (random->Chance(0.6)) {
    selection.window.from = random->Between(-shape.ts_max, shape.ts_max);
    selection.window.to = random->Between(selection.window.from, shape.ts_max + 2);
  }
  if (random->Chance(0.3)) {
    FilterNode filter;
    filter.compare = {
        {ColumnKind::kWeight, 0}, CompareOp::kGe, {Value(random->Fraction() * 4 - 3)}};
    selection.filter = filter;
  }
  return selection;
}

// A result's columns, as text so that any may be compared.
struct ReadResult {
  uint32_t rows = 0;
  Truncated truncated = Truncated::kWhole;
  std::vector<std::vector<std::string>> columns;
  std::vector<std::string> Row(size_t row) const {
    std::vector<std::string> values;
    for (const auto& column : columns) values.push_back(column[row]);
    return values;
  }
  std::vector<std::vector<std::string>> AllRows() const {
    std::vector<std::vector<std::string>> all;
    for (size_t row = 0; row < rows; ++row) all.push_back(Row(row));
    return all;
  }
};

inline std::string TextOf(double value) { return std::to_string(value); }

inline ReadResult Read(const std::vector<uint8_t>& bytes) {
  const auto at = [&bytes](size_t offset) {
    return LoadUnaligned<uint32_t>(bytes.data() + offset);
  };
  ReadResult result;
  CHECK(bytes.size() >= 64);
  CHECK_EQ(at(0), 0x31524748u);
  result.rows = at(8);
  result.truncated = static_cast<Truncated>(at(16));
  for (uint32_t column = 0; column < at(12); ++column) {
    const size_t d = 64 + size_t{column} * 32;
    const uint8_t* values = bytes.data() + at(d + 4);
    std::vector<std::string> texts;
    for (uint32_t row = 0; row < result.rows; ++row) {
      const uint32_t validity = at(d + 16);
      if (validity != 0 && (bytes[validity + row / 8] >> (row % 8) & 1) == 0) {
        texts.push_back("null");
        continue;
      }
      switch (static_cast<ValueType>(bytes[d])) {
        case ValueType::kF64:
          texts.push_back(TextOf(LoadUnaligned<double>(values + row * 8)));
          break;
        case ValueType::kI64:
          texts.push_back(std::to_string(LoadUnaligned<int64_t>(values + row * 8)));
          break;
        case ValueType::kU32:
          texts.push_back(std::to_string(LoadUnaligned<uint32_t>(values + row * 4)));
          break;
        case ValueType::kU8:
          texts.push_back(std::to_string(values[row]));
          break;
        default: {
          const uint32_t first = at(at(d + 12) + row * 4);
          const uint32_t end = at(at(d + 12) + row * 4 + 4);
          texts.emplace_back(reinterpret_cast<const char*>(values) + first, end - first);
        }
      }
    }
    result.columns.push_back(texts);
  }
  return result;
}

}  // namespace hypergraph::test

#endif  // HYPERGRAPH_QUERY_EXPAND_TEST_GRAPH_H_
