#include "core/graph/batch_reader.h"

#include <algorithm>
#include <cmath>

#include "core/base/utf8.h"
#include "core/graph/batch_parts.h"

namespace hypergraph {

Status RowError(Code code, uint32_t row, std::string_view what) {
  return {code, "row " + std::to_string(row) + ": " + std::string(what)};
}

namespace {

constexpr uint32_t kOpsMax = 1u << 20;

class BatchReader : public BatchParts {
 public:
  using BatchParts::BatchParts;

  Status Read(Batch* batch) {
    if (in_.Get<uint32_t>() != kBatchMagic) return {Code::kInvalid, "these bytes are no batch"};
    const auto op_count = in_.Get<uint32_t>();
    batch->base_end = in_.Get<Seq>();
    if (!in_.ok()) return CutShort();
    if (op_count > kOpsMax) return {Code::kTooLarge, "a batch has at most 1048576 operations"};
    for (uint32_t i = 0; i < op_count; ++i) {
      HG_RETURN_IF_ERROR(ReadOp(&batch->ops.emplace_back()));
      if (!in_.ok()) return CutShort();
    }
    return in_.AtEnd() ? Status::Ok() : Status(Code::kInvalid, "the batch has bytes to spare");
  }

 private:
  Status ReadOp(BatchOp* op) {
    const auto kind = in_.Get<uint8_t>();
    op->kind = static_cast<OpKind>(kind);
    if (!in_.ok()) return CutShort();
    switch (op->kind) {
      case OpKind::kInsert:
        op->table = in_.Get<TableId>();
        return ReadRows(op);
      case OpKind::kUpdate:
        ReadIds(op);
        return ReadRows(op);
      case OpKind::kDelete:
        ReadIds(op);
        return Status::Ok();
      case OpKind::kSetNodes:
      case OpKind::kDropNodes:
        return ReadNodeOp(op);
      case OpKind::kCreateTable:
      case OpKind::kDropTable:
      case OpKind::kAddProperties:
      case OpKind::kCreateIndex:
      case OpKind::kDropIndex:
      case OpKind::kSetOptions:
        return ReadSchemaOp(op);
    }
    return {Code::kInvalid, "operation kind " + std::to_string(kind) + " is unknown"};
  }

  void ReadIds(BatchOp* op) {
    op->table = in_.Get<TableId>();
    op->ids = Array<EdgeId>(in_.Get<uint32_t>());
  }

  Status ReadNodeOp(BatchOp* op) {
    const auto count = in_.Get<uint32_t>();
    op->nodes = std::make_unique<BatchNodeList>();
    HG_RETURN_IF_ERROR(ReadNodes(count, op->nodes.get()));
    if (op->kind == OpKind::kDropNodes) return Status::Ok();
    op->rows = std::make_unique<BatchRows>();
    op->rows->count = count;
    return ReadProperties(true, op->rows.get());
  }

  Status ReadRows(BatchOp* op) {
    const bool insert = op->kind == OpKind::kInsert;
    op->rows = std::make_unique<BatchRows>();
    BatchRows& rows = *op->rows;
    rows.count = in_.Get<uint32_t>();
    rows.fields = in_.Get<uint32_t>();
    if (!in_.ok()) return CutShort();
    if ((rows.fields & ~uint32_t{kBatchAllFields}) != 0) return Invalid("a field is unknown");
    if (insert && (!rows.Has(kBatchEventTs) || !rows.Has(kBatchMembers))) {
      return Invalid("an insert needs event_ts and members");
    }
    if (!insert && rows.count != op->ids.size()) return Invalid("an update needs one id a row");
    if (rows.Has(kBatchRoles) && !rows.Has(kBatchMembers)) return Invalid("roles need members");
    HG_RETURN_IF_ERROR(ReadNumbers(&rows));
    if (rows.Has(kBatchLabel)) HG_RETURN_IF_ERROR(ReadLabels(&rows));
    if (rows.Has(kBatchMembers)) HG_RETURN_IF_ERROR(ReadMembers(&rows));
    if (rows.Has(kBatchKey)) HG_RETURN_IF_ERROR(ReadKeys(&rows));
    if (rows.Has(kBatchProperties)) HG_RETURN_IF_ERROR(ReadProperties(!insert, &rows));
    return in_.ok() ? Status::Ok() : CutShort();
  }

