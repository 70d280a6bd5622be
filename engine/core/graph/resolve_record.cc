#include "core/graph/resolve_record.h"

#include <algorithm>
#include <bit>

#include "core/base/forever.h"

namespace hypergraph {

namespace {

// The columns of some records, and the block that points into them.
class RecordBlock {
 public:
  RecordBlock(const TableSchema& table, std::span<const Record> records) : records_(records) {
    block_.table = table.id;
    block_.count = static_cast<uint32_t>(records.size());
  }

  void Encode(const TableSchema& table, ByteWriter* out) {
    AddNumbers();
    if (table.id != kNodeTable) AddMembers();
    AddKeys();
    size_t property_count = 0;
    for (const Record& record : records_) {
      property_count = std::max(property_count, record.properties.size());
    }
    // Reserved, so that blocks may point into them.
    columns_.reserve(property_count);
    for (size_t i = 0; i < property_count; ++i) AddProperty(i, table.properties[i].type);
    EncodeRows(block_, out);
  }

 private:
  struct Column {
    std::vector<uint8_t> present;
    std::vector<int64_t> integers;
    std::vector<double> floats;
    std::vector<uint32_t> text_bytes;
    std::string text;
  };

  void AddNumbers() {
    bool ids = false, valid_to = false, weight = false, label = false;
    for (const Record& record : records_) {
      ids_.push_back(record.id);
      replaces_.push_back(record.replaces);
      event_ts_.push_back(record.event_ts);
      valid_to_.push_back(record.valid_to);
      weight_.push_back(record.weight);
      label_.push_back(record.label);
      ids = ids || record.id != 0 || record.replaces != 0;
      valid_to = valid_to || record.valid_to != kMicrosMax;
      weight = weight || record.weight != 1.0;
      label = label || record.label != kSymbolNone;
    }
    block_.event_ts = Packed(event_ts_);
    if (ids) block_.ids = Packed(ids_);
    if (ids) block_.replaces = Packed(replaces_);
    if (valid_to) block_.valid_to = Packed(valid_to_);
    if (weight) block_.weight = Packed(weight_);
    if (label) block_.label = Packed(label_);
  }

  void AddMembers() {
    bool any_roles = false;
    for (const Record& record : records_) {
      arities_.push_back(static_cast<uint32_t>(record.members.size()));
      members_.insert(members_.end(), record.members.begin(), record.members.end());
      any_roles = any_roles || !record.roles.empty();
    }
    block_.arity_width = 4;
    block_.arities = reinterpret_cast<const uint8_t*>(arities_.data());
    block_.members = Packed(members_);
    if (!any_roles) return;
    for (const Record& record : records_) {
      for (size_t i = 0; i < record.members.size(); ++i) {
        roles_.push_back(record.roles.empty() ? uint8_t{0} : CodeOf(record.roles[i]));
      }
    }
    block_.roles = Packed(roles_);
    block_.role_symbols = Packed(role_symbols_);
  }

  uint8_t CodeOf(Symbol role) {
    if (role == kSymbolNone) return 0;
    const auto found = std::find(role_symbols_.begin(), role_symbols_.end(), role);
    const auto place = found - role_symbols_.begin();
    if (found == role_symbols_.end()) role_symbols_.push_back(role);
    return static_cast<uint8_t>(place + 1);
  }

  void AddKeys() {
    for (const Record& record : records_) {
      key_bytes_.push_back(static_cast<uint8_t>(record.key.size()));
      keys_ += record.key;
    }
    if (keys_.empty()) return;
    block_.key_bytes = Packed(key_bytes_);
    block_.keys = keys_;
  }

