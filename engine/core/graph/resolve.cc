// First pass: every check, nothing changed.
#include "core/graph/resolve.h"

#include <algorithm>

#include "core/graph/resolve_schema.h"

namespace hypergraph {

namespace {

Status Conflict(uint32_t row, EdgeId id) {
  return RowError(Code::kConflict, row,
                  "hyperedge " + std::to_string(id) +
                      " was changed after the transaction's snapshot; retry the transaction");
}

}  // namespace

BatchResolver::BatchResolver(GraphState* state, const BatchLimits& limits, Micros now)
    : state_(*state),
      limits_(limits),
      now_(now),
      next_seq_(state->last_seq_ + 1),
      schema_(state->schema_) {}

Status BatchResolver::Run(ByteView bytes, std::vector<uint8_t>* payload, CommitReceipt* receipt) {
  payload->clear();
  *receipt = CommitReceipt();
  HG_RETURN_IF_ERROR(ReadBatch(bytes, limits_, &batch_));
  plans_.resize(batch_.ops.size());
  for (size_t i = 0; i < batch_.ops.size(); ++i) {
    HG_RETURN_IF_ERROR(Check(batch_.ops[i], &plans_[i]));
  }
  if (schema_changed_) HG_RETURN_IF_ERROR(CheckSchemaSize(*schema_));
  HG_RETURN_IF_ERROR(InternAll());
  ByteWriter out;
  out.bytes() = std::move(*payload);  // Nothing but its memory.
  out.bytes().reserve(bytes.size() + 256);
  HG_RETURN_IF_ERROR(WriteHeader(&out));
  for (size_t i = 0; i < batch_.ops.size(); ++i) {
    HG_RETURN_IF_ERROR(BuildEdges(batch_.ops[i], &plans_[i], &out));
  }
  for (size_t i = 0; i < batch_.ops.size(); ++i) {
    HG_RETURN_IF_ERROR(BuildNodeOp(batch_.ops[i], plans_[i], &out));
  }
  const uint64_t record_count = next_seq_ - (state_.last_seq_ + 1);
  if (record_count > UINT32_MAX || next_seq_ > kSeqMax) {
    return {Code::kTooLarge, "a commit has at most 2^32 - 1 records"};
  }
  const bool changes = record_count != 0 || schema_changed_;
  *receipt = std::move(receipt_);
  receipt->committed_at = state_.last_committed_at_;
  receipt->seq = state_.last_seq_;
  if (!changes) return Status::Ok();
  receipt->committed_at = std::max(now_, state_.last_committed_at_);
  receipt->seq = state_.last_seq_ + std::max<uint64_t>(record_count, 1);
  out.OverwriteAt(kRecordCountAt, static_cast<uint32_t>(record_count));
  *payload = std::move(out.bytes());
  return Status::Ok();
}

Status BatchResolver::Check(const BatchOp& op, OpPlan* plan) {
  switch (op.kind) {
    case OpKind::kInsert:
      HG_RETURN_IF_ERROR(CheckEdgeTable(op, plan));
      return CheckInsert(op, plan);
    case OpKind::kUpdate:
      HG_RETURN_IF_ERROR(CheckEdgeTable(op, plan));
      return CheckUpdate(op, plan);
    case OpKind::kDelete:
      HG_RETURN_IF_ERROR(CheckEdgeTable(op, plan));
      return CheckDelete(op, plan);
    case OpKind::kSetNodes:
    case OpKind::kDropNodes:
      plan->table = schema_->tables.find(kNodeTable)->second;
      if (op.kind == OpKind::kSetNodes) HG_RETURN_IF_ERROR(CheckRows(op, *plan->table));
      return batch_.base_end == 0 ? Status::Ok() : CheckNodes(op);
    default: {
      auto changed = std::make_shared<Schema>(*schema_);
      HG_RETURN_IF_ERROR(ChangeSchema(op, changed.get()));
      schema_ = std::move(changed);
      schema_changed_ = true;
      return Status::Ok();
    }
  }
}

Status BatchResolver::CheckEdgeTable(const BatchOp& op, OpPlan* plan) {
  const TableSchema* table;
  HG_RETURN_IF_ERROR(FindTable(*schema_, op.table, &table));
  if (op.table == kNodeTable) {
    return {Code::kInvalid, "nodes have properties, no hyperedges: set those"};
  }
  plan->table = schema_->tables.find(op.table)->second;
  return op.rows == nullptr ? Status::Ok() : CheckRows(op, *table);
}

Status BatchResolver::CheckRows(const BatchOp& op, const TableSchema& table) {
  const BatchRows& rows = *op.rows;
  if (!rows.member_offsets.empty()) {
    for (uint32_t i = 0; i < rows.count; ++i) {
      if (rows.member_offsets[i + 1] - rows.member_offsets[i] <= table.arity_max) continue;
      return RowError(
          Code::kTooLarge, i,
          "it has more members than the table's limit of " + std::to_string(table.arity_max));
    }
  }
  for (const BatchProperty& property : rows.properties) {
    if (property.property >= table.properties.size()) {
      return {Code::kNotFound, "table \"" + table.name + "\" has no property number " +
                                   std::to_string(property.property)};
    }
    const PropertySchema& schema = table.properties[property.property];
    if (schema.type != property.type) {
      return {Code::kTypeMismatch,
              "the values of property \"" + schema.name + "\" are not of its type"};
    }
  }
  return Status::Ok();
}

Sources BatchResolver::SourcesOf(TableId table) {
  const auto [at, fresh] = sources_.try_emplace(table);
  const auto state = state_.tables_.find(table);
  if (fresh && state != state_.tables_.end()) {
    at->second.push_back(state->second.active.get());
    if (state->second.frozen != nullptr) at->second.push_back(state->second.frozen.get());
    const auto& segments = state->second.segments;
    for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
      at->second.push_back(segment->get());
    }
  }
  return at->second;
}

