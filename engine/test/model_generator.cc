#include "test/model_generator.h"

#include <algorithm>

namespace hypergraph::test {
namespace {

constexpr const char* kLabels[] = {"", "x", "y", "long label of some length"};
constexpr const char* kRoles[] = {"", "from", "to"};
constexpr const char* kTexts[] = {"", "a", "ab", "b", "größer", "a much longer text than others"};
constexpr Micros kTsExtremes[] = {kMicrosMin + 1, kMicrosMax - 2, -1, 0};

const std::vector<PropertySchema> kProperties = {{"size", PropertyType::kInt64},
                                                 {"score", PropertyType::kFloat64},
                                                 {"name", PropertyType::kString},
                                                 {"open", PropertyType::kBool},
                                                 {"at", PropertyType::kTimestamp}};

ModelOp SchemaOp(OpKind kind, TableId table) {
  ModelOp op;
  op.kind = kind;
  op.table = table;
  return op;
}

}  // namespace

ModelBatch BatchGenerator::FirstTables() {
  ModelBatch batch;
  ModelOp create = SchemaOp(OpKind::kCreateTable, 0);
  create.name = "events";
  create.properties = kProperties;
  create.indexes = {{"by_size", {{ColumnKind::kProperty, 0}}}};
  batch.ops.push_back(create);
  ModelOp nodes = SchemaOp(OpKind::kAddProperties, kNodeTable);
  nodes.properties = {{"age", PropertyType::kInt64}, {"title", PropertyType::kString}};
  batch.ops.push_back(nodes);
  return batch;
}

ModelBatch BatchGenerator::Next(const Model& model) {
  ModelBatch batch;
  if (random_.Chance(options_.schema_chance)) AddSchemaChange(model, &batch);
  // The operations of a batch that changes the schema keep to what was there before it.
  const uint64_t ops = batch.ops.empty() ? 1 + random_.Below(2) : random_.Below(2);
  for (uint64_t i = 0; i < ops; ++i) {
    if (random_.Chance(0.2)) {
      AddNodes(&batch);
    } else {
      AddEdges(model, &batch);
    }
  }
  if (random_.Chance(options_.invalid_chance) && model.commits().size() > 2) {
    batch.base_seq = model.commits()[1 + random_.Below(model.commits().size() - 1)].seq;
  }
  return batch;
}

const TableSchema* BatchGenerator::AnyTable(const Model& model) {
  const auto& tables = model.schema().tables;
  if (tables.size() < 2) return nullptr;
  auto at = std::next(tables.begin(), 1 + static_cast<int64_t>(random_.Below(tables.size() - 1)));
  return at->second.get();
}

void BatchGenerator::AddEdges(const Model& model, ModelBatch* batch) {
  const TableSchema* table = AnyTable(model);
  if (table == nullptr) return;
  const bool is_dropped = std::any_of(batch->ops.begin(), batch->ops.end(), [&](const auto& op) {
    return op.kind == OpKind::kDropTable && op.table == table->id;
  });
  if (is_dropped) return;
  ModelOp op;
  op.table = table->id;
  const std::vector<EdgeId> live = model.LiveIds(table->id);
  const uint64_t dice = random_.Below(10);
  const uint64_t count = 1 + random_.Below(options_.rows_max);
  if (live.empty() || dice < 5 || table->ttl != 0) {
    op.kind = OpKind::kInsert;
    for (uint64_t i = 0; i < count; ++i) {
      op.rows.push_back(Row(*table));
      // Whether a record that has expired still owns its key depends on when merges run.
      if (table->ttl != 0) op.rows.back().key.reset();
    }
  } else {
    op.kind = dice < 8 ? OpKind::kUpdate : OpKind::kDelete;
    const auto fields = static_cast<uint32_t>(random_.Next());
    for (uint64_t i = 0; i < count; ++i) {
      op.ids.push_back(live[random_.Below(live.size())]);
      op.rows.push_back(Patch(*table, fields));
    }
    if (random_.Chance(options_.invalid_chance)) op.ids[0] = random_.Below(model.last_seq() + 2);
    if (op.kind == OpKind::kDelete) op.rows.clear();
  }
  batch->ops.push_back(std::move(op));
}

void BatchGenerator::AddNodes(ModelBatch* batch) {
  ModelOp op;
  op.kind = random_.Chance(0.75) ? OpKind::kSetNodes : OpKind::kDropNodes;
  const uint64_t count = 1 + random_.Below(2);
  for (uint64_t i = 0; i < count; ++i) {
    op.nodes.push_back(Node());
    if (op.kind == OpKind::kDropNodes) continue;
    BatchRow& row = op.rows.emplace_back();
    if (random_.Chance(0.8)) row.Set(0, PropertyValue(PropertyType::kInt64));
    if (random_.Chance(0.5)) row.Set(1, PropertyValue(PropertyType::kString));
  }
  batch->ops.push_back(std::move(op));
}

void BatchGenerator::AddSchemaChange(const Model& model, ModelBatch* batch) {
  const std::string name = "n" + std::to_string(names_++);
  const TableSchema* table = AnyTable(model);
  const uint64_t dice = table == nullptr ? 0 : random_.Below(8);
  if (dice == 0 || dice > 5) {
    ModelOp op = SchemaOp(OpKind::kCreateTable, 0);
    op.name = name;
    op.properties = {kProperties.begin(), kProperties.begin() + 2};
    const bool expires = options_.clock_start != 0 && random_.Chance(0.5);
    op.options = TableOptions(expires ? options_.clock_start - random_.Between(-20, 60) : 0);
    if (model.schema().tables.size() < 4) batch->ops.push_back(op);
  } else if (dice == 1) {
    if (table->id != 1) batch->ops.push_back(SchemaOp(OpKind::kDropTable, table->id));
  } else if (dice == 2) {
    ModelOp op = SchemaOp(OpKind::kAddProperties, table->id);
    op.properties = {{name, static_cast<PropertyType>(1 + random_.Below(5))}};
    if (table->properties.size() < 8) batch->ops.push_back(op);
  } else if (dice == 3) {
    ModelOp op = SchemaOp(OpKind::kCreateIndex, table->id);
    op.indexes = {{name, {{ColumnKind::kProperty, static_cast<PropertyIndex>(random_.Below(2))}}}};
    if (random_.Chance(0.5))
      op.indexes[0].columns.insert(op.indexes[0].columns.begin(), ColumnRef{ColumnKind::kLabel, 0});
    if (table->indexes.size() < 3) batch->ops.push_back(op);
  } else if (dice == 4) {
    ModelOp op = SchemaOp(OpKind::kDropIndex, table->id);
    if (table->indexes.empty()) return;
    op.name = table->indexes.front().name;
    batch->ops.push_back(op);
  } else {
    ModelOp op = SchemaOp(OpKind::kSetOptions, table->id);
    op.options = TableOptions(table->ttl);
    batch->ops.push_back(op);
  }
}

// A table keeps its time to live: what was hidden by a shorter one may be gone, or may not.
BatchTableOptions BatchGenerator::TableOptions(Micros ttl) {
  BatchTableOptions options;
  options.ttl = ttl;
  options.arity_max = 64 + static_cast<uint32_t>(random_.Below(100));
  if (options_.clock_start != 0 && random_.Chance(0.5)) options.history = random_.Between(0, 30);
  return options;
}

BatchNode BatchGenerator::Node() {
  const uint64_t number = random_.Below(options_.node_count);
  if (number % 3 != 0) return BatchNode(number);
  return BatchNode("node " + std::to_string(number));
}

std::string BatchGenerator::Role() { return kRoles[random_.Below(std::size(kRoles))]; }
std::string BatchGenerator::Label() { return kLabels[random_.Below(std::size(kLabels))]; }

BatchRow BatchGenerator::Row(const TableSchema& table) {
  BatchRow row(random_.Between(0, options_.ts_max));
  if (random_.Chance(0.03)) row.EventTs(kTsExtremes[random_.Below(std::size(kTsExtremes))]);
  if (random_.Chance(0.3)) row.ValidTo(*row.event_ts + 1 + (row.event_ts < 1000 ? 50 : 0));
  if (random_.Chance(0.5)) row.Weight(static_cast<double>(random_.Between(-8, 8)) / 4);
  if (random_.Chance(0.5)) row.Label(Label());
  if (random_.Chance(0.4)) row.Key("k" + std::to_string(random_.Below(30)));
  SetMembers(&row);
  SetProperties(table, &row);
  return row;
}

// All rows of an update change the same fields.
BatchRow BatchGenerator::Patch(const TableSchema& table, uint32_t fields) {
  BatchRow row;
  if ((fields & 1) != 0) {
    row.EventTs(random_.Between(0, options_.ts_max)).ValidTo(options_.ts_max + 1);
  }
  if ((fields & 2) != 0) row.Weight(static_cast<double>(random_.Between(0, 4)));
  if ((fields & 4) != 0) row.Label(Label());
  if ((fields & 8) != 0) SetMembers(&row);
  if ((fields & 48) == 48) row.Key(random_.Chance(0.3) ? "" : "u" + std::to_string(names_++));
  if ((fields & 64) != 0 || (fields & 15) == 0) {
    SetProperties(table, &row);
    row.Set(0, PropertyValue(PropertyType::kInt64));
  }
  return row;
}

void BatchGenerator::SetMembers(BatchRow* row) {
  row->NoMembers();
  const uint64_t arity = random_.Chance(0.05) ? 1 + random_.Below(20) : 1 + random_.Below(4);
  for (uint64_t i = 0; i < arity; ++i) {
    const std::pair<BatchNode, std::string> member = {Node(), Role()};
    if (std::find(row->members->begin(), row->members->end(), member) == row->members->end()) {
      row->members->push_back(member);
    }
  }
}

void BatchGenerator::SetProperties(const TableSchema& table, BatchRow* row) {
  for (PropertyIndex i = 0; i < table.properties.size(); ++i) {
    const uint64_t dice = random_.Below(4);
    if (dice == 0) row->SetNull(i);
    if (dice >= 2) row->Set(i, PropertyValue(table.properties[i].type));
  }
}

BatchValue BatchGenerator::PropertyValue(PropertyType type) {
  switch (type) {
    case PropertyType::kBool:
      return random_.Chance(0.5);
    case PropertyType::kFloat64:
      return static_cast<double>(random_.Between(-20, 20)) / 8;
    case PropertyType::kString:
      return std::string(kTexts[random_.Below(std::size(kTexts))]);
    case PropertyType::kTimestamp:
      return BatchTimestamp{random_.Between(0, 1000)};
    default:
      return random_.Chance(0.02) ? INT64_MAX : random_.Between(-5, 20);
  }
}

}  // namespace hypergraph::test
