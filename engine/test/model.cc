#include "test/model.h"

#include <algorithm>
#include <tuple>

namespace hypergraph::test {
namespace {

bool ChangesSchema(OpKind kind) { return kind >= OpKind::kCreateTable; }

void PatchProperties(const BatchRow& row, ModelRecord* record) {
  for (const auto& [property, value] : row.properties) {
    if (std::holds_alternative<BatchNull>(value)) {
      record->properties.erase(property);
    } else {
      record->properties[property] = value;
    }
  }
}

// A field that any row sets changes in all rows.
template <typename T>
bool AnySets(const std::vector<BatchRow>& rows, std::optional<T> BatchRow::*field) {
  return std::any_of(rows.begin(), rows.end(),
                     [&](const BatchRow& row) { return (row.*field).has_value(); });
}

void Patch(const std::vector<BatchRow>& rows, const BatchRow& row, ModelRecord* record) {
  if (AnySets(rows, &BatchRow::event_ts)) record->event_ts = row.event_ts.value_or(0);
  if (AnySets(rows, &BatchRow::valid_to)) record->valid_to = row.valid_to.value_or(kMicrosMax);
  if (AnySets(rows, &BatchRow::weight)) record->weight = row.weight.value_or(1);
  if (AnySets(rows, &BatchRow::label)) record->label = row.label.value_or("");
  if (AnySets(rows, &BatchRow::key)) record->key = row.key.value_or("");
  if (AnySets(rows, &BatchRow::members)) record->members = *row.members;
  PatchProperties(row, record);
}

}  // namespace

std::vector<uint8_t> EncodeBatch(const ModelBatch& batch, const Schema& schema) {
  BatchWriter writer;
  if (batch.base_seq != 0) writer.BaseSeq(batch.base_seq);
  for (const ModelOp& op : batch.ops) {
    const TableSchema* table = schema.Find(op.table);
    for (PropertyIndex i = 0; table != nullptr && i < table->properties.size(); ++i) {
      writer.TypeOfProperty(i, table->properties[i].type);
    }
    std::vector<std::pair<EdgeId, BatchRow>> updates;
    std::vector<std::pair<BatchNode, BatchRow>> nodes;
    switch (op.kind) {
      case OpKind::kInsert:
        writer.Insert(op.table, op.rows);
        break;
      case OpKind::kUpdate:
        for (size_t i = 0; i < op.ids.size(); ++i) updates.emplace_back(op.ids[i], op.rows[i]);
        writer.Update(op.table, updates);
        break;
      case OpKind::kDelete:
        writer.Delete(op.table, op.ids);
        break;
      case OpKind::kSetNodes:
        for (size_t i = 0; i < op.nodes.size(); ++i) nodes.emplace_back(op.nodes[i], op.rows[i]);
        writer.SetNodes(nodes);
        break;
      case OpKind::kDropNodes:
        writer.DropNodes(op.nodes);
        break;
      case OpKind::kCreateTable:
        writer.CreateTable(op.name, op.properties, op.indexes, op.options);
        break;
      case OpKind::kDropTable:
        writer.DropTable(op.table);
        break;
      case OpKind::kAddProperties:
        writer.AddProperties(op.table, op.properties);
        break;
      case OpKind::kCreateIndex:
        writer.CreateIndex(op.table, op.indexes[0]);
        break;
      case OpKind::kDropIndex:
        writer.DropIndex(op.table, op.name);
        break;
      case OpKind::kSetOptions:
        writer.SetOptions(op.table, op.options);
        break;
    }
  }
  const ByteView bytes = writer.Finish();
  return {bytes.begin(), bytes.end()};
}

bool ChangeModelSchema(const ModelOp& op, Schema* schema) {
  ++schema->version;
  TableSchema table;
  if (op.kind == OpKind::kCreateTable) {
    if (schema->Find(op.name) != nullptr) return false;
    table.id = schema->next_table_id++;
    table.name = op.name;
    table.properties = op.properties;
    table.indexes = op.indexes;
  } else {
    const TableSchema* known = schema->Find(op.table);
    if (known == nullptr) return false;
    if (op.kind == OpKind::kDropTable) return schema->tables.erase(op.table) == 1;
    table = *known;
  }
  if (op.kind == OpKind::kAddProperties) {
    table.properties.insert(table.properties.end(), op.properties.begin(), op.properties.end());
  } else if (op.kind == OpKind::kCreateIndex) {
    table.indexes.push_back(op.indexes[0]);
  } else if (op.kind == OpKind::kDropIndex) {
    if (std::erase_if(table.indexes, [&](const auto& index) { return index.name == op.name; }) == 0)
      return false;
  } else {
    table.ttl = op.options.ttl;
    table.history = op.options.history;
    table.arity_max = op.options.arity_max;
  }
  schema->tables[table.id] = std::make_shared<TableSchema>(table);
  return true;
}

Model::Model() { commits_.push_back({0, kMicrosMin, MakeEmptySchema()}); }

Code Model::Apply(const ModelBatch& batch, CommitReceipt* expected) {
  *expected = CommitReceipt();
  Undo undo;
  undo.records = records_.size();
  schema_ = std::make_shared<Schema>(schema());
  next_seq_ = last_seq() + 1;
  touched_.clear();
  const Code code = ApplyOps(batch, expected, &undo);
  if (code != Code::kOk) {
    records_.resize(undo.records);
    for (const size_t index : undo.superseded) {
      if (index < records_.size()) records_[index].superseded_by = 0;
    }
    Rebuild();
    return code;
  }
  const bool changes_schema = std::any_of(batch.ops.begin(), batch.ops.end(),
                                          [](const auto& op) { return ChangesSchema(op.kind); });
  if (next_seq_ == last_seq() + 1 && changes_schema) ++next_seq_;
  expected->seq = next_seq_ - 1;
  if (expected->seq == last_seq()) return Code::kOk;
  commits_.push_back({expected->seq, 0, schema_});
  if (changes_schema) Rebuild();
  return Code::kOk;
}

Code Model::ApplyOps(const ModelBatch& batch, CommitReceipt* expected, Undo* undo) {
  for (const ModelOp& op : batch.ops) {
    if (ChangesSchema(op.kind)) {
      if (!ChangeModelSchema(op, schema_.get())) {
        return op.kind == OpKind::kCreateTable ? Code::kExists : Code::kNotFound;
      }
      continue;
    }
    if (op.kind == OpKind::kSetNodes || op.kind == OpKind::kDropNodes) {
      for (const BatchNode& node : op.nodes) {
        const auto is_node = [&](const ModelRecord& record) {
          return record.table == kNodeTable && record.node == node;
        };
        if (batch.base_seq != 0 && ChangedSince(batch.base_seq, is_node)) return Code::kConflict;
      }
      continue;
    }
    const Code code = ApplyEdges(batch, op, expected, undo);
    if (code != Code::kOk) return code;
  }
  // Node properties take their numbers after the hyperedges.
  for (const ModelOp& op : batch.ops) ApplyNodes(op, expected, undo);
  return Code::kOk;
}

Code Model::ApplyEdges(const ModelBatch& batch, const ModelOp& op, CommitReceipt* expected,
                       Undo* undo) {
  if (schema_->Find(op.table) == nullptr) return Code::kNotFound;
  if (op.kind == OpKind::kInsert) return ApplyInsert(op, expected);
  return op.kind == OpKind::kUpdate ? ApplyUpdate(batch, op, expected, undo)
                                    : ApplyDelete(batch, op, expected, undo);
}

// Whether what a reader at `base` saw of it, or that it saw nothing, is no longer so. What this
// batch has done itself does not count.
template <typename Matches>
bool Model::ChangedSince(Seq base, const Matches& matches) const {
  for (const ModelRecord& record : records_) {
    if (record.seq > last_seq() || !matches(record)) continue;
    const Seq end = record.superseded_by > last_seq() ? 0 : record.superseded_by;
    const bool was_seen = record.seq <= base && (end == 0 || end > base);
    if (was_seen ? end != 0 : record.seq > base && end == 0) return true;
  }
  return false;
}

bool Model::Conflicts(const ModelBatch& batch, TableId table, EdgeId id) const {
  if (batch.base_seq == 0 || touched_.contains({table, id})) return false;
  return ChangedSince(batch.base_seq, [&](const ModelRecord& record) {
    return record.table == table && record.id == id;
  });
}

Code Model::ApplyInsert(const ModelOp& op, CommitReceipt* expected) {
  for (const BatchRow& row : op.rows) {
    const std::string key = row.key.value_or("");
    const auto owner = keys_.find({op.table, key});
    if (!key.empty() && owner != keys_.end()) {
      ++expected->duplicates;
      expected->ids.push_back(owner->second);
      continue;
    }
    ModelRecord record;
    record.table = op.table;
    record.id = record.seq = next_seq_++;
    Patch({row}, row, &record);
    expected->ids.push_back(record.id);
    ++expected->inserted;
    live_[{op.table, record.id}] = records_.size();
    if (!key.empty()) keys_[{op.table, key}] = record.id;
    records_.push_back(std::move(record));
  }
  return Code::kOk;
}

Code Model::ApplyUpdate(const ModelBatch& batch, const ModelOp& op, CommitReceipt* expected,
                        Undo* undo) {
  for (size_t i = 0; i < op.ids.size(); ++i) {
    if (Conflicts(batch, op.table, op.ids[i])) return Code::kConflict;
    const auto live = live_.find({op.table, op.ids[i]});
    if (live == live_.end() || op.ids[i] > last_seq()) return Code::kNotFound;
    ModelRecord record = records_[live->second];
    touched_.insert({op.table, op.ids[i]});
    const std::string old_key = record.key;
    Patch(op.rows, op.rows[i], &record);
    if (record.valid_to <= record.event_ts) return Code::kInvalid;
    if (record.key != old_key) {
      if (!record.key.empty() && keys_.contains({op.table, record.key})) return Code::kExists;
      if (!old_key.empty()) keys_.erase({op.table, old_key});
      if (!record.key.empty()) keys_[{op.table, record.key}] = record.id;
    }
    Supersede(live->second, next_seq_, undo);
    record.seq = next_seq_++;
    record.superseded_by = 0;
    live->second = records_.size();
    records_.push_back(std::move(record));
    ++expected->updated;
  }
  return Code::kOk;
}

Code Model::ApplyDelete(const ModelBatch& batch, const ModelOp& op, CommitReceipt* expected,
                        Undo* undo) {
  for (const EdgeId id : op.ids) {
    if (Conflicts(batch, op.table, id)) return Code::kConflict;
    const auto live = live_.find({op.table, id});
    if (live == live_.end() || id > last_seq()) continue;
    const ModelRecord& record = records_[live->second];
    touched_.insert({op.table, id});
    if (!record.key.empty()) keys_.erase({op.table, record.key});
    Supersede(live->second, next_seq_++, undo);
    live_.erase(live);
    ++expected->deleted;
  }
  return Code::kOk;
}

void Model::ApplyNodes(const ModelOp& op, CommitReceipt* expected, Undo* undo) {
  for (size_t i = 0; op.kind == OpKind::kSetNodes && i < op.nodes.size(); ++i) {
    ModelRecord record;
    const auto live = live_nodes_.find(op.nodes[i]);
    if (live != live_nodes_.end()) {
      record = records_[live->second];
      Supersede(live->second, next_seq_, undo);
    } else {
      record.id = next_seq_;
    }
    record.table = kNodeTable;
    record.node = op.nodes[i];
    record.superseded_by = 0;
    record.seq = next_seq_++;
    PatchProperties(op.rows[i], &record);
    live_nodes_[op.nodes[i]] = records_.size();
    records_.push_back(std::move(record));
    ++expected->updated;
  }
  for (size_t i = 0; op.kind == OpKind::kDropNodes && i < op.nodes.size(); ++i) {
    const auto live = live_nodes_.find(op.nodes[i]);
    if (live == live_nodes_.end()) continue;
    Supersede(live->second, next_seq_++, undo);
    live_nodes_.erase(live);
    ++expected->deleted;
  }
}

void Model::Supersede(size_t index, Seq by, Undo* undo) {
  records_[index].superseded_by = by;
  undo->superseded.push_back(index);
}

void Model::KeepCommits(size_t count) {
  commits_.resize(count);
  std::erase_if(records_, [&](const ModelRecord& record) { return record.seq > last_seq(); });
  for (ModelRecord& record : records_) {
    if (record.superseded_by > last_seq()) record.superseded_by = 0;
  }
  Rebuild();
}

void Model::Rebuild() {
  live_.clear();
  keys_.clear();
  live_nodes_.clear();
  for (size_t i = 0; i < records_.size(); ++i) {
    const ModelRecord& record = records_[i];
    if (schema().Find(record.table) == nullptr) continue;
    if (record.superseded_by != 0) continue;
    if (record.table == kNodeTable) {
      live_nodes_[record.node] = i;
    } else {
      live_[{record.table, record.id}] = i;
      if (!record.key.empty()) keys_[{record.table, record.key}] = record.id;
    }
  }
}

const ModelCommit* Model::CommitOf(Seq seq) const {
  const ModelCommit& commit = LastUpTo(seq);
  return commit.seq == seq ? &commit : nullptr;
}

const ModelCommit& Model::LastUpTo(Seq seq) const {
  const auto after = std::upper_bound(commits_.begin(), commits_.end(), seq,
                                      [](Seq at, const auto& commit) { return at < commit.seq; });
  return *std::prev(after);
}

const ModelCommit& Model::LastAtOrBefore(Micros instant) const {
  const auto after =
      std::upper_bound(commits_.begin() + 1, commits_.end(), instant,
                       [](Micros at, const auto& commit) { return at < commit.committed_at; });
  return *std::prev(after);
}

std::vector<const ModelRecord*> Model::Visible(const ModelCommit& newest, Seq at) const {
  std::vector<const ModelRecord*> visible;
  for (const ModelRecord& record : records_) {
    if (record.VisibleAt(at) && newest.schema->Find(record.table) != nullptr) {
      visible.push_back(&record);
    }
  }
  std::sort(visible.begin(), visible.end(), [](const ModelRecord* a, const ModelRecord* b) {
    return std::tie(a->table, a->event_ts, a->seq) < std::tie(b->table, b->event_ts, b->seq);
  });
  return visible;
}

std::vector<EdgeId> Model::LiveIds(TableId table) const {
  std::vector<EdgeId> ids;
  for (const auto& [edge, index] : live_) {
    if (edge.first == table) ids.push_back(edge.second);
  }
  return ids;
}

std::vector<std::string> Model::LiveKeys(TableId table) const {
  std::vector<std::string> keys;
  for (const auto& [key, id] : keys_) {
    if (key.first == table) keys.push_back(key.second);
  }
  return keys;
}

}  // namespace hypergraph::test
