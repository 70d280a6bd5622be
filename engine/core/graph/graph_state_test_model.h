// For tests: random commits on a GraphState beside a plain model of it, kept for every seq.
//
// Threads: one.
#ifndef HYPERGRAPH_GRAPH_GRAPH_STATE_TEST_MODEL_H_
#define HYPERGRAPH_GRAPH_GRAPH_STATE_TEST_MODEL_H_

#include <algorithm>
#include <optional>

#include "core/base/random.h"
#include "core/graph/batch_writer.h"
#include "core/graph/graph_state.h"
#include "test/test.h"

namespace hypergraph::model {

inline constexpr TableId kTable = 1;

struct ModelEdge {
  Micros event_ts = 0, valid_to = kMicrosMax;
  double weight = 1;
  std::string label, key;
  std::vector<std::pair<BatchNode, std::string>> members;
  std::optional<int64_t> size;
  std::optional<std::string> name;
  bool operator==(const ModelEdge&) const = default;
};

struct Model {
  std::map<EdgeId, ModelEdge> edges;
  std::map<BatchNode, std::optional<int64_t>> nodes;
  bool operator==(const Model&) const = default;
};

inline BatchNode RandomNode(Random* random) {
  const auto number = random->Below(30);
  if (random->Chance(0.3)) return "n" + std::to_string(number);
  return random->Chance(0.1) ? number << 40 : number;
}

class Simulation {
 public:
  explicit Simulation(uint64_t seed) : random_(seed) {
    batch_.CreateTable("events", {{"size", PropertyType::kInt64}, {"name", PropertyType::kString}});
    batch_.AddProperties(kNodeTable, {{"age", PropertyType::kInt64}});
    batch_.TypeOfProperty(0, PropertyType::kInt64).TypeOfProperty(1, PropertyType::kString);
    Commit(&state_);
  }

  void RandomCommit() {
    batch_.Clear();
    next_ = model_;
    expected_ = CommitReceipt();
    for (uint64_t i = 0; i <= random_.Below(3); ++i) {
      switch (random_.Below(6)) {
        case 0:
        case 1:
          AddInserts();
          break;
        case 2:
          AddUpdates();
          break;
        case 3:
          AddDeletes();
          break;
        default:
          AddNodes();
      }
    }
    Commit(&state_);
    CHECK_EQ(receipt_.inserted, expected_.inserted);
    CHECK_EQ(receipt_.duplicates, expected_.duplicates);
    CHECK_EQ(receipt_.updated, expected_.updated);
    CHECK_EQ(receipt_.deleted, expected_.deleted);
    // Only now are the ids of fresh hyperedges known.
    for (size_t i = 0; i < inserted_.size(); ++i) {
      const Inserted& row = inserted_[i];
      const EdgeId id = receipt_.ids.empty() ? receipt_.first_id + i : receipt_.ids[i];
      if (row.edge) {
        next_.edges[id] = *row.edge;
      } else {
        CHECK_EQ(id, row.owner != 0 ? row.owner : receipt_.ids[row.same_as]);
      }
    }
    inserted_.clear();
    model_ = next_;
    history_[state_.last_seq()] = model_;
  }

  void CheckAll(GraphState* state) {
    for (const auto& [seq, model] : history_) CHECK(Read(state, seq) == model);
  }
  void Replay(GraphState* state) {
    for (const auto& payload : payloads_) CHECK_OK(state->Apply(payload));
    CHECK_EQ(state->last_seq(), state_.last_seq());
    CHECK_EQ(state->last_committed_at(), state_.last_committed_at());
    CHECK_EQ(state->nodes().end(), state_.nodes().end());
    CHECK_EQ(SchemaToJson(*state->schema()), SchemaToJson(*state_.schema()));
  }
  GraphState& state() { return state_; }

 private:
  void Commit(GraphState* state) {
    std::vector<uint8_t> payload;
    CHECK_OK(state->Resolve(batch_.Finish(), {}, ++now_, &payload, &receipt_));
    if (payload.empty()) return;
    CHECK_OK(state->Apply(payload));
    CHECK_EQ(receipt_.seq, state->last_seq());
    payloads_.push_back(payload);
  }

