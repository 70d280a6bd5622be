#include "core/query/find.h"

#include <algorithm>

#include "core/query/cursor.h"
#include "core/query/filter.h"
#include "core/query/find_columns.h"
#include "core/query/find_page.h"
#include "core/query/result.h"

namespace hypergraph {
namespace {

struct PageQuestion {
  const Selection* selection;
  std::span<const ColumnRef> columns;
  std::string_view cursor_bytes;
  const std::vector<Micros>* instants = nullptr;
  Cursor cursor;  // Its kind, direction and question are set.
};

Status WriteColumns(const PageQuestion& question, const FindPage& page, const TableSchema& schema,
                    const Dictionary& nodes, ResultWriter* writer) {
  FindColumns columns(page, schema, nodes, writer);
  if (question.cursor.kind == PlanKind::kNodes) HG_RETURN_IF_ERROR(columns.WriteNodeNumbers());
  for (const ColumnRef column : question.columns) HG_RETURN_IF_ERROR(columns.Write(column));
  return Status::Ok();
}

Status RunPage(const Snapshot& snapshot, PageQuestion question, Guard* guard,
               std::vector<uint8_t>* result) {
  ResultSummary summary;
  summary.seq = snapshot.seq;
  std::optional<Position> after;
  if (!question.cursor_bytes.empty()) {
    HG_RETURN_IF_ERROR(DecodeCursor(snapshot, question.cursor_bytes, &question.cursor));
    summary.seq = PageSeq(snapshot, question.cursor, &summary.snapshot_lost);
    after = question.cursor.position;
  }
  Selector selector;
  HG_RETURN_IF_ERROR(selector.Prepare(snapshot, *question.selection, guard,
                                      {.at = summary.seq, .instants = question.instants}));
  for (const ColumnRef column : question.columns) {
    HG_RETURN_IF_ERROR(CheckColumn(selector.schema(), column));
  }
  HG_RETURN_IF_ERROR(guard->Look());
  FindPage page(&selector, question.cursor.newest_first, question.columns);
  FindPage::End end;
  HG_RETURN_IF_ERROR(page.Fill(after, &end));
  const bool is_nodes = question.cursor.kind == PlanKind::kNodes;
  const auto column_count = static_cast<uint32_t>(question.columns.size() + (is_nodes ? 1 : 0));
  ResultWriter writer(question.cursor.kind, column_count, result);
  // Offsets of lists and texts, validity and alignment come on top of the values.
  writer.Reserve(page.bytes() + uint64_t{column_count} * (page.row_count() / 8 + 32) +
                 (is_nodes ? 4 * uint64_t{page.row_count()} : 0) + 128);
  HG_RETURN_IF_ERROR(WriteColumns(question, page, selector.schema(), *snapshot.nodes, &writer));
  std::string cursor;
  if (end.more) {
    question.cursor.at = summary.seq;
    question.cursor.position = end.position;
    cursor = EncodeCursor(snapshot, question.cursor);
  }
  summary.cursor = cursor;
  summary.whole = !end.more;
  summary.row_count = page.row_count();
  return writer.Finish(summary, *guard);
}

}  // namespace

Status RunFind(const Snapshot& snapshot, const FindPlan& plan, Guard* guard,
               std::vector<uint8_t>* result) {
  PageQuestion question;
  question.selection = &plan.selection;
  question.columns = plan.columns;
  question.cursor_bytes = plan.cursor;
  question.cursor.kind = PlanKind::kFind;
  question.cursor.newest_first = plan.newest_first;
  question.cursor.question = plan.question;
  return RunPage(snapshot, question, guard, result);
}

Status RunNodes(const Snapshot& snapshot, const Plan& plan, Guard* guard,
                std::vector<uint8_t>* result) {
  for (const ColumnRef column : plan.nodes.columns) {
    if (column.kind != ColumnKind::kProperty) {
      return {Code::kInvalid, "of nodes, only properties can be asked for"};
    }
  }
  std::vector<Micros> numbers;
  for (const OwnedNodeKey& node : plan.nodes.nodes) {
    std::optional<uint32_t> number;
    HG_RETURN_IF_ERROR(snapshot.nodes->Find(
        {.is_text = node.is_text, .integer = node.integer, .text = node.text}, &number));
    if (number) numbers.push_back(*number);
    HG_RETURN_IF_ERROR(guard->Work(1));
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  Selection selection;
  selection.table = kNodeTable;
  selection.filter = plan.nodes.filter;
  PageQuestion question;
  question.selection = &selection;
  question.columns = plan.nodes.columns;
  question.cursor_bytes = plan.nodes.cursor;
  question.instants = plan.nodes.nodes.empty() ? nullptr : &numbers;
  question.cursor.kind = PlanKind::kNodes;
  question.cursor.question = plan.nodes.question;
  return RunPage(snapshot, question, guard, result);
}

}  // namespace hypergraph
