// Second pass: the payload.
#include <algorithm>
#include <bit>

#include "core/graph/resolve.h"

namespace hypergraph {

namespace {

// The arities of all rows, as narrow as they fit.
uint8_t PackArities(const BatchRows& rows, std::vector<uint8_t>* bytes) {
  const UnalignedArray<uint32_t>& offsets = rows.member_offsets;
  uint32_t greatest = 0;
  for (uint32_t i = 0; i < rows.count; ++i) {
    greatest = std::max(greatest, offsets[i + 1] - offsets[i]);
  }
  const uint8_t width = greatest <= UINT8_MAX ? 1 : greatest <= UINT16_MAX ? 2 : 4;
  bytes->resize(size_t{rows.count} * width);
  for (uint32_t i = 0; i < rows.count; ++i) {
    const uint32_t arity = offsets[i + 1] - offsets[i];
    if (width == 1) {
      (*bytes)[i] = static_cast<uint8_t>(arity);
    } else {
      std::memcpy(bytes->data() + size_t{i} * width, &arity, width);  // Little-endian.
    }
  }
  return width;
}

}  // namespace

Status BatchResolver::TakeBytes(size_t bytes) {
  built_bytes_ += bytes;
  if (built_bytes_ <= limits_.commit_bytes_max) return Status::Ok();
  return {Code::kTooLarge, "the records that this commit replaces have more than " +
                               std::to_string(limits_.commit_bytes_max) + " bytes"};
}

Status BatchResolver::InternAll() {
  for (size_t i = 0; i < batch_.ops.size(); ++i) {
    const BatchOp& op = batch_.ops[i];
    OpPlan& plan = plans_[i];
    if (op.kind == OpKind::kSetNodes) HG_RETURN_IF_ERROR(InternNodes(*op.nodes, &plan.nodes));
    if (op.kind != OpKind::kInsert && op.kind != OpKind::kUpdate) continue;
    if (plan.some_duplicates && plan.rows.empty()) continue;
    HG_RETURN_IF_ERROR(InternTexts(op.rows->labels, &plan.labels));
    HG_RETURN_IF_ERROR(InternTexts(op.rows->roles, &plan.roles));
    HG_RETURN_IF_ERROR(InternNodes(op.rows->members, &plan.nodes));
  }
  return Status::Ok();
}

Status BatchResolver::InternNodes(const BatchNodeList& list, std::vector<NodeNumber>* numbers) {
  numbers->resize(list.count);
  if (list.form == NodesForm::kU64) {
    // The batch is 8-aligned and so are the arrays of it.
    const auto* keys = reinterpret_cast<const uint64_t*>(list.integers.data());
    return state_.nodes_->InternIntegers({keys, list.count}, numbers->data());
  }
  if (list.form == NodesForm::kU32) {
    const auto* keys = reinterpret_cast<const uint32_t*>(list.small.data());
    return state_.nodes_->InternIntegers({keys, list.count}, numbers->data());
  }
  std::vector<NodeNumber> of_key(list.keys.size());
  for (size_t i = 0; i < list.keys.size(); ++i) {
    bool fresh;
    HG_RETURN_IF_ERROR(state_.nodes_->Intern(list.keys[i], &of_key[i], &fresh));
  }
  for (uint32_t i = 0; i < list.count; ++i) (*numbers)[i] = of_key[list.places[i]];
  return Status::Ok();
}

// The empty text is no symbol.
Status BatchResolver::InternTexts(std::span<const std::string_view> texts,
                                  std::vector<Symbol>* symbols) {
  symbols->resize(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].empty()) continue;
    bool fresh;
    HG_RETURN_IF_ERROR(state_.symbols_->Intern(NodeKey{true, 0, texts[i]}, &(*symbols)[i], &fresh));
  }
  return Status::Ok();
}

Status BatchResolver::WriteHeader(ByteWriter* out) {
  CommitHeader header;
  header.first_seq = state_.last_seq_ + 1;
  header.committed_at = std::max(now_, state_.last_committed_at_);
  EncodeCommitHeader(header, out);
  HG_RETURN_IF_ERROR(WriteKeys(*state_.nodes_, state_.nodes_logged_end_, false, out));
  HG_RETURN_IF_ERROR(WriteKeys(*state_.symbols_, state_.symbols_logged_end_, true, out));
  if (!schema_changed_) return Status::Ok();
  out->Put(SectionKind::kSchema);
  EncodeSchema(*schema_, out);
  return Status::Ok();
}

