#include "core/query/select.h"

#include <algorithm>

#include "core/query/select_access.h"
#include "core/query/select_compile.h"

namespace hypergraph {

Selector::Selector() : compiled_(std::make_unique<CompiledSelection>()) {}
Selector::~Selector() = default;

Status Selector::Prepare(const Snapshot& snapshot, const Selection& selection, Guard* guard,
                         const SelectOptions& options) {
  return compiled_->Compile(snapshot, selection, guard, options);
}

const TableSchema& Selector::schema() const { return *compiled_->schema; }
uint32_t Selector::source_count() const {
  return static_cast<uint32_t>(compiled_->sources->size());
}
const RowSource& Selector::source(uint32_t index) const { return *(*compiled_->sources)[index]; }
Seq Selector::at() const { return compiled_->at; }
TimeWindow Selector::window() const { return compiled_->window; }
Guard& Selector::guard() const { return *compiled_->guard; }
bool Selector::matches_nothing() const { return compiled_->nothing; }

bool Selector::MatchesAll(uint32_t index) const {
  return !compiled_->nothing && compiled_->WholeRemainder(source(index)).empty();
}

Status Selector::Match(uint32_t index, Rows candidates, std::vector<uint32_t>* matched) {
  if (compiled_->nothing) return Status::Ok();
  const Remainder remainder = compiled_->WholeRemainder(source(index));
  for (uint32_t done = 0; done < candidates.size(); done += kGuardRows) {
    const Rows part = candidates.Slice(done, std::min(kGuardRows, candidates.size() - done));
    HG_RETURN_IF_ERROR(compiled_->guard->Examine(part.size()));
    Rows found = part;
    HG_RETURN_IF_ERROR(compiled_->Check(source(index), remainder, part, &found));
    for (uint32_t i = 0; i < found.size(); ++i) matched->push_back(found[i]);
  }
  return Status::Ok();
}

struct BatchScan::State {
  CompiledSelection* compiled;
  uint32_t next_source = 0;
  std::unique_ptr<SourceCursor> cursor;
};

BatchScan::BatchScan(Selector* selector)
    : state_(std::make_unique<State>(State{&selector->compiled(), 0, nullptr})) {}
BatchScan::~BatchScan() = default;

Status BatchScan::Next(RowBatch* batch) {
  batch->rows = Rows::Range(0, 0);
  CompiledSelection& compiled = *state_->compiled;
  while (!compiled.nothing && !compiled.guard->stopped()) {
    if (state_->cursor == nullptr || state_->cursor->done()) {
      if (state_->next_source == compiled.sources->size()) return Status::Ok();
      state_->cursor =
          std::make_unique<SourceCursor>(&compiled, state_->next_source++, false, std::nullopt);
      HG_RETURN_IF_ERROR(state_->cursor->Open());
      continue;
    }
    batch->source = state_->cursor->source_index();
    HG_RETURN_IF_ERROR(state_->cursor->Next(kGuardRows, &batch->rows));
    if (batch->rows.size() > 0) return Status::Ok();
  }
  return Status::Ok();
}

}  // namespace hypergraph