  Status ReadNumbers(BatchRows* rows) {
    const uint32_t count = rows->count;
    if (rows->Has(kBatchEventTs)) rows->event_ts = Array<Micros>(count);
    if (rows->Has(kBatchValidTo)) rows->valid_to = Array<Micros>(count);
    if (rows->Has(kBatchWeight)) rows->weight = Array<double>(count);
    if (!in_.ok()) return CutShort();
    for (uint32_t i = 0; i < rows->event_ts.size(); ++i) {
      const Micros ts = rows->event_ts[i];
      if (ts == kMicrosMin || ts == kMicrosMax) {
        return RowError(Code::kInvalid, i, "event_ts is out of range");
      }
    }
    if (!rows->event_ts.empty()) {
      for (uint32_t i = 0; i < rows->valid_to.size(); ++i) {
        if (rows->valid_to[i] > rows->event_ts[i]) continue;
        return RowError(Code::kInvalid, i, "valid_to is not after event_ts");
      }
    }
    for (uint32_t i = 0; i < rows->weight.size(); ++i) {
      if (!std::isfinite(rows->weight[i])) {
        return RowError(Code::kInvalid, i, "a weight is not finite");
      }
    }
    return Status::Ok();
  }

  Status ReadLabels(BatchRows* rows) {
    const auto count = in_.Get<uint32_t>();
    if (count > in_.remaining() / sizeof(uint32_t)) return CutShort();
    rows->labels.resize(count);
    for (std::string_view& label : rows->labels) HG_RETURN_IF_ERROR(ReadText("a label", &label));
    rows->label_codes = Array<uint32_t>(rows->count);
    for (uint32_t i = 0; i < rows->label_codes.size(); ++i) {
      if (rows->label_codes[i] > count) {
        return RowError(Code::kInvalid, i, "its label is not in the list of labels");
      }
    }
    return in_.ok() ? Status::Ok() : CutShort();
  }

  // count + 1 offsets that start at 0 and never fall.
  Status ReadOffsets(uint32_t count, UnalignedArray<uint32_t>* offsets) {
    *offsets = Array<uint32_t>(uint64_t{count} + 1);
    if (!in_.ok()) return CutShort();
    uint32_t last = 0;
    bool ascend = (*offsets)[0] == 0;
    for (uint32_t i = 0; i <= count; ++i) {
      ascend = ascend && (*offsets)[i] >= last;
      last = (*offsets)[i];
    }
    return ascend ? Status::Ok() : Invalid("offsets do not ascend from 0");
  }

  Status ReadMembers(BatchRows* rows) {
    HG_RETURN_IF_ERROR(ReadOffsets(rows->count, &rows->member_offsets));
    for (uint32_t i = 0; i < rows->count; ++i) {
      if (rows->member_offsets[i] == rows->member_offsets[i + 1]) {
        return RowError(Code::kInvalid, i, "a hyperedge needs at least one member");
      }
    }
    const uint32_t total = rows->member_offsets[rows->count];
    HG_RETURN_IF_ERROR(ReadNodes(total, &rows->members));
    if (rows->Has(kBatchRoles)) HG_RETURN_IF_ERROR(ReadRoles(total, rows));
    switch (rows->members.form) {
      case NodesForm::kU32:
        return CheckRepeats(*rows, rows->members.small);
      case NodesForm::kU64:
        return CheckRepeats(*rows, rows->members.integers);
      case NodesForm::kKeys:
        return CheckRepeats(
            *rows, UnalignedArray<uint32_t>(std::span<const uint32_t>(rows->members.places)));
    }
    return Status::Ok();
  }

  Status ReadRoles(uint32_t total, BatchRows* rows) {
    const auto count = in_.Get<uint32_t>();
    if (count > kRolesMax) return {Code::kTooLarge, "a batch has at most 255 roles"};
    for (uint32_t i = 0; i < count; ++i) {
      std::string_view role;
      HG_RETURN_IF_ERROR(ReadText("a role", &role));
      const auto& known = rows->roles;
      if (role.empty() || std::find(known.begin(), known.end(), role) != known.end()) {
        return Invalid("the list of roles has an empty or repeated one");
      }
      rows->roles.push_back(role);
    }
    rows->role_codes = Array<uint8_t>(total);
    if (!in_.ok()) return CutShort();
    for (uint32_t i = 0; i < total; ++i) {
      if (rows->role_codes[i] > count) return Invalid("a role is not in the list of roles");
    }
    return Status::Ok();
  }

