// Any bytes as a cursor, most of them signed by the database itself: refused, or a page that holds
// together.
//
//   u8 flags (bit 0 newest first, bit 1 node properties, bit 2 not signed, bit 3 of any question),
//   then the cursor
#include "core/query/cursor.h"

#include "core/base/siphash.h"
#include "core/query/run.h"
#include "test/fuzz/support/plan_writer.h"
#include "test/fuzz/support/small_database.h"

namespace hypergraph::fuzz {
namespace {

constexpr size_t kContentBytes = 40;
constexpr size_t kHashAt = 8;
constexpr uint8_t kNewestFirst = 1, kOfNodes = 2, kUnsigned = 4, kAnyQuestion = 8;

const Snapshot& TheSnapshot() {
  static const SmallDatabase small;
  static const Snapshot snapshot = [] {
    std::shared_ptr<const Snapshot> taken;
    FUZZ_CHECK_OK(small.database->Read(&taken));
    Snapshot copy = *taken;
    copy.cursor_key.fill(5);  // Random in the database; an input has to do the same each time.
    return copy;
  }();
  return snapshot;
}

Bytes PlanWith(uint8_t flags, std::string_view cursor) {
  if ((flags & kOfNodes) != 0) {
    return PlanWriter(PlanKind::kNodes, 1)
        .Nodes({})
        .Filter(std::nullopt)
        .Columns({{ColumnKind::kProperty, 0}})
        .Text(cursor)
        .Finish();
  }
  Selection selection;
  selection.table = kTable;
  return PlanWriter(PlanKind::kFind, 4)
      .Select(selection)
      .Put(static_cast<uint8_t>(flags & kNewestFirst))
      .Columns(AllColumns())
      .Text(cursor)
      .Finish();
}

uint64_t HashOf(uint8_t flags) {
  Plan plan;
  const Bytes bytes = PlanWith(flags, "");
  FUZZ_CHECK_OK(DecodePlan(bytes, &plan));
  return QuestionHash(plan.kind == PlanKind::kNodes ? plan.nodes.question : plan.find.question);
}

void MendCursor(uint8_t flags, std::string* cursor) {
  if ((flags & kUnsigned) != 0 || cursor->size() < kContentBytes) return;
  cursor->resize(kContentBytes);
  if ((flags & kAnyQuestion) == 0) {
    const uint64_t hash = HashOf(flags);
    std::memcpy(cursor->data() + kHashAt, &hash, sizeof hash);
  }
  cursor->append(AsText(SipHash128(TheSnapshot().cursor_key, AsBytes(*cursor))));
}

}  // namespace

void RunInput(ByteView input) {
  if (input.empty()) return;
  const uint8_t flags = input[0];
  std::string cursor(AsText(input.subspan(1)));
  MendCursor(flags, &cursor);
  Bytes result;
  if (RunPlan(TheSnapshot(), PlanWith(flags, cursor), nullptr, &result).ok()) CheckResult(result);
}

std::vector<Bytes> MakeSeeds() {
  std::vector<Bytes> seeds;
  for (uint8_t flags = 0; flags < 4; ++flags) {
    std::string cursor;
    for (int page = 0; page < 3; ++page) {
      Bytes result;
      FUZZ_CHECK_OK(RunPlan(TheSnapshot(), PlanWith(flags, cursor), nullptr, &result));
      const auto at = LoadUnaligned<uint32_t>(&result[20]);
      const auto bytes = LoadUnaligned<uint32_t>(&result[24]);
      cursor = AsText(ByteView(result).subspan(at, bytes));
      if (cursor.empty()) break;
      Bytes seed = {flags};
      seed.insert(seed.end(), cursor.begin(), cursor.end());
      seeds.push_back(seed);
    }
  }
  FUZZ_CHECK(!seeds.empty());
  return seeds;
}

}  // namespace hypergraph::fuzz
