// Crashes that once lost or broke something, each by itself. All others: test/crash_test.cc.
#include "core/graph/database_test.h"
#include "core/platform/crash_states.h"

namespace hypergraph::test {
namespace {

constexpr char kPlace[] = "/db";  // Whose parent can be synced.

TEST(A_commit_after_a_kill_survives_a_power_failure_though_its_logs_name_was_unsure) {
  MemoryFileSystem files;
  StandingClock clock;
  {
    const auto database = OpenTest(TestOptions(&files, &clock), kPlace);
    CreateTestTable(database.get());
  }
  for (size_t killed_at = 0; killed_at <= files.record_size(); ++killed_at) {
    std::vector<Operation> record = files.record();
    record.resize(killed_at);
    MemoryFileSystem next(files.initial(), std::move(record));
    auto database = OpenTest(TestOptions(&next, &clock), kPlace);
    BatchWriter batch;
    CommitTest(database.get(), batch.CreateTable("acknowledged").Finish());
    const size_t acknowledged = next.record_size();
    database.reset();
    const auto after = CrashStates(next).Materialize(acknowledged, {CrashKind::kLoseAll, 0});
    const auto again = OpenTest(TestOptions(after.get(), &clock), kPlace);
    std::shared_ptr<const Snapshot> snapshot;
    CHECK_OK(again->Read(&snapshot));
    CHECK(snapshot->schema->Find("acknowledged") != nullptr);
  }
}

}  // namespace
}  // namespace hypergraph::test
