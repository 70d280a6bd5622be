// Carrying a commit record out: live, and in recovery from the log.
#include <algorithm>

#include "core/graph/graph_state.h"

namespace hypergraph {

namespace {

Status DamagedCommit(const char* what) {
  return {Code::kCorrupt, std::string("a commit record does not fit the database: ") + what};
}

}  // namespace

class RecordApplier {
 public:
  RecordApplier(GraphState* state, ByteView payload) : state_(*state), in_(payload) {}

  Status Run() {
    HG_RETURN_IF_ERROR(DecodeCommitHeader(&in_, &header_));
    if (header_.first_seq != state_.last_seq_ + 1)
      return DamagedCommit("its number is not the next one");
    const uint64_t taken = std::max(header_.record_count, 1u);
    if (taken > kSeqMax - state_.last_seq_) return DamagedCommit("numbers have run out");
    next_seq_ = header_.first_seq;
    HG_RETURN_IF_ERROR(ApplyKeys(state_.nodes_.get(), &state_.nodes_logged_end_, false));
    HG_RETURN_IF_ERROR(ApplyKeys(state_.symbols_.get(), &state_.symbols_logged_end_, true));
    while (in_.ok() && !in_.AtEnd()) HG_RETURN_IF_ERROR(ApplySection());
    if (!in_.ok()) return DamagedCommit("it is cut short");
    if (next_seq_ - header_.first_seq != header_.record_count)
      return DamagedCommit("its record count");
    state_.NoteCommit(header_.first_seq + taken - 1, header_.committed_at);
    return Status::Ok();
  }

  // See GraphState::OnlyAppends.
  bool OnlyAppends() {
    if (!DecodeCommitHeader(&in_, &header_).ok()) return false;
    uint32_t nodes_end = 0, symbols_end = 0;
    if (header_.first_seq != state_.last_seq_ + 1 ||
        header_.record_count > kSeqMax - state_.last_seq_ ||
        !ApplyKeys(state_.nodes_.get(), &nodes_end, false).ok() ||
        !ApplyKeys(state_.symbols_.get(), &symbols_end, true).ok() ||
        in_.Get<SectionKind>() != SectionKind::kRows || !DecodeRows(&in_, &block_).ok() ||
        !in_.AtEnd()) {
      return false;
    }
    const auto table = state_.tables_.find(block_.table);
    return table != state_.tables_.end() && block_.count == header_.record_count &&
           block_.ids.empty() && GreatestMember() < state_.nodes_->end() &&
           table->second.active->HasRoomFor(block_);
  }

 private:
  // Live, Resolve has interned these keys already; so has the dictionary's file when a flush took
  // in keys of a later log. Then numbers are there, and the same.
  Status ApplyKeys(Dictionary* dictionary, uint32_t* logged_end, bool symbols) {
    const auto first = in_.Get<uint32_t>();
    const auto count = in_.Get<uint32_t>();
    const uint32_t known_end = dictionary->end();
    if (first > known_end) return DamagedCommit("keys are missing before its own");
    for (uint32_t i = 0; i < count && in_.ok(); ++i) {
      NodeKey key;
      key.is_text = symbols || in_.Get<uint8_t>() != 0;
      if (key.is_text) {
        key.text = in_.GetText();
      } else {
        key.integer = in_.Get<uint64_t>();
      }
      if (!in_.ok() || uint64_t{first} + i < known_end) continue;
      uint32_t number;
      bool fresh;
      HG_RETURN_IF_ERROR(dictionary->Intern(key, &number, &fresh));
      if (!fresh || number != first + i) return DamagedCommit("a key has another number already");
    }
    *logged_end = std::max(*logged_end, first + count);
    return in_.ok() ? Status::Ok() : DamagedCommit("its keys are cut short");
  }

  Status ApplySection() {
    switch (static_cast<SectionKind>(in_.Get<uint8_t>())) {
      case SectionKind::kRows:
        return ApplyRows();
      case SectionKind::kDeletes:
        return ApplyDeletes();
      case SectionKind::kSchema: {
        auto schema = std::make_shared<Schema>();
        HG_RETURN_IF_ERROR(DecodeSchema(&in_, schema.get()));
        state_.SetSchema(std::move(schema));
        return Status::Ok();
      }
    }
    return DamagedCommit("a section of an unknown kind");
  }

  Status ApplyRows() {
    HG_RETURN_IF_ERROR(DecodeRows(&in_, &block_));
    const Seq first_seq = next_seq_;
    next_seq_ += block_.count;
    const auto table = state_.tables_.find(block_.table);
    // The same commit may drop the table.
    if (table == state_.tables_.end()) return Status::Ok();
    if (!block_.members.empty() && GreatestMember() >= state_.nodes_->end()) {
      return DamagedCommit("no such node");
    }
    HG_RETURN_IF_ERROR(table->second.active->Append(block_, first_seq));
    for (uint32_t i = 0; i < block_.replaces.size(); ++i) {
      if (block_.replaces[i] == 0) continue;
      HG_RETURN_IF_ERROR(
          state_.MarkSuperseded(table->second, block_.ids[i], block_.replaces[i], first_seq + i));
    }
    return Status::Ok();
  }

  NodeNumber GreatestMember() const {
    NodeNumber greatest = 0;
    for (size_t i = 0; i < block_.members.size(); ++i) {
      greatest = std::max(greatest, block_.members[i]);
    }
    return greatest;
  }

  Status ApplyDeletes() {
    DeleteBlock block;
    HG_RETURN_IF_ERROR(DecodeDeletes(&in_, &block));
    const Seq first_seq = next_seq_;
    next_seq_ += block.ids.size();
    const auto table = state_.tables_.find(block.table);
    if (table == state_.tables_.end()) return Status::Ok();
    for (uint32_t i = 0; i < block.ids.size(); ++i) {
      HG_RETURN_IF_ERROR(
          state_.MarkSuperseded(table->second, block.ids[i], block.replaces[i], first_seq + i));
    }
    return Status::Ok();
  }

  GraphState& state_;
  ByteReader in_;
  CommitHeader header_;
  Seq next_seq_ = 0;
  RowBlock block_;
};

bool GraphState::OnlyAppends(ByteView payload) {
  return RecordApplier(this, payload).OnlyAppends();
}

Status GraphState::Apply(ByteView payload) { return RecordApplier(this, payload).Run(); }

}  // namespace hypergraph
