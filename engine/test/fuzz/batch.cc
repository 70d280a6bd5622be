// Any bytes as a batch: refused, and nothing has changed, or committed, and then a reopened and a
// flushed database hold the same as the one that took it.
#include <cstdio>

#include "core/graph/batch_writer.h"
#include "test/fuzz/support/small_database.h"

namespace hypergraph::fuzz {
namespace {

const std::string& DumpBefore() {
  static const std::string dump = DumpNow(SmallDatabase().database.get());
  return dump;
}

void CheckRefusal(const Status& status) {
  switch (status.code()) {
    case Code::kInvalid:
    case Code::kInvalidName:
    case Code::kTypeMismatch:
    case Code::kNotFound:
    case Code::kExists:
    case Code::kConflict:
    case Code::kTooLarge:
      return;
    default:
      Report(__FILE__, __LINE__, "a batch is refused for what it is", status);
  }
}

void CheckSame(const char* when, const std::string& before, const std::string& after) {
  if (before == after) return;
  std::fprintf(stderr, "before:\n%s\nafter:\n%s\n", before.c_str(), after.c_str());
  Report(__FILE__, __LINE__, when, Status::Ok());
}

Bytes Taken(BatchWriter* batch) {
  const ByteView bytes = batch->Finish();
  return {bytes.begin(), bytes.end()};
}

}  // namespace

void RunInput(ByteView input) {
  SmallDatabase small;
  CommitReceipt receipt;
  const Status status = small.database->Commit(input, Durability::kSync, &receipt);
  const std::string after = DumpNow(small.database.get());
  if (!status.ok()) {
    CheckRefusal(status);
    CheckSame("a refused batch changes nothing", DumpBefore(), after);
    return;
  }
  small.database.reset();
  FUZZ_CHECK_OK(Database::Open(kPath, SmallOptions(&small.files, &small.clock), &small.database));
  CheckSame("the log has what was committed", after, DumpNow(small.database.get()));
  FUZZ_CHECK_OK(small.database->Compact());
  CheckSame("segments have what was committed", after, DumpNow(small.database.get()));
  CheckReport report;
  FUZZ_CHECK_OK(small.database->Check(&report));
  FUZZ_CHECK(report.faults.empty());
}

std::vector<Bytes> MakeSeeds() {
  std::vector<Bytes> seeds;
  const auto add = [&](BatchWriter batch) { seeds.push_back(Taken(&batch)); };
  add(BatchWriter().Insert(kTable, {BatchRow(5).Member(1)}));
  add(BatchWriter().Insert(kTable,
                           {BatchRow(5)
                                .Member(1, "author")
                                .Member("text", "reader")
                                .Label("new")
                                .Key("key-5")
                                .Weight(2)
                                .ValidTo(9)
                                .Set(kSize, int64_t{7})
                                .Set(kRatio, 0.25)
                                .SetText(kName, "n")
                                .Set(kFlag, true)
                                .Set(kAt, BatchTimestamp{8}),
                            BatchRow(6).Member(uint64_t{1} << 40).Key("fresh").SetNull(kSize)}));
  add(BatchWriter().Update(kTable, {{4, BatchRow(77).Weight(3).SetText(kName, "changed")},
                                    {7, BatchRow(78).Weight(4)}}));
  add(BatchWriter().Update(kTable, {{10, BatchRow().Member(3).Member(4, "author")}}));
  add(BatchWriter().Delete(kTable, {4, 8, 30, 999}));
  add(BatchWriter()
          .SetNodes({{BatchNode(1), BatchRow().SetText(0, "uno").Set(1, int64_t{2})},
                     {BatchNode("new"), BatchRow().SetText(0, "x")}})
          .DropNodes({BatchNode(7), BatchNode("n1")}));
  add(BatchWriter()
          .CreateTable("more", {{"p", PropertyType::kInt64}}, {{"i", {{ColumnKind::kProperty, 0}}}},
                       {5, 6, 7})
          .Insert(2, {BatchRow(1).Member(1).Set(0, int64_t{1})}));
  add(BatchWriter()
          .AddProperties(kTable, {{"extra", PropertyType::kString}})
          .CreateIndex(kTable, {"by_extra", {{ColumnKind::kProperty, 5}}})
          .DropIndex(kTable, "by_size")
          .SetOptions(kTable, {0, 1000, 9}));
  add(BatchWriter().DropTable(kTable).CreateTable("events"));
  add(BatchWriter().BaseSeq(3).Delete(kTable, {4}).Delete(kTable, {4}));
  add(BatchWriter()
          .Insert(kTable, {BatchRow(1).Member(1).Key("a")})
          .Update(kTable, {{50, BatchRow().Weight(1)}})
          .Delete(kTable, {50}));
  const std::vector<Micros> times = {1, 2};
  const std::vector<uint32_t> offsets = {0, 1, 3};
  const std::vector<uint32_t> members = {4, 5, 6};
  add(BatchWriter().InsertColumns(kTable, {times, offsets, members, {}}));
  return seeds;
}

}  // namespace hypergraph::fuzz
