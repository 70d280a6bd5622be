// Checks rows that an access path found for the rest of a selection.
#include <algorithm>

#include "core/query/select_compile.h"

namespace hypergraph {

Status RowsWithin(const RowSource& source, Rows rows, uint64_t members_max,
                  std::vector<uint32_t>* arities, uint32_t* count) {
  // Enough for hyperedges of any usual size to pass in one go, and little to read for them.
  const uint32_t looked_at = std::min(rows.size(), kGuardRows);
  *count = looked_at;
  if (source.bounds().member_count <= members_max) return Status::Ok();
  arities->resize(looked_at);
  HG_RETURN_IF_ERROR(source.Arities(rows.Slice(0, looked_at), arities->data()));
  uint64_t members = 0;
  for (*count = 0; *count < looked_at; ++*count) {
    members += (*arities)[*count];
    if (members > members_max && *count > 0) break;
  }
  return Status::Ok();
}

Status CompiledSelection::Check(const RowSource& source, const Remainder& remainder, Rows rows,
                                Rows* matched) {
  *matched = rows;
  if (remainder.visible && remainder.visible_first) {
    HG_RETURN_IF_ERROR(CheckVisible(source, matched));
  }
  if (remainder.ids && matched->size() > 0) HG_RETURN_IF_ERROR(CheckIds(source, matched));
  for (const FilterStep* filter : remainder.filters) {
    if (matched->size() == 0) return Status::Ok();
    std::vector<uint32_t>* into = NextBuffer();
    HG_RETURN_IF_ERROR(RunFilter(*filter, source, *matched, &scratch_, into));
    *matched = Rows::List(*into);
  }
  if (remainder.visible && !remainder.visible_first && matched->size() > 0) {
    HG_RETURN_IF_ERROR(CheckVisible(source, matched));
  }
  if (remainder.valid_at && matched->size() > 0) HG_RETURN_IF_ERROR(CheckValidAt(source, matched));
  if (remainder.keys && matched->size() > 0) HG_RETURN_IF_ERROR(CheckKeys(source, matched));
  if (remainder.members && matched->size() > 0) HG_RETURN_IF_ERROR(CheckMembers(source, matched));
  return Status::Ok();
}

Status CompiledSelection::CheckVisible(const RowSource& source, Rows* rows) {
  std::vector<uint32_t>* into = NextBuffer();
  HG_RETURN_IF_ERROR(source.SelectVisible(at, *rows, into));
  // A range that is visible as a whole stays one, which is faster to read.
  if (rows->contiguous() && into->size() == rows->size()) return Status::Ok();
  *rows = Rows::List(*into);
  return Status::Ok();
}

Status CompiledSelection::CheckValidAt(const RowSource& source, Rows* rows) {
  ends_.resize(rows->size());
  HG_RETURN_IF_ERROR(source.ValidTo(*rows, ends_.data()));
  std::vector<uint32_t>* into = NextBuffer();
  // The window has seen to event_ts <= valid_at.
  for (uint32_t i = 0; i < rows->size(); ++i) {
    if (ends_[i] > *valid_at || ends_[i] == kMicrosMax) into->push_back((*rows)[i]);
  }
  *rows = Rows::List(*into);
  return Status::Ok();
}

Status CompiledSelection::CheckIds(const RowSource& source, Rows* rows) {
  edge_ids_.resize(rows->size());
  HG_RETURN_IF_ERROR(source.Ids(*rows, edge_ids_.data()));
  std::vector<uint32_t>* into = NextBuffer();
  for (uint32_t i = 0; i < rows->size(); ++i) {
    if (std::binary_search(ids.begin(), ids.end(), edge_ids_[i])) into->push_back((*rows)[i]);
  }
  *rows = Rows::List(*into);
  return Status::Ok();
}

Status CompiledSelection::CheckKeys(const RowSource& source, Rows* rows) {
  texts_.clear();
  HG_RETURN_IF_ERROR(source.Keys(*rows, &texts_));
  std::vector<uint32_t>* into = NextBuffer();
  for (uint32_t i = 0; i < rows->size(); ++i) {
    if (std::binary_search(keys.begin(), keys.end(), texts_[i])) into->push_back((*rows)[i]);
  }
  *rows = Rows::List(*into);
  return Status::Ok();
}

Status CompiledSelection::CheckMembers(const RowSource& source, Rows* rows) {
  term_rows_.resize(terms.size());
  std::vector<uint32_t>* into = NextBuffer();
  for (uint32_t done = 0; done < rows->size();) {
    uint32_t count = 0;
    HG_RETURN_IF_ERROR(RowsWithin(source, rows->Slice(done, rows->size() - done), kMembersInBatch,
                                  &arities_, &count));
    const Rows part = rows->Slice(done, count);
    members_.Clear();
    HG_RETURN_IF_ERROR(source.Members(part, &members_));
    CountTerms(part, members_, into);
    done += count;
  }
  *rows = Rows::List(*into);
  return Status::Ok();
}

void CompiledSelection::CountTerms(Rows rows, const MemberColumns& members,
                                   std::vector<uint32_t>* matched) {
  for (uint32_t i = 0; i < rows.size(); ++i) {
    ++term_row_;
    uint32_t held = 0;
    for (uint32_t k = members.offsets[i]; k < members.offsets[i + 1]; ++k) {
      const NodeNumber node = members.nodes[k];
      const Symbol role = members.roles.empty() ? kSymbolNone : members.roles[k];
      auto term = std::lower_bound(terms.begin(), terms.end(), node,
                                   [](const Term& a, NodeNumber b) { return a.node < b; });
      for (; term != terms.end() && term->node == node; ++term) {
        if (!term->any_role && term->role != role) continue;
        // A node in two roles holds a term that asks for no role once.
        uint64_t& counted = term_rows_[static_cast<size_t>(term - terms.begin())];
        if (counted == term_row_) continue;
        counted = term_row_;
        ++held;
      }
    }
    if (held >= terms_at_least) matched->push_back(rows[i]);
  }
}

}  // namespace hypergraph
