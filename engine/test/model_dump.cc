#include "test/model_dump.h"

#include <algorithm>
#include <bit>

namespace hypergraph::test {
namespace {

void Put(const char* name, const std::string& value, std::string* line) {
  *line += ' ';
  *line += name;
  *line += '=';
  *line += value;
}

std::string NodeText(const BatchNode& node) {
  if (const auto* number = std::get_if<uint64_t>(&node.key)) return std::to_string(*number);
  return '\'' + std::get<std::string>(node.key) + '\'';
}

struct ValueText {
  std::string operator()(BatchNull) const { return "null"; }
  std::string operator()(bool value) const { return "i" + std::to_string(value ? 1 : 0); }
  std::string operator()(int64_t value) const { return "i" + std::to_string(value); }
  std::string operator()(double value) const {
    return "f" + std::to_string(std::bit_cast<uint64_t>(value));
  }
  std::string operator()(const std::string& value) const { return "s" + value; }
  std::string operator()(BatchTimestamp value) const { return "i" + std::to_string(value.value); }
};

// The columns of the visible rows of one source, turned into the model's records.
class SourceReader {
 public:
  SourceReader(const Snapshot& snapshot, const TableSchema& table, const RowSource& source)
      : snapshot_(snapshot), table_(table), source_(source) {}

  Status Read(std::vector<ModelRecord>* records) {
    std::vector<uint32_t> visible;
    HG_RETURN_IF_ERROR(
        source_.SelectVisible(snapshot_.seq, Rows::Range(0, source_.bounds().row_count), &visible));
    if (visible.empty()) return Status::Ok();
    const size_t first = records->size();
    records->resize(first + visible.size());
    const Rows rows = Rows::List(visible);
    const std::span<ModelRecord> out = std::span(*records).subspan(first);
    HG_RETURN_IF_ERROR(ReadPlain(rows, out));
    HG_RETURN_IF_ERROR(ReadMembers(rows, out));
    for (PropertyIndex i = 0; i < table_.properties.size(); ++i) {
      HG_RETURN_IF_ERROR(ReadProperty(i, rows, out));
    }
    return Status::Ok();
  }

 private:
  Status ReadPlain(Rows rows, std::span<ModelRecord> out) {
    const size_t count = rows.size();
    std::vector<Micros> ts(count), valid_to(count);
    std::vector<Seq> seqs(count);
    std::vector<EdgeId> ids(count);
    std::vector<double> weights(count);
    std::vector<Symbol> labels(count);
    std::vector<std::string_view> keys;
    HG_RETURN_IF_ERROR(source_.EventTs(rows, ts.data()));
    HG_RETURN_IF_ERROR(source_.ValidTo(rows, valid_to.data()));
    HG_RETURN_IF_ERROR(source_.Seqs(rows, seqs.data()));
    HG_RETURN_IF_ERROR(source_.Ids(rows, ids.data()));
    HG_RETURN_IF_ERROR(source_.Weights(rows, weights.data()));
    HG_RETURN_IF_ERROR(source_.Labels(rows, labels.data()));
    HG_RETURN_IF_ERROR(source_.Keys(rows, &keys));
    for (size_t i = 0; i < count; ++i) {
      ModelRecord& record = out[i];
      record.table = table_.id;
      record.id = ids[i];
      record.seq = seqs[i];
      record.event_ts = ts[i];
      record.valid_to = valid_to[i];
      record.weight = weights[i];
      HG_RETURN_IF_ERROR(SymbolText(labels[i], &record.label));
      if (!keys.empty()) record.key = std::string(keys[i]);
      if (table_.id != kNodeTable) continue;
      HG_RETURN_IF_ERROR(NodeOf(static_cast<NodeNumber>(ts[i]), &record.node));
      record.event_ts = 0;
    }
    return Status::Ok();
  }

  Status ReadMembers(Rows rows, std::span<ModelRecord> out) {
    if (table_.id == kNodeTable) return Status::Ok();
    MemberColumns members;
    members.Clear();
    HG_RETURN_IF_ERROR(source_.Members(rows, &members));
    for (size_t i = 0; i < out.size(); ++i) {
      for (uint32_t at = members.offsets[i]; at < members.offsets[i + 1]; ++at) {
        BatchNode node{0};
        std::string role;
        HG_RETURN_IF_ERROR(NodeOf(members.nodes[at], &node));
        if (!members.roles.empty()) HG_RETURN_IF_ERROR(SymbolText(members.roles[at], &role));
        out[i].members.emplace_back(std::move(node), std::move(role));
      }
    }
    return Status::Ok();
  }