// All keys that the log does not have yet, those of commits that failed among them.
Status BatchResolver::WriteKeys(const Dictionary& dictionary, uint32_t first, bool symbols,
                                ByteWriter* out) {
  const uint32_t end = dictionary.end();
  out->Put(first);
  out->Put(end - first);
  for (uint32_t number = first; number < end; ++number) {
    NodeKey key;
    HG_RETURN_IF_ERROR(dictionary.KeyOf(number, &key));
    if (!symbols) out->Put(static_cast<uint8_t>(key.is_text ? 1 : 0));
    if (key.is_text) {
      out->PutText(key.text);
    } else {
      out->Put(key.integer);
    }
  }
  return Status::Ok();
}

// Sections follow in the order in which the first pass gave numbers out.
Status BatchResolver::BuildEdges(const BatchOp& op, OpPlan* plan, ByteWriter* out) {
  if (!plan->ids.empty()) {
    EncodeDeletes({op.table, Packed(plan->ids), Packed(plan->replaces)}, out);
  }
  switch (op.kind) {
    case OpKind::kInsert:
      if (plan->some_duplicates) return BuildSomeRows(op, *plan, out);
      if (op.rows->count != 0) BuildInsert(op, *plan, out);
      return Status::Ok();
    case OpKind::kUpdate:
      return BuildUpdate(op, *plan, out);
    default:
      return Status::Ok();
  }
}

// All rows, column by column as they came.
void BatchResolver::BuildInsert(const BatchOp& op, const OpPlan& plan, ByteWriter* out) {
  const BatchRows& rows = *op.rows;
  RowBlock block;
  block.table = op.table;
  block.count = rows.count;
  block.event_ts = rows.event_ts;
  block.valid_to = rows.valid_to;
  block.weight = rows.weight;
  std::vector<Symbol> labels(rows.label_codes.size());
  for (uint32_t i = 0; i < labels.size(); ++i) {
    const uint32_t code = rows.label_codes[i];
    labels[i] = code == 0 ? kSymbolNone : plan.labels[code - 1];
  }
  block.label = Packed(labels);
  std::vector<uint8_t> arities;
  block.arity_width = PackArities(rows, &arities);
  block.arities = arities.data();
  block.members = Packed(plan.nodes);
  block.role_symbols = Packed(plan.roles);
  block.roles = rows.role_codes;
  std::vector<uint8_t> key_bytes;
  if (!rows.keys.empty()) {
    for (uint32_t i = 0; i < rows.count; ++i) {
      key_bytes.push_back(static_cast<uint8_t>(rows.KeyOf(i).size()));
    }
    block.key_bytes = Packed(key_bytes);
    block.keys = rows.keys;
  }
  std::vector<std::vector<uint32_t>> text_bytes(rows.properties.size());
  for (size_t i = 0; i < rows.properties.size(); ++i) {
    const BatchProperty& from = rows.properties[i];
    PropertyBlock& to = block.properties.emplace_back();
    to.property = from.property;
    to.type = from.type;
    to.present = from.present;
    to.integers = from.integers;
    to.floats = from.floats;
    if (from.type != PropertyType::kString) continue;
    for (uint32_t row = 0; row < rows.count; ++row) {
      text_bytes[i].push_back(from.text_offsets[row + 1] - from.text_offsets[row]);
    }
    to.text_bytes = Packed(text_bytes[i]);
    to.text = from.texts;
  }
  EncodeRows(block, out);
}

Status BatchResolver::BuildSomeRows(const BatchOp& op, const OpPlan& plan, ByteWriter* out) {
  std::vector<Record> records(plan.rows.size());
  for (size_t i = 0; i < records.size(); ++i) {
    Patch(op, plan, plan.rows[i], &records[i]);
    HG_RETURN_IF_ERROR(TakeBytes(records[i].ByteCount()));
  }
  EncodeRecords(*plan.table, records, out);
  return Status::Ok();
}

Status BatchResolver::BuildUpdate(const BatchOp& op, const OpPlan& plan, ByteWriter* out) {
  std::vector<Record> records;
  for (uint32_t row = 0; row < op.rows->count; ++row) {
    const LiveRecord& base = plan.bases[row];
    Record& record = records.emplace_back();
    if (base.source != nullptr) {
      HG_RETURN_IF_ERROR(ReadRecord(*base.source, base.row, *plan.table, &record));
    } else {
      record = needed_records_[base.seq];
    }
    record.id = op.ids[row];
    record.replaces = base.seq;
    Patch(op, plan, row, &record);
    HG_RETURN_IF_ERROR(TakeBytes(record.ByteCount()));
    const Seq seq = plan.first_seq + row;
    if (needed_.contains(seq)) needed_records_[seq] = record;
  }
  EncodeRecords(*plan.table, records, out);
  return Status::Ok();
}

