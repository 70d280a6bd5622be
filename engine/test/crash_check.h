// What must hold of a database after a crash: it opens, writable; what was acknowledged as durable
// is there; what is there is a prefix of the commits attempted, record for record, now and in the
// past; it takes one more commit and keeps it. And of copies: refused, or whole.
//
// Threads: one at a time.
#ifndef HYPERGRAPH_TEST_CRASH_CHECK_H_
#define HYPERGRAPH_TEST_CRASH_CHECK_H_

#include <functional>
#include <optional>

#include "test/crash_script.h"

namespace hypergraph::test {

// Which crash it was, for failures. `before` is an earlier crash that led to this life.
struct CrashPlace {
  const char* what = "";
  const MemoryFileSystem* life = nullptr;
  size_t point = 0;
  CrashVariant variant;
  const CrashPlace* before = nullptr;
};
// The last of the first `point`.
std::string DescribeOperations(const MemoryFileSystem& life, size_t point);
std::string DescribePlace(const CrashPlace& place);

// In commits of the script, the empty database counted.
struct Expected {
  size_t required = 1, attempted = 1;
  // A commit beyond the script's that was made on top of so many; 0: none.
  size_t extra_after = 0;
  bool extra_required = false;
  // The log may be damaged: then it opens read-only, for repair.
  bool may_be_damaged = false;
};

struct Recovered {
  size_t count = 0;  // Of the script's commits.
  bool has_extra = false;
  bool is_damaged = false;
};

class CrashCheck {
 public:
  CrashCheck(const CrashScript& script, const CrashPlace& place)
      : script_(script),
        place_(place),
        dice_(place.point * 31 + place.variant.index * 7 +
              static_cast<uint64_t>(place.variant.kind)),
        clock_(script.now()) {}

  // Opens the database, which must not outlive this.
  Recovered Open(MemoryFileSystem* files, const Expected& expected,
                 std::unique_ptr<Database>* database) const;
  // One commit more, which is acknowledged as durable; and that it is there after the process has
  // ended anyhow.
  void GoOn(MemoryFileSystem* files, std::unique_ptr<Database> database,
            const Recovered& recovered) const;
  // The commit that was lost is made again, and what followed it stays lost.
  void RetryLost(MemoryFileSystem* files, std::unique_ptr<Database> database, size_t count) const;
  void CommitExtra(Database* database, const Recovered& recovered) const;
  // That backups and restored copies are whole or refused.
  void CheckCopies(MemoryFileSystem* files) const;
  void Require(const Status& status, const char* what) const;
  [[noreturn]] void Fail(const std::string& what) const;
  // Spread over crashes; the same each time.
  bool OneOf(uint64_t count, uint64_t which) const { return dice_ % count == which; }

 private:
  void CheckPast(Database& database, size_t count) const;
  void CheckCopy(MemoryFileSystem* files, const std::string& path, Seq least, Seq greatest) const;
  std::string Difference(Database& database, const Recovered& recovered) const;

  const CrashScript& script_;
  const CrashPlace& place_;
  const uint64_t dice_;
  mutable FixedClock clock_;
};

}  // namespace hypergraph::test

#endif  // HYPERGRAPH_TEST_CRASH_CHECK_H_