// Fresh ids that follow each other need no list; one duplicate does.
void BatchResolver::NoteInsertId(EdgeId id, IdOrigin origin) {
  if (insert_count_ == 0) receipt_.first_id = id;
  const bool in_step = origin == IdOrigin::kFresh && id == receipt_.first_id + insert_count_;
  if (!in_step && !ids_listed_) {
    for (uint32_t i = 0; i < insert_count_; ++i) receipt_.ids.push_back(receipt_.first_id + i);
    ids_listed_ = true;
  }
  if (ids_listed_) receipt_.ids.push_back(id);
  ++insert_count_;
}

Status BatchResolver::CheckInsert(const BatchOp& op, OpPlan* plan) {
  const BatchRows& rows = *op.rows;
  HG_RETURN_IF_ERROR(FreeExpiredKeys(op, plan));
  const bool keys = !rows.key_offsets.empty() && !rows.keys.empty();
  if (!keys) {
    for (uint32_t row = 0; row < rows.count; ++row) NoteInsertId(next_seq_++, IdOrigin::kFresh);
    receipt_.inserted += rows.count;
    return Status::Ok();
  }
  PendingTable& pending = pending_[op.table];
  for (uint32_t row = 0; row < rows.count; ++row) {
    const std::string_view key = rows.KeyOf(row);
    EdgeId owner = 0;
    if (!key.empty()) HG_RETURN_IF_ERROR(FindKeyOwner(op.table, key, &owner));
    if (owner != 0) {
      plan->some_duplicates = true;
      ++receipt_.duplicates;
      NoteInsertId(owner, IdOrigin::kDuplicate);
      continue;
    }
    plan->rows.push_back(row);
    if (!key.empty()) pending.keys[key] = next_seq_;
    NoteInsertId(next_seq_++, IdOrigin::kFresh);
    ++receipt_.inserted;
  }
  return Status::Ok();
}