void BatchResolver::Patch(const BatchOp& op, const OpPlan& plan, uint32_t row, Record* record) {
  const BatchRows& rows = *op.rows;
  if (!rows.event_ts.empty()) record->event_ts = rows.event_ts[row];
  if (!rows.valid_to.empty()) record->valid_to = rows.valid_to[row];
  if (!rows.weight.empty()) record->weight = rows.weight[row];
  if (!rows.label_codes.empty()) {
    const uint32_t code = rows.label_codes[row];
    record->label = code == 0 ? kSymbolNone : plan.labels[code - 1];
  }
  if (!rows.member_offsets.empty()) {
    const uint32_t begin = rows.member_offsets[row];
    const uint32_t end = rows.member_offsets[row + 1];
    record->members.assign(plan.nodes.begin() + begin, plan.nodes.begin() + end);
    record->roles.clear();
    for (uint32_t i = begin; i < end && !rows.role_codes.empty(); ++i) {
      const uint8_t code = rows.role_codes[i];
      record->roles.push_back(code == 0 ? kSymbolNone : plan.roles[code - 1]);
    }
  }
  if (!rows.key_offsets.empty()) record->key = rows.KeyOf(row);
  PatchProperties(rows, row, record);
}

void BatchResolver::PatchProperties(const BatchRows& rows, uint32_t row, Record* record) {
  for (const BatchProperty& from : rows.properties) {
    const Presence presence = from.At(row);
    if (presence == Presence::kUnchanged) continue;
    RecordProperty& to = record->PropertyAt(from.property);
    to = RecordProperty();
    to.present = presence == Presence::kValue;
    if (!to.present) continue;
    if (from.type == PropertyType::kString) {
      to.text = from.TextOf(row);
    } else if (from.type == PropertyType::kFloat64) {
      to.bits = std::bit_cast<uint64_t>(from.floats[row]);
    } else {
      to.bits = static_cast<uint64_t>(from.integers[row]);
    }
  }
}

Status BatchResolver::BuildNodeOp(const BatchOp& op, const OpPlan& plan, ByteWriter* out) {
  if (op.kind == OpKind::kSetNodes) return BuildSetNodes(op, plan, out);
  return op.kind == OpKind::kDropNodes ? BuildDropNodes(op, out) : Status::Ok();
}

// What the node's properties are after the operations so far.
Status BatchResolver::FindNode(NodeNumber node, PendingNode** pending) {
  const auto [at, fresh] = pending_nodes_.try_emplace(node);
  *pending = &at->second;
  if (!fresh) return Status::Ok();
  LiveRecord live;
  HG_RETURN_IF_ERROR(FindLiveNode(SourcesOf(kNodeTable), node, 0, &live));
  if (live.source == nullptr) return Status::Ok();
  at->second.seq = live.seq;
  at->second.id = live.id;
  const TableSchema& table = *schema_->Find(kNodeTable);
  HG_RETURN_IF_ERROR(ReadRecord(*live.source, live.row, table, &at->second.record));
  return TakeBytes(at->second.record.ByteCount());
}

Status BatchResolver::BuildSetNodes(const BatchOp& op, const OpPlan& plan, ByteWriter* out) {
  std::vector<Record> records;
  for (uint32_t row = 0; row < op.nodes->count; ++row) {
    PendingNode* node;
    HG_RETURN_IF_ERROR(FindNode(plan.nodes[row], &node));
    const Seq seq = next_seq_++;
    Record& record = node->record;
    record.event_ts = plan.nodes[row];
    record.replaces = node->seq;
    record.id = node->seq == 0 ? seq : node->id;
    PatchProperties(*op.rows, row, &record);
    HG_RETURN_IF_ERROR(TakeBytes(record.ByteCount()));
    records.push_back(record);
    node->seq = seq;
    node->id = record.id;
    ++receipt_.updated;
  }
  EncodeRecords(*schema_->Find(kNodeTable), records, out);
  return Status::Ok();
}

Status BatchResolver::BuildDropNodes(const BatchOp& op, ByteWriter* out) {
  std::vector<EdgeId> ids;
  std::vector<Seq> replaces;
  for (uint32_t row = 0; row < op.nodes->count; ++row) {
    std::optional<uint32_t> number;
    HG_RETURN_IF_ERROR(state_.nodes_->Find(op.nodes->KeyAt(row), &number));
    if (!number) continue;
    PendingNode* node;
    HG_RETURN_IF_ERROR(FindNode(*number, &node));
    if (node->seq == 0) continue;
    ids.push_back(node->id);
    replaces.push_back(node->seq);
    *node = PendingNode();
    ++next_seq_;
    ++receipt_.deleted;
  }
  if (!ids.empty()) EncodeDeletes({kNodeTable, Packed(ids), Packed(replaces)}, out);
  return Status::Ok();
}

}  // namespace hypergraph