  Status ReadProperty(PropertyIndex property, Rows rows, std::span<ModelRecord> out) {
    PropertyColumn column;
    HG_RETURN_IF_ERROR(source_.Property(property, rows, &column));
    for (size_t i = 0; i < out.size(); ++i) {
      if (!column.present.empty() && column.present[i] == 0) continue;
      BatchValue& value = out[i].properties[property];
      switch (table_.properties[property].type) {
        case PropertyType::kString:
          value = std::string(column.strings[i]);
          break;
        case PropertyType::kFloat64:
          value = column.floats[i];
          break;
        default:
          value = column.integers[i];
      }
    }
    return Status::Ok();
  }

  Status SymbolText(Symbol symbol, std::string* text) const {
    if (symbol == kSymbolNone) return Status::Ok();
    NodeKey key;
    HG_RETURN_IF_ERROR(snapshot_.symbols->KeyOf(symbol, &key));
    *text = std::string(key.text);
    return Status::Ok();
  }

  Status NodeOf(NodeNumber number, BatchNode* node) const {
    NodeKey key;
    HG_RETURN_IF_ERROR(snapshot_.nodes->KeyOf(number, &key));
    if (key.is_text) {
      node->key = std::string(key.text);
    } else {
      node->key = key.integer;
    }
    return Status::Ok();
  }

  const Snapshot& snapshot_;
  const TableSchema& table_;
  const RowSource& source_;
};

}  // namespace

std::string RecordLine(const ModelRecord& record) {
  std::string line = "t" + std::to_string(record.table);
  Put("id", std::to_string(record.id), &line);
  Put("seq", std::to_string(record.seq), &line);
  if (record.table == kNodeTable) {
    Put("node", NodeText(record.node), &line);
  } else {
    Put("ts", std::to_string(record.event_ts), &line);
    if (record.valid_to != kMicrosMax) Put("to", std::to_string(record.valid_to), &line);
    Put("w", ValueText()(record.weight), &line);
    if (!record.label.empty()) Put("label", record.label, &line);
    if (!record.key.empty()) Put("key", record.key, &line);
    for (const auto& [node, role] : record.members) Put(role.c_str(), NodeText(node), &line);
  }
  for (const auto& [property, value] : record.properties) {
    Put(std::to_string(property).c_str(), std::visit(ValueText(), value), &line);
  }
  return line;
}

Status DumpSnapshot(const Snapshot& snapshot, const std::string& without,
                    std::vector<std::string>* lines) {
  lines->clear();
  if (without.empty()) lines->push_back(SchemaToJson(*snapshot.schema));
  for (const auto& [id, table] : snapshot.schema->tables) {
    if (!without.empty() && table->name.starts_with(without)) continue;
    const auto view = snapshot.tables->find(id);
    if (view == snapshot.tables->end()) continue;
    std::vector<ModelRecord> records;
    for (const auto& source : view->second.sources) {
      HG_RETURN_IF_ERROR(SourceReader(snapshot, *table, *source).Read(&records));
    }
    if (table->ttl > 0) {
      const Micros oldest = snapshot.now - table->ttl;
      std::erase_if(records, [&](const auto& record) { return record.event_ts < oldest; });
    }
    std::sort(records.begin(), records.end(), [](const ModelRecord& a, const ModelRecord& b) {
      return std::tie(a.event_ts, a.seq) < std::tie(b.event_ts, b.seq);
    });
    for (const ModelRecord& record : records) lines->push_back(RecordLine(record));
  }
  return Status::Ok();
}

std::vector<std::string> DumpModel(const Model& model, const ModelCommit& newest, Seq at,
                                   Micros now) {
  std::vector<std::string> lines = {SchemaToJson(*newest.schema)};
  for (const ModelRecord* record : model.Visible(newest, at)) {
    const Micros ttl = newest.schema->Find(record->table)->ttl;
    if (ttl == 0 || record->event_ts >= now - ttl) lines.push_back(RecordLine(*record));
  }
  return lines;
}

std::string FirstDifference(const std::vector<std::string>& found,
                            const std::vector<std::string>& expected) {
  for (size_t i = 0; i < std::max(found.size(), expected.size()); ++i) {
    const std::string a = i < found.size() ? found[i] : "(end)";
    const std::string b = i < expected.size() ? expected[i] : "(end)";
    if (a != b) return "line " + std::to_string(i) + ": found " + a + ", expected " + b;
  }
  return "";
}

}  // namespace hypergraph::test
