#include "core/query/explain.h"

#include <map>
#include <string>

#include "core/query/result.h"
#include "core/query/select_access.h"

namespace hypergraph {
namespace {

struct Steps {
  std::vector<std::string> step;
  std::vector<std::string> detail;
  std::vector<double> estimated_rows;
  std::vector<uint8_t> estimated;

  void Add(std::string what, std::string how) {
    step.push_back(std::move(what));
    detail.push_back(std::move(how));
    estimated_rows.push_back(0);
    estimated.push_back(0);
  }
  void Add(std::string what, std::string how, uint64_t rows) {
    Add(std::move(what), std::move(how));
    estimated_rows.back() = static_cast<double>(rows);
    estimated.back() = 1;
  }
};

std::string PathName(const AccessChoice& choice) {
  switch (choice.path) {
    case AccessPath::kNothing:
      return "skip";
    case AccessPath::kIds:
      return "ids";
    case AccessPath::kKeys:
      return "keys";
    case AccessPath::kIndex:
      return "index " + choice.index->name;
    case AccessPath::kMembers:
      return "members";
    case AccessPath::kInstants:
      return "nodes";
    case AccessPath::kWindow:
      return "time window";
  }
  return "";
}

std::string Counted(uint64_t count, const char* one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

struct PathUse {
  uint64_t segments = 0, memtables = 0, rows = 0;
  const IndexPlan* index = nullptr;
};

Status AddAccess(const CompiledSelection& compiled, Steps* steps,
                 std::vector<bool>* settled_everywhere) {
  std::map<std::string, PathUse> uses;
  for (const auto& source : *compiled.sources) {
    AccessChoice choice;
    HG_RETURN_IF_ERROR(ChooseAccess(compiled, *source, &choice));
    PathUse& use = uses[PathName(choice)];
    ++(source->ranked() ? use.segments : use.memtables);
    use.rows += choice.estimated_rows;
    for (size_t i = 0; i < settled_everywhere->size(); ++i) {
      const bool settled = choice.path == AccessPath::kNothing ||
                           (choice.path == AccessPath::kIndex && choice.index->settled[i]);
      if (!settled) (*settled_everywhere)[i] = false;
    }
  }
  for (const auto& [name, use] : uses) {
    std::string where;
    if (use.segments > 0) where = Counted(use.segments, "segment");
    if (use.memtables > 0)
      where += (where.empty() ? "" : ", ") + Counted(use.memtables, "memtable");
    steps->Add(name, where, use.rows);
  }
  return Status::Ok();
}

void AddChecks(const CompiledSelection& compiled, const Selection& selection,
               const std::vector<bool>& settled_everywhere, Steps* steps) {
  if (compiled.terms_at_least > 0 && !compiled.nodes_suffice) {
    steps->Add("check", "at least " + std::to_string(compiled.terms_at_least) + " of " +
                            Counted(selection.members.size(), "member") + ", with their roles");
  }
  for (size_t i = 0; i < compiled.conjuncts.size(); ++i) {
    if (settled_everywhere[i]) continue;
    steps->Add("filter", FilterText(*compiled.schema, compiled.conjuncts[i]));
  }
  if (compiled.valid_at) {
    steps->Add("check", "valid_to > " + std::to_string(*compiled.valid_at));
  }
  for (const auto& source : *compiled.sources) {
    if (source->AllVisible(compiled.at)) continue;
    steps->Add("check", "visible at seq " + std::to_string(compiled.at));
    break;
  }
}

void AddTexts(ResultWriter* writer, ResultKind kind, const std::vector<std::string>& texts) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  writer->AddText(static_cast<uint8_t>(kind), 0, views);
}

}  // namespace

Status RunExplain(const Snapshot& snapshot, const Plan& plan, Guard* guard,
                  std::vector<uint8_t>* result) {
  const Selection& selection = plan.find.selection;
  CompiledSelection compiled;
  HG_RETURN_IF_ERROR(compiled.Compile(snapshot, selection, guard, {}));
  for (const ColumnRef column : plan.find.columns) {
    HG_RETURN_IF_ERROR(CheckColumn(*compiled.schema, column));
  }
  Steps steps;
  if (compiled.nothing) {
    steps.Add("nothing", "no row can match", 0);
  } else {
    std::vector<bool> settled(compiled.conjuncts.size(), true);
    HG_RETURN_IF_ERROR(AddAccess(compiled, &steps, &settled));
    AddChecks(compiled, selection, settled, &steps);
    steps.Add("order", plan.find.newest_first ? "newest first" : "oldest first");
  }
  ResultWriter writer(PlanKind::kExplain, 3, result);
  AddTexts(&writer, ResultKind::kStep, steps.step);
  AddTexts(&writer, ResultKind::kDetail, steps.detail);
  writer.AddF64(static_cast<uint8_t>(ResultKind::kEstimatedRows), 0, steps.estimated_rows,
                steps.estimated);
  ResultSummary summary;
  summary.row_count = static_cast<uint32_t>(steps.step.size());
  summary.seq = snapshot.seq;
  return writer.Finish(summary, *guard);
}

}  // namespace hypergraph
