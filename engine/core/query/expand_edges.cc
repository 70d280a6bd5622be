#include "core/query/expand_edges.h"

#include "core/query/select_compile.h"

namespace hypergraph {

namespace {

Status CountSource(const RowSource& source, TimeWindow window, uint32_t* row_count) {
  const SourceBounds bounds = source.bounds();
  *row_count = 0;
  if (bounds.row_count == 0 || bounds.ts_max < window.from || bounds.ts_min >= window.to) {
    return Status::Ok();
  }
  *row_count = bounds.row_count;
  if (!source.ranked()) return Status::Ok();
  uint32_t first = 0;
  uint32_t end = 0;
  HG_RETURN_IF_ERROR(source.LowerBound(window.from, &first));
  HG_RETURN_IF_ERROR(source.LowerBound(window.to, &end));
  *row_count = end > first ? end - first : 0;
  return Status::Ok();
}

}  // namespace

Status CountWindow(const Selector& selector, uint64_t* row_count, double* share) {
  uint64_t all = 0;
  *row_count = 0;
  for (uint32_t i = 0; i < selector.source_count(); ++i) {
    uint32_t inside = 0;
    HG_RETURN_IF_ERROR(CountSource(selector.source(i), selector.window(), &inside));
    *row_count += inside;
    all += selector.source(i).bounds().row_count;
  }
  *share = all == 0 ? 0 : static_cast<double>(*row_count) / static_cast<double>(all);
  return Status::Ok();
}

Status LoadEdges(const RowSource& source, Rows rows, EdgeColumns* columns) {
  uint32_t count = 0;
  HG_RETURN_IF_ERROR(RowsWithin(source, rows, kMembersInBatch, &columns->arities, &count));
  rows = rows.Slice(0, count);
  columns->ts.resize(rows.size());
  columns->seq.resize(rows.size());
  columns->id.resize(rows.size());
  columns->members.Clear();
  if (rows.size() == 0) return Status::Ok();
  HG_RETURN_IF_ERROR(source.EventTs(rows, columns->ts.data()));
  HG_RETURN_IF_ERROR(source.Seqs(rows, columns->seq.data()));
  HG_RETURN_IF_ERROR(source.Ids(rows, columns->id.data()));
  return source.Members(rows, &columns->members);
}

bool EdgeStream::Fill() {
  at_ = 0;
  if (batch_.rows.size() == 0) status_ = scan_.Next(&batch_);
  if (!status_.ok() || batch_.rows.size() == 0) return false;
  status_ = LoadEdges(selector_->source(batch_.source), batch_.rows, &edges_);
  if (status_.ok()) status_ = selector_->guard().Work(edges_.Units());
  if (!status_.ok()) return false;
  batch_.rows = batch_.rows.Slice(edges_.size(), batch_.rows.size() - edges_.size());
  return true;
}

}  // namespace hypergraph
