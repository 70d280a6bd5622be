#include "core/graph/resolve_find.h"

namespace hypergraph {

namespace {

// Takes the live one of the rows, all of one hyperedge or key, into `found`.
Status TakeLive(const RowSource& source, Rows rows, Seq base_end, std::vector<uint32_t>* scratch,
                LiveRecord* found) {
  if (rows.size() == 0) return Status::Ok();
  scratch->clear();
  HG_RETURN_IF_ERROR(source.SelectVisible(kSeqMax, rows, scratch));
  if (!scratch->empty()) {
    const uint32_t row = scratch->back();
    const Rows one = Rows::List({&row, 1});
    found->source = &source;
    found->row = row;
    HG_RETURN_IF_ERROR(source.Seqs(one, &found->seq));
    HG_RETURN_IF_ERROR(source.Ids(one, &found->id));
    if (base_end != 0) found->changed_since_base = found->seq >= base_end;
    return Status::Ok();
  }
  if (base_end == 0) return Status::Ok();
  HG_RETURN_IF_ERROR(source.SelectVisible(base_end - 1, rows, scratch));
  if (!scratch->empty()) found->changed_since_base = true;
  return Status::Ok();
}

}  // namespace

Status FindLiveId(Sources sources, EdgeId id, Seq base_end, LiveRecord* found) {
  std::vector<uint32_t> rows, scratch;
  for (const RowSource* source : sources) {
    const SourceBounds bounds = source->bounds();
    if (bounds.row_count == 0 || bounds.seq_max < id) continue;  // No version is before its id.
    rows.clear();
    HG_RETURN_IF_ERROR(source->FindId(id, &rows));
    HG_RETURN_IF_ERROR(TakeLive(*source, Rows::List(rows), base_end, &scratch, found));
    if (found->source != nullptr) return Status::Ok();
  }
  return Status::Ok();
}

Status FindLiveKey(Sources sources, std::string_view key, LiveRecord* found) {
  std::vector<uint32_t> rows, scratch;
  for (const RowSource* source : sources) {
    rows.clear();
    HG_RETURN_IF_ERROR(source->FindKey(key, &rows));
    HG_RETURN_IF_ERROR(TakeLive(*source, Rows::List(rows), 0, &scratch, found));
    if (found->source != nullptr) return Status::Ok();
  }
  return Status::Ok();
}

Status FindLiveNode(Sources sources, NodeNumber node, Seq base_end, LiveRecord* found) {
  std::vector<uint32_t> rows, scratch;
  const TimeWindow window{node, Micros{node} + 1};
  for (const RowSource* source : sources) {
    if (source->bounds().row_count == 0) continue;
    if (source->ranked()) {
      uint32_t first, end;
      HG_RETURN_IF_ERROR(source->LowerBound(window.from, &first));
      HG_RETURN_IF_ERROR(source->LowerBound(window.to, &end));
      HG_RETURN_IF_ERROR(
          TakeLive(*source, Rows::Range(first, end - first), base_end, &scratch, found));
    } else {
      rows.clear();
      HG_RETURN_IF_ERROR(source->RowsInWindow(window, UINT32_MAX, false, &rows));
      HG_RETURN_IF_ERROR(TakeLive(*source, Rows::List(rows), base_end, &scratch, found));
    }
    if (found->source != nullptr) return Status::Ok();
  }
  return Status::Ok();
}

}  // namespace hypergraph
