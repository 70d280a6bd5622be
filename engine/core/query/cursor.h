// Where a find goes on: opaque bytes that only this database makes, and that fit one question only.
// They hold nothing of the process, so they survive a restart.
//
// Threads: any.
#ifndef HYPERGRAPH_QUERY_CURSOR_H_
#define HYPERGRAPH_QUERY_CURSOR_H_

#include <optional>
#include <string>

#include "core/base/status.h"
#include "core/graph/snapshot.h"
#include "core/query/plan.h"
#include "core/query/select.h"

namespace hypergraph {

struct Cursor {
  PlanKind kind = PlanKind::kFind;
  bool newest_first = false;
  ByteView question;                 // What its hash in the cursor is of. Borrowed.
  Seq at = 0;                        // What the first page was read at.
  std::optional<Position> position;  // Empty: nothing was settled yet, so begin anew.
};

uint64_t QuestionHash(ByteView question);

std::string EncodeCursor(const Snapshot& snapshot, const Cursor& cursor);

// kInvalid for bytes that this database did not sign, and for those of another question. Requires:
// `cursor` has the kind, direction and question that are asked for now.
Status DecodeCursor(const Snapshot& snapshot, std::string_view bytes, Cursor* cursor);

// What a page is read at: the cursor's own seq as long as history reaches it; otherwise the
// snapshot's, and `lost` says that rows may have changed between the pages.
Seq PageSeq(const Snapshot& snapshot, const Cursor& cursor, bool* lost);

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_CURSOR_H_
