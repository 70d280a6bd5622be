#include "core/graph/commit_record.h"

#include "core/graph/schema.h"

namespace hypergraph {

namespace {

Status Damaged(const char* what) {
  return {Code::kCorrupt, std::string("a commit record is damaged: ") + what};
}

template <typename T>
UnalignedArray<T> GetArray(ByteReader* in, uint64_t count) {
  if (count > in->remaining() / sizeof(T)) {
    in->GetBytes(UINT64_MAX);  // Fails the reader.
    return {};
  }
  return {in->GetBytes(count * sizeof(T)).data(), static_cast<size_t>(count)};
}

void EncodeMembers(const RowBlock& block, ByteWriter* out) {
  out->Put(block.arity_width);
  out->PutBytes({block.arities, size_t{block.count} * block.arity_width});
  out->Put(static_cast<uint32_t>(block.members.size()));
  out->PutBytes(block.members.bytes());
  if (block.roles.empty()) return;
  out->Put(static_cast<uint8_t>(block.role_symbols.size()));
  out->PutBytes(block.role_symbols.bytes());
  out->PutBytes(block.roles.bytes());
}

void EncodeProperty(const PropertyBlock& property, ByteWriter* out) {
  out->Put(property.property);
  out->Put(property.type);
  out->Put(static_cast<uint8_t>(property.present.empty() ? 0 : 1));
  out->PutBytes(property.present.bytes());
  if (property.type == PropertyType::kString) {
    out->PutBytes(property.text_bytes.bytes());
    out->PutText(property.text);
  } else if (property.type == PropertyType::kFloat64) {
    out->PutBytes(property.floats.bytes());
  } else {
    out->PutBytes(property.integers.bytes());
  }
}

Status DecodeMembers(ByteReader* in, bool with_roles, RowBlock* block) {
  block->arity_width = in->Get<uint8_t>();
  const uint8_t width = block->arity_width;
  if (width != 1 && width != 2 && width != 4) return Damaged("the width of arities");
  block->arities = GetArray<uint8_t>(in, uint64_t{block->count} * width).data();
  const auto total = in->Get<uint32_t>();
  block->members = GetArray<NodeNumber>(in, total);
  if (!in->ok()) return Damaged("members are cut short");
  uint64_t sum = 0;
  for (uint32_t row = 0; row < block->count; ++row) sum += block->Arity(row);
  if (sum != total) return Damaged("arities do not add up");
  if (!with_roles) return Status::Ok();
  block->role_symbols = GetArray<Symbol>(in, in->Get<uint8_t>());
  block->roles = GetArray<uint8_t>(in, total);
  if (!in->ok()) return Damaged("roles are cut short");
  for (size_t i = 0; i < block->roles.size(); ++i) {
    if (block->roles[i] > block->role_symbols.size()) return Damaged("no such role");
  }
  return Status::Ok();
}

Status DecodeKeys(ByteReader* in, RowBlock* block) {
  block->key_bytes = GetArray<uint8_t>(in, block->count);
  block->keys = in->GetText();
  if (!in->ok()) return Damaged("keys are cut short");
  uint64_t sum = 0;
  for (uint32_t row = 0; row < block->count; ++row) sum += block->key_bytes[row];
  return sum == block->keys.size() ? Status::Ok() : Damaged("keys do not add up");
}

Status DecodeProperty(ByteReader* in, uint32_t count, PropertyBlock* property) {
  property->property = in->Get<PropertyIndex>();
  const auto type = in->Get<uint8_t>();
  if (!IsPropertyType(type)) return Damaged("no such property type");
  property->type = static_cast<PropertyType>(type);
  if (in->Get<uint8_t>() != 0) property->present = GetArray<uint8_t>(in, count);
  if (property->type == PropertyType::kString) {
    property->text_bytes = GetArray<uint32_t>(in, count);
    property->text = in->GetText();
    if (!in->ok()) return Damaged("a property is cut short");
    uint64_t sum = 0;
    for (uint32_t row = 0; row < count; ++row) sum += property->text_bytes[row];
    if (sum != property->text.size()) return Damaged("texts do not add up");
  } else if (property->type == PropertyType::kFloat64) {
    property->floats = GetArray<double>(in, count);
  } else {
    property->integers = GetArray<int64_t>(in, count);
  }
  return in->ok() ? Status::Ok() : Damaged("a property is cut short");
}

}  // namespace

void EncodeCommitHeader(const CommitHeader& header, ByteWriter* out) {
  out->Put(kCommitRecordVersion);
  out->Put(header.first_seq);
  out->Put(header.record_count);
  out->Put(header.committed_at);
}

Status DecodeCommitHeader(ByteReader* in, CommitHeader* header) {
  if (in->Get<uint8_t>() != kCommitRecordVersion) return Damaged("not of a known version");
  header->first_seq = in->Get<Seq>();
  header->record_count = in->Get<uint32_t>();
  header->committed_at = in->Get<Micros>();
  return in->ok() ? Status::Ok() : Damaged("its header is cut short");
}

void EncodeRows(const RowBlock& block, ByteWriter* out) {
  uint32_t fields = kFieldEventTs;
  if (!block.ids.empty()) fields |= kFieldIds;
  if (!block.valid_to.empty()) fields |= kFieldValidTo;
  if (!block.weight.empty()) fields |= kFieldWeight;
  if (!block.label.empty()) fields |= kFieldLabel;
  if (block.arity_width != 0) fields |= kFieldMembers;
  if (!block.roles.empty()) fields |= kFieldRoles;
  if (!block.key_bytes.empty()) fields |= kFieldKeys;
  if (!block.properties.empty()) fields |= kFieldProperties;
  out->Put(SectionKind::kRows);
  out->Put(block.table);
  out->Put(block.count);
  out->Put(static_cast<uint16_t>(fields));
  out->PutBytes(block.ids.bytes());
  out->PutBytes(block.replaces.bytes());
  out->PutBytes(block.event_ts.bytes());
  out->PutBytes(block.valid_to.bytes());
  out->PutBytes(block.weight.bytes());
  out->PutBytes(block.label.bytes());
  if (block.arity_width != 0) EncodeMembers(block, out);
  if (!block.key_bytes.empty()) {
    out->PutBytes(block.key_bytes.bytes());
    out->PutText(block.keys);
  }
  if (block.properties.empty()) return;
  out->Put(static_cast<uint16_t>(block.properties.size()));
  for (const PropertyBlock& property : block.properties) EncodeProperty(property, out);
}

Status DecodeRows(ByteReader* in, RowBlock* block) {
  *block = RowBlock();
  block->table = in->Get<TableId>();
  block->count = in->Get<uint32_t>();
  const uint32_t fields = in->Get<uint16_t>();
  if ((fields & kFieldEventTs) == 0) return Damaged("records without a time");
  const uint32_t count = block->count;
  if (fields & kFieldIds) {
    block->ids = GetArray<EdgeId>(in, count);
    block->replaces = GetArray<Seq>(in, count);
  }
  block->event_ts = GetArray<Micros>(in, count);
  if (fields & kFieldValidTo) block->valid_to = GetArray<Micros>(in, count);
  if (fields & kFieldWeight) block->weight = GetArray<double>(in, count);
  if (fields & kFieldLabel) block->label = GetArray<Symbol>(in, count);
  if (!in->ok()) return Damaged("records are cut short");
  if (block->table == kNodeTable) {
    if (fields & kFieldMembers) return Damaged("node properties with members");
    for (uint32_t i = 0; i < count; ++i) {
      const Micros number = block->event_ts[i];
      if (number < 0 || number >= Micros{kNodeNone}) return Damaged("no such node number");
    }
  }
  if (fields & kFieldMembers) {
    HG_RETURN_IF_ERROR(DecodeMembers(in, (fields & kFieldRoles) != 0, block));
  }
  if (fields & kFieldKeys) HG_RETURN_IF_ERROR(DecodeKeys(in, block));
  if (fields & kFieldProperties) {
    const auto property_count = in->Get<uint16_t>();
    for (uint32_t i = 0; i < property_count; ++i) {
      HG_RETURN_IF_ERROR(DecodeProperty(in, count, &block->properties.emplace_back()));
    }
  }
  return in->ok() ? Status::Ok() : Damaged("records are cut short");
}

void EncodeDeletes(const DeleteBlock& block, ByteWriter* out) {
  out->Put(SectionKind::kDeletes);
  out->Put(block.table);
  out->Put(static_cast<uint32_t>(block.ids.size()));
  out->PutBytes(block.ids.bytes());
  out->PutBytes(block.replaces.bytes());
}

Status DecodeDeletes(ByteReader* in, DeleteBlock* block) {
  block->table = in->Get<TableId>();
  const auto count = in->Get<uint32_t>();
  block->ids = GetArray<EdgeId>(in, count);
  block->replaces = GetArray<Seq>(in, count);
  return in->ok() ? Status::Ok() : Damaged("deletes are cut short");
}

}  // namespace hypergraph