  EdgeId RandomId() {
    if (next_.edges.empty() || random_.Chance(0.1)) return 0;
    auto at = next_.edges.begin();
    std::advance(at, static_cast<ptrdiff_t>(random_.Below(next_.edges.size())));
    return at->first;
  }
  struct Inserted {
    std::optional<ModelEdge> edge;  // None for a duplicate: of this hyperedge,
    EdgeId owner = 0;
    size_t same_as = 0;  // or else of this row of the batch.
  };
  // Whose the key is now.
  std::optional<Inserted> OwnerOf(const std::string& key) const {
    if (key.empty()) return std::nullopt;
    for (const auto& [id, edge] : next_.edges) {
      if (edge.key == key) return Inserted{std::nullopt, id, 0};
    }
    for (size_t i = 0; i < inserted_.size(); ++i) {
      if (inserted_[i].edge && inserted_[i].edge->key == key) return Inserted{std::nullopt, 0, i};
    }
    return std::nullopt;
  }

  void RandomMembers(BatchRow* row, ModelEdge* edge) {
    row->members.emplace();
    edge->members.clear();
    const auto arity = 1 + random_.Below(random_.Chance(0.1) ? 40 : 5);
    for (uint64_t i = 0; i < arity; ++i) {
      std::pair<BatchNode, std::string> member{
          RandomNode(&random_), random_.Chance(0.3) ? "r" + std::to_string(random_.Below(3)) : ""};
      const auto& members = edge->members;
      if (std::find(members.begin(), members.end(), member) != members.end()) continue;
      row->Member(member.first, member.second);
      edge->members.push_back(member);
    }
  }
  // Sets some fields of the row, and of the model's hyperedge as that row does.
  void RandomFields(BatchRow* row, ModelEdge* edge) {
    if (random_.Chance(0.3)) row->Weight(edge->weight = static_cast<double>(random_.Below(9)));
    if (random_.Chance(0.3)) row->Label(edge->label = "l" + std::to_string(random_.Below(4)));
    if (random_.Chance(0.2)) {
      edge->size.reset();
      row->SetNull(0);
    } else if (random_.Chance(0.4)) {
      row->Set(0, *(edge->size = random_.Between(-9, 9)));
    }
    if (random_.Chance(0.3)) row->SetText(1, *(edge->name = std::to_string(random_.Below(99))));
  }

  void AddInserts() {
    std::vector<BatchRow> rows;
    for (uint64_t i = 0; i <= random_.Below(6); ++i) {
      ModelEdge edge;
      edge.event_ts = random_.Between(-1000, 1000);
      BatchRow row(edge.event_ts);
      if (random_.Chance(0.3)) row.ValidTo(edge.valid_to = edge.event_ts + random_.Between(1, 90));
      RandomMembers(&row, &edge);
      RandomFields(&row, &edge);
      if (random_.Chance(0.4)) row.Key(edge.key = "k" + std::to_string(random_.Below(60)));
      const std::optional<Inserted> owner = OwnerOf(edge.key);
      ++(owner ? expected_.duplicates : expected_.inserted);
      inserted_.push_back(owner ? *owner : Inserted{edge, 0, 0});
      rows.push_back(row);
    }
    batch_.Insert(kTable, rows);
  }

  void AddUpdates() {
    for (uint64_t i = 0; i <= random_.Below(3); ++i) {
      const EdgeId id = RandomId();
      if (id == 0) return;
      ModelEdge& edge = next_.edges[id];
      BatchRow row;
      if (random_.Chance(0.2)) {
        row.EventTs(edge.event_ts = random_.Between(-1000, 1000)).ValidTo(edge.valid_to = 2000);
      }
      if (random_.Chance(0.3)) RandomMembers(&row, &edge);
      RandomFields(&row, &edge);
      const std::string key = random_.Chance(0.3) ? "" : "k" + std::to_string(random_.Below(60));
      if (random_.Chance(0.3) && !OwnerOf(key)) row.Key(edge.key = key);
      batch_.Update(kTable, {{id, row}});
      ++expected_.updated;
    }
  }

