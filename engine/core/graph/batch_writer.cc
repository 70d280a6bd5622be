#include "core/graph/batch_writer.h"

#include <algorithm>
#include <set>

namespace hypergraph {

namespace {

// The type that a value is written as; a column of nulls alone counts as integers.
PropertyType TypeOf(const BatchValue& value) {
  switch (value.index()) {
    case 1:
      return PropertyType::kBool;
    case 3:
      return PropertyType::kFloat64;
    case 4:
      return PropertyType::kString;
    case 5:
      return PropertyType::kTimestamp;
    default:
      return PropertyType::kInt64;
  }
}

int64_t IntegerOf(const BatchValue* value) {
  if (value == nullptr) return 0;
  if (const auto* flag = std::get_if<bool>(value)) return *flag ? 1 : 0;
  if (const auto* integer = std::get_if<int64_t>(value)) return *integer;
  if (const auto* instant = std::get_if<BatchTimestamp>(value)) return instant->value;
  return 0;
}

const BatchValue* ValueOf(const BatchRow& row, PropertyIndex property) {
  const auto found = row.properties.find(property);
  return found == row.properties.end() ? nullptr : &found->second;
}

// 0 for an empty text, else 1 + its place in the list, which it joins.
uint32_t CodeOf(const std::string& text, std::vector<std::string>* texts) {
  if (text.empty()) return 0;
  const auto found = std::find(texts->begin(), texts->end(), text);
  const auto place = static_cast<uint32_t>(found - texts->begin());
  if (found == texts->end()) texts->push_back(text);
  return place + 1;
}

}  // namespace

BatchWriter& BatchWriter::Clear() {
  out_.Clear();
  op_count_ = 0;
  out_.Put(kBatchMagic);
  out_.Put(uint32_t{0});
  out_.Put(Seq{0});
  return *this;
}

BatchWriter& BatchWriter::BaseSeq(Seq seq) {
  out_.OverwriteAt(8, seq + 1);
  return *this;
}

void BatchWriter::Begin(OpKind kind) {
  ++op_count_;
  out_.Put(kind);
  inserting_ = kind == OpKind::kInsert;
}

ByteView BatchWriter::Finish() {
  out_.OverwriteAt(4, op_count_);
  return out_.view();
}

BatchWriter& BatchWriter::Insert(TableId table, const std::vector<BatchRow>& rows) {
  Begin(OpKind::kInsert);
  out_.Put(table);
  std::vector<const BatchRow*> pointers;
  for (const BatchRow& row : rows) pointers.push_back(&row);
  PutRows(pointers);
  return *this;
}

BatchWriter& BatchWriter::InsertColumns(TableId table, const BatchColumns& columns) {
  Begin(OpKind::kInsert);
  out_.Put(table);
  out_.Put(static_cast<uint32_t>(columns.event_ts.size()));
  const uint32_t weight_field = columns.weight.empty() ? 0u : kBatchWeight;
  out_.Put(kBatchEventTs | weight_field | kBatchMembers);
  out_.AlignTo(8);
  out_.PutArray(columns.event_ts);
  if (weight_field != 0) out_.PutArray(columns.weight);
  out_.PutArray(columns.member_offsets);
  out_.Put(NodesForm::kU32);
  out_.AlignTo(8);
  out_.PutArray(columns.members);
  return *this;
}

BatchWriter& BatchWriter::Update(TableId table,
                                 const std::vector<std::pair<EdgeId, BatchRow>>& rows) {
  Begin(OpKind::kUpdate);
  out_.Put(table);
  out_.Put(static_cast<uint32_t>(rows.size()));
  out_.AlignTo(8);
  std::vector<const BatchRow*> pointers;
  for (const auto& [id, row] : rows) {
    out_.Put(id);
    pointers.push_back(&row);
  }
  PutRows(pointers);
  return *this;
}

BatchWriter& BatchWriter::Delete(TableId table, const std::vector<EdgeId>& ids) {
  Begin(OpKind::kDelete);
  out_.Put(table);
  out_.Put(static_cast<uint32_t>(ids.size()));
  out_.AlignTo(8);
  out_.PutArray(std::span<const EdgeId>(ids));
  return *this;
}

BatchWriter& BatchWriter::SetNodes(const std::vector<std::pair<BatchNode, BatchRow>>& nodes) {
  Begin(OpKind::kSetNodes);
  out_.Put(static_cast<uint32_t>(nodes.size()));
  std::vector<const BatchNode*> keys;
  std::vector<const BatchRow*> rows;
  for (const auto& [node, row] : nodes) {
    keys.push_back(&node);
    rows.push_back(&row);
  }
  PutNodes(keys);
  PutProperties(rows);
  return *this;
}

BatchWriter& BatchWriter::DropNodes(const std::vector<BatchNode>& nodes) {
  Begin(OpKind::kDropNodes);
  out_.Put(static_cast<uint32_t>(nodes.size()));
  std::vector<const BatchNode*> keys;
  for (const BatchNode& node : nodes) keys.push_back(&node);
  PutNodes(keys);
  return *this;
}

void BatchWriter::PutRows(std::span<const BatchRow* const> rows) {
  uint32_t fields = 0;
  for (const BatchRow* row : rows) {
    if (row->event_ts) fields |= kBatchEventTs;
    if (row->valid_to) fields |= kBatchValidTo;
    if (row->weight) fields |= kBatchWeight;
    if (row->label) fields |= kBatchLabel;
    if (row->members) fields |= kBatchMembers;
    if (row->key) fields |= kBatchKey;
    if (!row->properties.empty()) fields |= kBatchProperties;
    if (!row->members) continue;
    for (const auto& [node, role] : *row->members) {
      if (!role.empty()) fields |= kBatchRoles;
    }
  }
  out_.Put(static_cast<uint32_t>(rows.size()));
  out_.Put(fields);
  if (fields & kBatchEventTs) {
    out_.AlignTo(8);
    for (const BatchRow* row : rows) out_.Put(row->event_ts.value_or(0));
  }
  if (fields & kBatchValidTo) {
    out_.AlignTo(8);
    for (const BatchRow* row : rows) out_.Put(row->valid_to.value_or(kMicrosMax));
  }
  if (fields & kBatchWeight) {
    out_.AlignTo(8);
    for (const BatchRow* row : rows) out_.Put(row->weight.value_or(1.0));
  }
  if (fields & kBatchLabel) {
    std::vector<std::string> labels;
    for (const BatchRow* row : rows) labels.push_back(row->label.value_or(""));
    PutTexts(labels, true);
  }
  if (fields & kBatchMembers) PutMembers(rows);
  if (fields & kBatchKey) {
    std::vector<std::string> keys;
    for (const BatchRow* row : rows) keys.push_back(row->key.value_or(""));
    PutTexts(keys, false);
  }
  if (fields & kBatchProperties) PutProperties(rows);
}

// As symbols: a table of texts and u32 codes; else offsets and one heap.
void BatchWriter::PutTexts(std::span<const std::string> texts, bool as_symbols) {
  if (!as_symbols) {
    out_.AlignTo(8);
    uint32_t end = 0;
    out_.Put(end);
    for (const std::string& text : texts) out_.Put(end += static_cast<uint32_t>(text.size()));
    for (const std::string& text : texts) out_.PutBytes(AsBytes(text));
    return;
  }
  std::vector<std::string> symbols;
  std::vector<uint32_t> codes;
  for (const std::string& text : texts) codes.push_back(CodeOf(text, &symbols));
  out_.Put(static_cast<uint32_t>(symbols.size()));
  for (const std::string& symbol : symbols) out_.PutText(symbol);
  out_.AlignTo(8);
  out_.PutArray(std::span<const uint32_t>(codes));
}

void BatchWriter::PutMembers(std::span<const BatchRow* const> rows) {
  std::vector<const BatchNode*> nodes;
  std::vector<std::string> roles;
  std::vector<uint8_t> codes;
  out_.AlignTo(8);
  out_.Put(uint32_t{0});
  for (const BatchRow* row : rows) {
    if (row->members) {
      for (const auto& [node, role] : *row->members) {
        nodes.push_back(&node);
        codes.push_back(static_cast<uint8_t>(CodeOf(role, &roles)));
      }
    }
    out_.Put(static_cast<uint32_t>(nodes.size()));
  }
  PutNodes(nodes);
  if (roles.empty()) return;
  out_.Put(static_cast<uint32_t>(roles.size()));
  for (const std::string& role : roles) out_.PutText(role);
  out_.AlignTo(8);
  out_.PutArray(std::span<const uint8_t>(codes));
}

void BatchWriter::PutNodes(std::span<const BatchNode* const> nodes) {
  std::map<BatchNode, uint32_t> places;
  std::vector<const BatchNode*> keys;
  bool all_small = true;
  for (const BatchNode* node : nodes) {
    const auto* integer = std::get_if<uint64_t>(&node->key);
    all_small = all_small && integer != nullptr && *integer <= UINT32_MAX;
    if (places.emplace(*node, static_cast<uint32_t>(keys.size())).second) keys.push_back(node);
  }
  if (all_small) {
    out_.Put(NodesForm::kU32);
    out_.AlignTo(8);
    for (const BatchNode* node : nodes) {
      out_.Put(static_cast<uint32_t>(*std::get_if<uint64_t>(&node->key)));
    }
    return;
  }
  std::string heap;
  out_.Put(NodesForm::kKeys);
  out_.Put(static_cast<uint32_t>(keys.size()));
  out_.AlignTo(8);
  for (const BatchNode* key : keys) out_.Put(static_cast<uint8_t>(key->key.index()));
  out_.AlignTo(8);
  for (const BatchNode* key : keys) {
    if (const auto* text = std::get_if<std::string>(&key->key)) {
      heap += *text;
      out_.Put(uint64_t{text->size()});
    } else {
      out_.Put(*std::get_if<uint64_t>(&key->key));
    }
  }
  out_.Put(static_cast<uint32_t>(heap.size()));
  out_.PutBytes(AsBytes(heap));
  out_.AlignTo(8);
  for (const BatchNode* node : nodes) out_.Put(places[*node]);
}

void BatchWriter::PutProperties(std::span<const BatchRow* const> rows) {
  std::set<PropertyIndex> properties;
  for (const BatchRow* row : rows) {
    for (const auto& [property, value] : row->properties) properties.insert(property);
  }
  out_.Put(static_cast<uint16_t>(properties.size()));
  for (const PropertyIndex property : properties) PutProperty(property, rows);
}

void BatchWriter::PutProperty(PropertyIndex property, std::span<const BatchRow* const> rows) {
  // Presence: a row that does not name the property leaves it as it is; for an insert that is null.
  auto type = PropertyType::kInt64;
  bool all_present = true;
  std::vector<uint8_t> present;
  for (const BatchRow* row : rows) {
    const BatchValue* value = ValueOf(*row, property);
    Presence presence = inserting_ ? Presence::kNull : Presence::kUnchanged;
    if (value != nullptr) presence = value->index() == 0 ? Presence::kNull : Presence::kValue;
    if (presence == Presence::kValue) type = TypeOf(*value);
    all_present = all_present && presence == Presence::kValue;
    present.push_back(static_cast<uint8_t>(presence));
  }
  const auto known = types_.find(property);
  if (known != types_.end()) type = known->second;
  out_.Put(property);
  out_.Put(type);
  out_.Put(static_cast<uint8_t>(all_present ? 0 : 1));
  if (!all_present) {
    out_.AlignTo(8);
    out_.PutArray(std::span<const uint8_t>(present));
  }
  if (type == PropertyType::kString) {
    std::vector<std::string> texts;
    for (const BatchRow* row : rows) {
      const BatchValue* value = ValueOf(*row, property);
      const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
      texts.push_back(text == nullptr ? "" : *text);
    }
    PutTexts(texts, false);
    return;
  }
  out_.AlignTo(8);
  for (const BatchRow* row : rows) {
    const BatchValue* value = ValueOf(*row, property);
    if (type == PropertyType::kFloat64) {
      const auto* number = value == nullptr ? nullptr : std::get_if<double>(value);
      out_.Put(number == nullptr ? 0.0 : *number);
    } else {
      out_.Put(IntegerOf(value));
    }
  }
}

void BatchWriter::PutPropertySchemas(const std::vector<PropertySchema>& properties) {
  out_.Put(static_cast<uint16_t>(properties.size()));
  for (const PropertySchema& property : properties) {
    out_.PutText(property.name);
    out_.Put(property.type);
  }
}

void BatchWriter::PutIndexSchema(const IndexSchema& index) {
  out_.PutText(index.name);
  out_.Put(static_cast<uint8_t>(index.columns.size()));
  for (const ColumnRef& column : index.columns) {
    out_.Put(column.kind);
    out_.Put(column.property);
  }
}

BatchWriter& BatchWriter::CreateTable(std::string_view name,
                                      const std::vector<PropertySchema>& properties,
                                      const std::vector<IndexSchema>& indexes,
                                      const BatchTableOptions& options) {
  Begin(OpKind::kCreateTable);
  out_.PutText(name);
  PutPropertySchemas(properties);
  out_.Put(static_cast<uint16_t>(indexes.size()));
  for (const IndexSchema& index : indexes) PutIndexSchema(index);
  out_.Put(options.ttl);
  out_.Put(options.history);
  out_.Put(options.arity_max);
  return *this;
}

BatchWriter& BatchWriter::DropTable(TableId table) {
  Begin(OpKind::kDropTable);
  out_.Put(table);
  return *this;
}

BatchWriter& BatchWriter::AddProperties(TableId table,
                                        const std::vector<PropertySchema>& properties) {
  Begin(OpKind::kAddProperties);
  out_.Put(table);
  PutPropertySchemas(properties);
  return *this;
}

BatchWriter& BatchWriter::CreateIndex(TableId table, const IndexSchema& index) {
  Begin(OpKind::kCreateIndex);
  out_.Put(table);
  PutIndexSchema(index);
  return *this;
}

BatchWriter& BatchWriter::DropIndex(TableId table, std::string_view name) {
  Begin(OpKind::kDropIndex);
  out_.Put(table);
  out_.PutText(name);
  return *this;
}

BatchWriter& BatchWriter::SetOptions(TableId table, const BatchTableOptions& options) {
  Begin(OpKind::kSetOptions);
  out_.Put(table);
  out_.Put(options.ttl);
  out_.Put(options.history);
  out_.Put(options.arity_max);
  return *this;
}

}  // namespace hypergraph