  void AddProperty(size_t index, PropertyType type) {
    static Forever<const RecordProperty> null;
    Column& column = columns_.emplace_back();
    bool any = false;
    for (const Record& record : records_) {
      const bool has = index < record.properties.size();
      const RecordProperty& value = has ? record.properties[index] : null.get();
      any = any || value.present;
      column.present.push_back(value.present ? 1 : 0);
      if (type == PropertyType::kString) {
        const size_t bytes = value.present ? value.text.size() : 0;
        column.text_bytes.push_back(static_cast<uint32_t>(bytes));
        column.text.append(value.text, 0, bytes);
      } else if (type == PropertyType::kFloat64) {
        column.floats.push_back(std::bit_cast<double>(value.bits));
      } else {
        column.integers.push_back(static_cast<int64_t>(value.bits));
      }
    }
    if (!any) return;
    PropertyBlock& block = block_.properties.emplace_back();
    block.property = static_cast<PropertyIndex>(index);
    block.type = type;
    block.present = Packed(column.present);
    block.integers = Packed(column.integers);
    block.floats = Packed(column.floats);
    block.text_bytes = Packed(column.text_bytes);
    block.text = column.text;
  }

  std::span<const Record> records_;
  RowBlock block_;
  std::vector<EdgeId> ids_;
  std::vector<Seq> replaces_;
  std::vector<Micros> event_ts_, valid_to_;
  std::vector<double> weight_;
  std::vector<Symbol> label_, role_symbols_;
  std::vector<uint32_t> arities_;
  std::vector<NodeNumber> members_;
  std::vector<uint8_t> roles_, key_bytes_;
  std::string keys_;
  std::vector<Column> columns_;
};

// How many of the records fit one section by their roles. Each alone does.
size_t FittingRoles(std::span<const Record> records) {
  std::vector<Symbol> roles;
  for (size_t i = 0; i < records.size(); ++i) {
    for (const Symbol role : records[i].roles) {
      if (role == kSymbolNone) continue;
      const auto at = std::lower_bound(roles.begin(), roles.end(), role);
      if (at == roles.end() || *at != role) roles.insert(at, role);
    }
    if (roles.size() > kRolesMax) return std::max<size_t>(i, 1);
  }
  return records.size();
}

}  // namespace

size_t Record::ByteCount() const {
  size_t bytes = sizeof(Record) + members.size() * sizeof(NodeNumber) +
                 roles.size() * sizeof(Symbol) + key.size();
  for (const RecordProperty& property : properties) {
    bytes += sizeof(RecordProperty) + property.text.size();
  }
  return bytes;
}

Status ReadRecord(const RowSource& source, uint32_t row, const TableSchema& table, Record* record) {
  const Rows rows = Rows::List({&row, 1});
  HG_RETURN_IF_ERROR(source.EventTs(rows, &record->event_ts));
  HG_RETURN_IF_ERROR(source.ValidTo(rows, &record->valid_to));
  HG_RETURN_IF_ERROR(source.Weights(rows, &record->weight));
  HG_RETURN_IF_ERROR(source.Labels(rows, &record->label));
  MemberColumns members;
  members.Clear();
  HG_RETURN_IF_ERROR(source.Members(rows, &members));
  record->members = std::move(members.nodes);
  record->roles = std::move(members.roles);
  std::vector<std::string_view> keys;
  HG_RETURN_IF_ERROR(source.Keys(rows, &keys));
  if (!keys.empty()) record->key = keys[0];
  for (size_t i = 0; i < table.properties.size(); ++i) {
    PropertyColumn column;
    const auto property = static_cast<PropertyIndex>(i);
    HG_RETURN_IF_ERROR(source.Property(property, rows, &column));
    if (column.present.empty() || column.present[0] == 0) continue;
    RecordProperty& value = record->PropertyAt(property);
    value.present = true;
    switch (table.properties[i].type) {
      case PropertyType::kString:
        value.text = column.strings[0];
        break;
      case PropertyType::kFloat64:
        value.bits = std::bit_cast<uint64_t>(column.floats[0]);
        break;
      default:
        value.bits = static_cast<uint64_t>(column.integers[0]);
    }
  }
  return Status::Ok();
}

void EncodeRecords(const TableSchema& table, std::span<const Record> records, ByteWriter* out) {
  while (!records.empty()) {
    const size_t count = FittingRoles(records);
    RecordBlock(table, records.first(count)).Encode(table, out);
    records = records.subspan(count);
  }
}

}  // namespace hypergraph