  void AddDeletes() {
    std::vector<EdgeId> ids = {RandomId(), RandomId()};
    for (const EdgeId id : ids) {
      expected_.deleted += static_cast<uint32_t>(next_.edges.erase(id));
    }
    batch_.Delete(kTable, ids);
  }

  void AddNodes() {
    const BatchNode node = RandomNode(&random_);
    if (random_.Chance(0.3)) {
      expected_.deleted += static_cast<uint32_t>(next_.nodes.erase(node));
      batch_.DropNodes({node});
      return;
    }
    BatchRow row;
    std::optional<int64_t>& age = next_.nodes[node];
    if (random_.Chance(0.2)) {
      age.reset();
      row.SetNull(0);
    } else {
      row.Set(0, *(age = random_.Between(0, 99)));
    }
    batch_.SetNodes({{node, row}});
    ++expected_.updated;
  }

  static BatchNode KeyOf(const Dictionary& nodes, NodeNumber number) {
    NodeKey key;
    CHECK_OK(nodes.KeyOf(number, &key));
    return key.is_text ? BatchNode(std::string(key.text)) : BatchNode(key.integer);
  }
  static std::string SymbolOf(GraphState* state, Symbol symbol) {
    if (symbol == kSymbolNone) return "";
    NodeKey key;
    CHECK_OK(state->symbols().KeyOf(symbol, &key));
    return std::string(key.text);
  }

  static Model Read(GraphState* state, Seq at) {
    Model model;
    for (const TableId table : {kNodeTable, kTable}) {
      for (const auto& source : state->views()->find(table)->second.sources) {
        std::vector<uint32_t> rows;
        const uint32_t count = source->bounds().row_count;
        CHECK_OK(source->SelectVisible(at, Rows::Range(0, count), &rows));
        for (const uint32_t row : rows) ReadRow(state, table, *source, row, &model);
      }
    }
    return model;
  }
  static void ReadRow(GraphState* state, TableId table, const RowSource& source, uint32_t row,
                      Model* model) {
    const Rows rows = Rows::List({&row, 1});
    ModelEdge edge;
    EdgeId id;
    CHECK_OK(source.Ids(rows, &id));
    CHECK_OK(source.EventTs(rows, &edge.event_ts));
    PropertyColumn size;
    CHECK_OK(source.Property(0, rows, &size));
    if (size.present[0] != 0) edge.size = size.integers[0];
    if (table == kNodeTable) {
      const auto number = static_cast<NodeNumber>(edge.event_ts);
      const auto node = KeyOf(state->nodes(), number);
      CHECK(model->nodes.emplace(node, edge.size).second);
      return;
    }
    CHECK_OK(source.ValidTo(rows, &edge.valid_to));
    CHECK_OK(source.Weights(rows, &edge.weight));
    Symbol label;
    CHECK_OK(source.Labels(rows, &label));
    edge.label = SymbolOf(state, label);
    std::vector<std::string_view> keys;
    CHECK_OK(source.Keys(rows, &keys));
    edge.key = keys[0];
    MemberColumns members;
    CHECK_OK(source.Members(rows, &members));
    for (size_t i = 0; i < members.nodes.size(); ++i) {
      edge.members.emplace_back(KeyOf(state->nodes(), members.nodes[i]),
                                SymbolOf(state, members.roles.empty() ? 0 : members.roles[i]));
    }
    PropertyColumn name;
    CHECK_OK(source.Property(1, rows, &name));
    if (name.present[0] != 0) edge.name = std::string(name.strings[0]);
    CHECK(model->edges.emplace(id, edge).second);
  }

  Random random_;
  GraphState state_;
  BatchWriter batch_;
  CommitReceipt receipt_, expected_;
  Micros now_ = 0;
  Model model_, next_;
  std::vector<Inserted> inserted_;  // One a row.
  std::map<Seq, Model> history_;
  std::vector<std::vector<uint8_t>> payloads_;
};

}  // namespace hypergraph::model

#endif  // HYPERGRAPH_GRAPH_GRAPH_STATE_TEST_MODEL_H_