Micros BatchResolver::OldestSeen(TableId table) const {
  const Micros ttl = schema_->Find(table)->ttl;
  return ttl <= 0 || now_ < kMicrosMin + ttl ? kMicrosMin : now_ - ttl;
}

Status BatchResolver::FreeExpiredKeys(const BatchOp& op, OpPlan* plan) {
  const BatchRows& rows = *op.rows;
  const Micros oldest = OldestSeen(op.table);
  if (oldest == kMicrosMin || rows.key_offsets.empty() || rows.keys.empty()) return Status::Ok();
  PendingTable& pending = pending_[op.table];
  for (uint32_t row = 0; row < rows.count; ++row) {
    const std::string_view key = rows.KeyOf(row);
    if (key.empty() || pending.keys.contains(key)) continue;
    LiveRecord live;
    HG_RETURN_IF_ERROR(FindLiveKey(SourcesOf(op.table), key, &live));
    EdgeId& owner = pending.keys[key] = 0;
    if (live.source == nullptr) continue;
    const auto known = pending.edges.find(live.id);
    Micros event_ts = 0;
    if (known != pending.edges.end()) {
      event_ts = known->second.event_ts;
      live.seq = known->second.seq;
    } else {
      HG_RETURN_IF_ERROR(live.source->EventTs(Rows::List({&live.row, 1}), &event_ts));
    }
    if (event_ts >= oldest) {
      owner = live.id;
      continue;
    }
    plan->ids.push_back(live.id);
    plan->replaces.push_back(live.seq);
    pending.edges[live.id].deleted = true;
    ++next_seq_;
  }
  return Status::Ok();
}

Status BatchResolver::FindKeyOwner(TableId table, std::string_view key, EdgeId* owner) {
  const PendingTable& pending = pending_[table];
  const auto known = pending.keys.find(key);
  if (known != pending.keys.end()) {
    *owner = known->second;
    return Status::Ok();
  }
  LiveRecord live;
  HG_RETURN_IF_ERROR(FindLiveKey(SourcesOf(table), key, &live));
  *owner = live.source == nullptr ? 0 : live.id;
  return Status::Ok();
}

Status BatchResolver::FindEdge(TableId table, EdgeId id, PendingEdge** edge, LiveRecord* base) {
  PendingTable& pending = pending_[table];
  const auto known = pending.edges.find(id);
  *edge = nullptr;
  if (known != pending.edges.end()) {
    if (known->second.deleted) return Status::Ok();
    *edge = &known->second;
    base->seq = known->second.seq;
    return Status::Ok();
  }
  if (id == 0 || id > state_.last_seq_) return Status::Ok();
  HG_RETURN_IF_ERROR(FindLiveId(SourcesOf(table), id, batch_.base_end, base));
  if (base->source == nullptr) return Status::Ok();
  const Rows row = Rows::List({&base->row, 1});
  PendingEdge found;
  found.seq = base->seq;
  HG_RETURN_IF_ERROR(base->source->EventTs(row, &found.event_ts));
  if (found.event_ts < OldestSeen(table)) return Status::Ok();
  HG_RETURN_IF_ERROR(base->source->ValidTo(row, &found.valid_to));
  std::vector<std::string_view> keys;
  HG_RETURN_IF_ERROR(base->source->Keys(row, &keys));
  if (!keys.empty() && !keys[0].empty()) found.key = old_keys_.emplace_back(keys[0]);
  *edge = &(pending.edges[id] = found);
  return Status::Ok();
}

Status BatchResolver::CheckUpdate(const BatchOp& op, OpPlan* plan) {
  HG_RETURN_IF_ERROR(FreeExpiredKeys(op, plan));
  plan->first_seq = next_seq_;
  plan->bases.resize(op.rows->count);
  for (uint32_t row = 0; row < op.rows->count; ++row) {
    HG_RETURN_IF_ERROR(CheckUpdateRow(op, row, &plan->bases[row]));
  }
  receipt_.updated += op.rows->count;
  return Status::Ok();
}

