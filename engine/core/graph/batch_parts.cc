#include "core/graph/batch_parts.h"

#include <bit>

#include "core/base/hash.h"
#include "core/base/utf8.h"

namespace hypergraph {

namespace {

// Drops repeated keys; gives the new place of each old one.
std::vector<uint32_t> KeepEachOnce(std::vector<NodeKey>* keys) {
  const uint64_t mask = std::bit_ceil(keys->size() * 2 + 1) - 1;
  std::vector<uint32_t> slots(mask + 1);  // Place + 1.
  std::vector<uint32_t> places(keys->size());
  uint32_t kept = 0;
  for (size_t i = 0; i < keys->size(); ++i) {
    const NodeKey key = (*keys)[i];
    uint64_t slot = (key.is_text ? HashText(key.text) : HashNumber(key.integer)) & mask;
    while (slots[slot] != 0 && !((*keys)[slots[slot] - 1] == key)) slot = (slot + 1) & mask;
    if (slots[slot] == 0) {
      (*keys)[kept] = key;
      slots[slot] = ++kept;
    }
    places[i] = slots[slot] - 1;
  }
  keys->resize(kept);
  return places;
}

}  // namespace

Status BatchParts::ReadSchemaOp(BatchOp* op) {
  op->schema = std::make_unique<TableSchema>();
  TableSchema& schema = *op->schema;
  if (op->kind == OpKind::kCreateTable) {
    schema.name = in_.GetText();
  } else {
    op->table = in_.Get<TableId>();
  }
  if (op->kind == OpKind::kCreateTable || op->kind == OpKind::kAddProperties) {
    HG_RETURN_IF_ERROR(ReadPropertySchemas(&schema));
  }
  if (op->kind == OpKind::kCreateTable) {
    const auto count = in_.Get<uint16_t>();
    for (uint32_t i = 0; i < count && in_.ok(); ++i) ReadIndexSchema(&schema);
  }
  if (op->kind == OpKind::kCreateIndex) ReadIndexSchema(&schema);
  if (op->kind == OpKind::kDropIndex) schema.indexes.emplace_back().name = in_.GetText();
  if (op->kind == OpKind::kCreateTable || op->kind == OpKind::kSetOptions) {
    schema.ttl = in_.Get<Micros>();
    schema.history = in_.Get<Micros>();
    schema.arity_max = in_.Get<uint32_t>();
  }
  return in_.ok() ? Status::Ok() : CutShort();
}

Status BatchParts::ReadPropertySchemas(TableSchema* schema) {
  const auto count = in_.Get<uint16_t>();
  for (uint32_t i = 0; i < count && in_.ok(); ++i) {
    PropertySchema& property = schema->properties.emplace_back();
    property.name = in_.GetText();
    const auto type = in_.Get<uint8_t>();
    if (!in_.ok()) return CutShort();
    if (!IsPropertyType(type)) {
      return {Code::kInvalid, "property type " + std::to_string(type) + " is unknown"};
    }
    property.type = static_cast<PropertyType>(type);
  }
  return Status::Ok();
}

void BatchParts::ReadIndexSchema(TableSchema* schema) {
  IndexSchema& index = schema->indexes.emplace_back();
  index.name = in_.GetText();
  const auto count = in_.Get<uint8_t>();
  for (uint32_t i = 0; i < count && in_.ok(); ++i) {
    ColumnRef& column = index.columns.emplace_back();
    column.kind = static_cast<ColumnKind>(in_.Get<uint8_t>());
    column.property = in_.Get<PropertyIndex>();
  }
}

Status BatchParts::ReadText(const char* what, std::string_view* text) {
  *text = in_.GetText();
  if (!in_.ok()) return CutShort();
  return CheckText(what, *text);
}

Status BatchParts::CheckText(const char* what, std::string_view text) {
  if (text.size() > limits_.text_bytes_max) {
    return {Code::kTooLarge, std::string(what) + " has more than " +
                                 std::to_string(limits_.text_bytes_max) + " bytes"};
  }
  if (!IsUtf8(text)) return Invalid(std::string(what) + " is not UTF-8");
  return Status::Ok();
}

Status BatchParts::ReadNodes(uint32_t count, BatchNodeList* nodes) {
  nodes->count = count;
  const auto form = in_.Get<uint8_t>();
  nodes->form = static_cast<NodesForm>(form);
  switch (nodes->form) {
    case NodesForm::kU32:
      nodes->small = Array<uint32_t>(count);
      return in_.ok() ? Status::Ok() : CutShort();
    case NodesForm::kU64:
      nodes->integers = Array<uint64_t>(count);
      return in_.ok() ? Status::Ok() : CutShort();
    case NodesForm::kKeys:
      return ReadNodeKeys(nodes);
  }
  return Invalid("the form of a list of nodes is unknown");
}

Status BatchParts::ReadNodeKeys(BatchNodeList* nodes) {
  const auto key_count = in_.Get<uint32_t>();
  const auto is_text = Array<uint8_t>(key_count);
  const auto values = Array<uint64_t>(key_count);
  const std::string_view heap = in_.GetText();
  const auto index = Array<uint32_t>(nodes->count);
  if (!in_.ok()) return CutShort();
  std::vector<NodeKey> keys(key_count);
  size_t at = 0;
  for (uint32_t i = 0; i < key_count; ++i) {
    keys[i].is_text = is_text[i] != 0;
    if (!keys[i].is_text) {
      keys[i].integer = values[i];
      continue;
    }
    if (values[i] > heap.size() - at) return Invalid("a node key reaches beyond its texts");
    keys[i].text = heap.substr(at, static_cast<size_t>(values[i]));
    HG_RETURN_IF_ERROR(CheckText("a node key", keys[i].text));
    at += keys[i].text.size();
  }
  const std::vector<uint32_t> places = KeepEachOnce(&keys);
  nodes->places.resize(nodes->count);
  for (uint32_t i = 0; i < nodes->count; ++i) {
    if (index[i] >= key_count) return Invalid("a node is not in the list of node keys");
    nodes->places[i] = places[index[i]];
  }
  nodes->keys = std::move(keys);
  return Status::Ok();
}

}  // namespace hypergraph