  template <typename T>
  Status CheckRepeats(const BatchRows& rows, const UnalignedArray<T>& nodes) {
    constexpr uint32_t kFew = 16;
    const bool roles = !rows.role_codes.empty();
    std::vector<std::pair<uint64_t, uint8_t>> sorted;
    for (uint32_t row = 0; row < rows.count; ++row) {
      const uint32_t begin = rows.member_offsets[row];
      const uint32_t end = rows.member_offsets[row + 1];
      bool repeated = false;
      if (end - begin <= kFew) {
        for (uint32_t i = begin + 1; i < end; ++i) {
          for (uint32_t j = begin; j < i; ++j) {
            repeated |=
                nodes[i] == nodes[j] && (!roles || rows.role_codes[i] == rows.role_codes[j]);
          }
        }
      } else {
        sorted.clear();
        for (uint32_t i = begin; i < end; ++i) {
          sorted.emplace_back(nodes[i], roles ? rows.role_codes[i] : uint8_t{0});
        }
        std::sort(sorted.begin(), sorted.end());
        repeated = std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
      }
      if (repeated) return RowError(Code::kInvalid, row, "a member is repeated in the same role");
    }
    return Status::Ok();
  }

  Status ReadKeys(BatchRows* rows) {
    HG_RETURN_IF_ERROR(ReadOffsets(rows->count, &rows->key_offsets));
    rows->keys = AsText(in_.GetBytes(rows->key_offsets[rows->count]));
    if (!in_.ok()) return CutShort();
    for (uint32_t i = 0; i < rows->count; ++i) {
      const std::string_view key = rows->KeyOf(i);
      if (key.size() > kKeyBytesMax) {
        return RowError(Code::kTooLarge, i, "its key has more than 255 bytes");
      }
      if (!IsUtf8(key)) return RowError(Code::kInvalid, i, "its key is not UTF-8");
    }
    return Status::Ok();
  }

  Status ReadProperties(bool may_leave, BatchRows* rows) {
    const auto count = in_.Get<uint16_t>();
    std::vector<bool> seen;
    for (uint32_t i = 0; i < count; ++i) {
      BatchProperty property;
      property.property = in_.Get<PropertyIndex>();
      const auto type = in_.Get<uint8_t>();
      const auto has_present = in_.Get<uint8_t>();
      if (!in_.ok()) return CutShort();
      if (!IsPropertyType(type)) return Invalid("a property's type is unknown");
      property.type = static_cast<PropertyType>(type);
      if (property.property >= seen.size()) seen.resize(size_t{property.property} + 1);
      if (seen[property.property]) return Invalid("a property is given twice");
      seen[property.property] = true;
      if (has_present != 0) {
        property.present = Array<uint8_t>(rows->count);
        const uint8_t greatest = may_leave ? 2 : 1;
        for (uint32_t row = 0; row < property.present.size(); ++row) {
          if (property.present[row] > greatest) {
            return RowError(Code::kInvalid, row, "a property is neither null nor a value");
          }
        }
      }
      HG_RETURN_IF_ERROR(ReadValues(rows->count, &property));
      rows->properties.push_back(property);
    }
    return in_.ok() ? Status::Ok() : CutShort();
  }

  Status ReadValues(uint32_t count, BatchProperty* property) {
    const auto is_value = [&](uint32_t row) { return property->At(row) == Presence::kValue; };
    if (property->type == PropertyType::kString) {
      HG_RETURN_IF_ERROR(ReadOffsets(count, &property->text_offsets));
      property->texts = AsText(in_.GetBytes(property->text_offsets[count]));
      if (!in_.ok()) return CutShort();
      for (uint32_t row = 0; row < count; ++row) {
        if (is_value(row)) HG_RETURN_IF_ERROR(CheckText("a property", property->TextOf(row)));
      }
      return Status::Ok();
    }
    if (property->type == PropertyType::kFloat64) {
      property->floats = Array<double>(count);
      if (!in_.ok()) return CutShort();
      for (uint32_t row = 0; row < count; ++row) {
        if (is_value(row) && !std::isfinite(property->floats[row])) {
          return RowError(Code::kInvalid, row, "a property is not finite");
        }
      }
      return Status::Ok();
    }
    property->integers = Array<int64_t>(count);
    if (!in_.ok()) return CutShort();
    if (property->type != PropertyType::kBool) return Status::Ok();
    for (uint32_t row = 0; row < count; ++row) {
      const int64_t value = property->integers[row];
      if (is_value(row) && value != 0 && value != 1) {
        return RowError(Code::kTypeMismatch, row, "a bool is neither 0 nor 1");
      }
    }
    return Status::Ok();
  }
};

}  // namespace

Status ReadBatch(ByteView bytes, const BatchLimits& limits, Batch* batch) {
  if (bytes.size() > limits.commit_bytes_max) {
    return {Code::kTooLarge,
            "a batch has at most " + std::to_string(limits.commit_bytes_max) + " bytes"};
  }
  return BatchReader(bytes, limits).Read(batch);
}

}  // namespace hypergraph