Status BatchResolver::CheckUpdateRow(const BatchOp& op, uint32_t row, LiveRecord* base) {
  const BatchRows& rows = *op.rows;
  const EdgeId id = op.ids[row];
  PendingEdge* edge;
  HG_RETURN_IF_ERROR(FindEdge(op.table, id, &edge, base));
  if (base->changed_since_base) return Conflict(row, id);
  if (edge == nullptr) {
    return RowError(Code::kNotFound, row, "there is no hyperedge " + std::to_string(id));
  }
  if (base->source == nullptr) needed_.insert(base->seq);
  if (!rows.event_ts.empty()) edge->event_ts = rows.event_ts[row];
  if (!rows.valid_to.empty()) edge->valid_to = rows.valid_to[row];
  if (edge->valid_to <= edge->event_ts) {
    return RowError(Code::kInvalid, row, "valid_to is not after event_ts");
  }
  if (!rows.key_offsets.empty() && rows.KeyOf(row) != edge->key) {
    const std::string_view key = rows.KeyOf(row);
    EdgeId owner = 0;
    if (!key.empty()) HG_RETURN_IF_ERROR(FindKeyOwner(op.table, key, &owner));
    if (owner != 0) {
      return RowError(Code::kExists, row, "its key belongs to hyperedge " + std::to_string(owner));
    }
    PendingTable& pending = pending_[op.table];
    if (!edge->key.empty()) pending.keys[edge->key] = 0;
    if (!key.empty()) pending.keys[key] = id;
    edge->key = key;
  }
  edge->seq = next_seq_++;
  return Status::Ok();
}

Status BatchResolver::CheckDelete(const BatchOp& op, OpPlan* plan) {
  for (uint32_t row = 0; row < op.ids.size(); ++row) {
    const EdgeId id = op.ids[row];
    PendingEdge* edge;
    LiveRecord base;
    HG_RETURN_IF_ERROR(FindEdge(op.table, id, &edge, &base));
    if (base.changed_since_base) return Conflict(row, id);
    if (edge == nullptr) continue;
    plan->ids.push_back(id);
    plan->replaces.push_back(edge->seq);
    if (!edge->key.empty()) pending_[op.table].keys[edge->key] = 0;
    edge->deleted = true;
    ++next_seq_;
    ++receipt_.deleted;
  }
  return Status::Ok();
}

// Of a transaction: that nobody changed the nodes' properties since its snapshot.
Status BatchResolver::CheckNodes(const BatchOp& op) {
  for (uint32_t row = 0; row < op.nodes->count; ++row) {
    std::optional<uint32_t> number;
    HG_RETURN_IF_ERROR(state_.nodes_->Find(op.nodes->KeyAt(row), &number));
    if (!number) continue;
    LiveRecord live;
    HG_RETURN_IF_ERROR(FindLiveNode(SourcesOf(kNodeTable), *number, batch_.base_end, &live));
    if (!live.changed_since_base) continue;
    return RowError(Code::kConflict, row,
                    "the node's properties were changed after the transaction's snapshot; retry "
                    "the transaction");
  }
  return Status::Ok();
}

Status GraphState::Resolve(ByteView batch, const BatchLimits& limits, Micros now,
                           std::vector<uint8_t>* payload, CommitReceipt* receipt) {
  if (reinterpret_cast<uintptr_t>(batch.data()) % 8 == 0) {
    return BatchResolver(this, limits, now).Run(batch, payload, receipt);
  }
  if (batch.size() > limits.commit_bytes_max) {
    return {Code::kTooLarge, "a batch is larger than a commit may be"};
  }
  const std::vector<uint8_t> aligned(batch.begin(), batch.end());
  return BatchResolver(this, limits, now).Run(aligned, payload, receipt);
}

}  // namespace hypergraph
