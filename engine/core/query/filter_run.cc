#include <utility>

#include "core/query/filter.h"

namespace hypergraph {
namespace {

// Appends those of `rows` that come neither in `without`, a part of them in the same order. Row
// numbers are compared for equality only: those of a memtable are in no order.
void AppendDifference(Rows rows, std::span<const uint32_t> without, std::vector<uint32_t>* into) {
  size_t next = 0;
  for (uint32_t i = 0; i < rows.size(); ++i) {
    if (next < without.size() && without[next] == rows[i]) {
      ++next;
    } else {
      into->push_back(rows[i]);
    }
  }
}

// Merges two disjoint parts of `rows`, each in the order of `rows`.
void MergeParts(Rows rows, std::span<const uint32_t> left, std::span<const uint32_t> right,
                std::vector<uint32_t>* into) {
  size_t at_left = 0;
  size_t at_right = 0;
  for (uint32_t i = 0; i < rows.size(); ++i) {
    if (at_left < left.size() && left[at_left] == rows[i]) {
      into->push_back(left[at_left++]);
    } else if (at_right < right.size() && right[at_right] == rows[i]) {
      into->push_back(right[at_right++]);
    }
  }
}

// A vector of the scratch that goes back to it.
class Borrowed {
 public:
  explicit Borrowed(FilterScratch* scratch) : scratch_(scratch), rows_(scratch->Take()) {}
  ~Borrowed() { scratch_->GiveBack(rows_); }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  std::vector<uint32_t>& operator*() { return *rows_; }
  std::vector<uint32_t>* get() { return rows_; }

 private:
  FilterScratch* scratch_;
  std::vector<uint32_t>* rows_;
};

void AppendRows(Rows rows, std::vector<uint32_t>* into) {
  for (uint32_t i = 0; i < rows.size(); ++i) into->push_back(rows[i]);
}

Status RunCompareNot(const FilterStep& step, const RowSource& source, Rows rows,
                     FilterScratch* scratch, std::vector<uint32_t>* selected) {
  Borrowed valued(scratch);
  Borrowed holding(scratch);
  const Comparison not_null{step.compare.column, CompareOp::kIsNotNull, {}};
  HG_RETURN_IF_ERROR(source.Select(not_null, rows, valued.get()));
  HG_RETURN_IF_ERROR(source.Select(step.compare, Rows::List(*valued), holding.get()));
  AppendDifference(Rows::List(*valued), *holding, selected);
  return Status::Ok();
}

Status RunAnd(const FilterStep& step, const RowSource& source, Rows rows, FilterScratch* scratch,
              std::vector<uint32_t>* selected) {
  Borrowed current(scratch);
  Borrowed next(scratch);
  Rows left = rows;
  for (size_t i = 0; i < step.children.size() && left.size() > 0; ++i) {
    const bool last = i + 1 == step.children.size();
    (*next).clear();
    HG_RETURN_IF_ERROR(
        RunFilter(step.children[i], source, left, scratch, last ? selected : next.get()));
    std::swap(*current, *next);
    left = Rows::List(*current);
  }
  return Status::Ok();
}

Status RunOr(const FilterStep& step, const RowSource& source, Rows rows, FilterScratch* scratch,
             std::vector<uint32_t>* selected) {
  Borrowed open(scratch);
  Borrowed still_open(scratch);
  Borrowed found(scratch);
  Borrowed holding(scratch);
  Borrowed merged(scratch);
  AppendRows(rows, open.get());
  for (const FilterStep& child : step.children) {
    if ((*open).empty()) break;
    (*found).clear();
    HG_RETURN_IF_ERROR(RunFilter(child, source, Rows::List(*open), scratch, found.get()));
    if ((*found).empty()) continue;
    (*merged).clear();
    MergeParts(rows, *holding, *found, merged.get());
    std::swap(*holding, *merged);
    (*still_open).clear();
    AppendDifference(Rows::List(*open), *found, still_open.get());
    std::swap(*open, *still_open);
  }
  selected->insert(selected->end(), (*holding).begin(), (*holding).end());
  return Status::Ok();
}

}  // namespace

std::vector<uint32_t>* FilterScratch::Take() {
  if (free_.empty()) {
    all_.push_back(std::make_unique<std::vector<uint32_t>>());
    free_.push_back(all_.back().get());
  }
  std::vector<uint32_t>* rows = free_.back();
  free_.pop_back();
  rows->clear();
  return rows;
}

void FilterScratch::GiveBack(std::vector<uint32_t>* rows) { free_.push_back(rows); }

Status RunFilter(const FilterStep& step, const RowSource& source, Rows rows, FilterScratch* scratch,
                 std::vector<uint32_t>* selected) {
  switch (step.kind) {
    case FilterStep::Kind::kNever:
      return Status::Ok();
    case FilterStep::Kind::kAlways:
      AppendRows(rows, selected);
      return Status::Ok();
    case FilterStep::Kind::kCompare:
      return source.Select(step.compare, rows, selected);
    case FilterStep::Kind::kCompareNot:
      return RunCompareNot(step, source, rows, scratch, selected);
    case FilterStep::Kind::kAnd:
      return RunAnd(step, source, rows, scratch, selected);
    case FilterStep::Kind::kOr:
      return RunOr(step, source, rows, scratch, selected);
  }
  return Status::Ok();
}

}  // namespace hypergraph
