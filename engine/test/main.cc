// Runs the tests: engine_test [substring of file or name]. Tests run in one child process until one
// fails or crashes; the next child goes on after it. NO_FORK=1 runs all in this one, for a
// debugger.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <vector>

#include "test/test.h"

namespace hypergraph::test {
namespace {

struct Test {
  const char* file;
  const char* name;
  void (*run)();
};

std::vector<Test>& Tests() {
  static std::vector<Test> tests;
  return tests;
}

uint64_t* SeedCell() {
  static uint64_t seed = 0;
  return &seed;
}

bool Matches(const Test& test, const char* filter) {
  return std::strstr(test.file, filter) != nullptr || std::strstr(test.name, filter) != nullptr;
}

void RunFrom(const std::vector<Test>& tests, volatile size_t* at) {
  for (size_t index = *at; index < tests.size(); ++index) {
    *at = index;
    tests[index].run();
  }
  *at = tests.size();
}

// Returns how many failed.
size_t RunAll(const std::vector<Test>& tests) {
  void* shared =
      mmap(nullptr, sizeof(size_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) std::abort();
  volatile size_t* at = static_cast<size_t*>(shared);
  *at = 0;
  size_t failed = 0;
  while (*at < tests.size()) {
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child < 0) std::abort();
    if (child == 0) {
      RunFrom(tests, at);
      std::exit(0);  // Not _exit: the leak checker runs here.
    }
    int state = 0;
    waitpid(child, &state, 0);
    if (WIFEXITED(state) && WEXITSTATUS(state) == 0) break;
    ++failed;
    if (*at == tests.size()) {
      std::fprintf(stderr, "FAILED at exit, after the last test\n");
      break;
    }
    const Test& test = tests[*at];
    std::fprintf(stderr, "FAILED %s (%s)%s\n", test.name, test.file,
                 WIFSIGNALED(state) ? strsignal(WTERMSIG(state)) : "");
    *at = *at + 1;
  }
  return failed;
}

}  // namespace

Registration::Registration(const char* file, const char* name, void (*run)()) {
  Tests().push_back({file, name, run});
}

void Fail(const char* file, int line, const std::string& what) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
  std::fflush(nullptr);
  _exit(1);
}

void FailCheck(const Place& place) { Fail(place.file, place.line, place.text); }

void FailComparison(const Place& place, const std::string& a, const std::string& b) {
  Fail(place.file, place.line, std::string(place.text) + ": " + a + " against " + b);
}

void FailStatus(const Place& place, const Status& status) {
  Fail(place.file, place.line,
       std::string(place.text) + ": code " + Show(status.code()) + ", " + status.message());
}

uint64_t Seed() { return *SeedCell(); }

uint64_t Setting(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TempDirectory::TempDirectory() {
  const char* base = std::getenv("TMPDIR");
  path_ = std::string(base != nullptr ? base : "/tmp") + "/hypergraph-test-XXXXXX";
  if (mkdtemp(path_.data()) == nullptr)
    Fail(__FILE__, __LINE__, "no temporary directory: " + path_);
}

TempDirectory::~TempDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

static int Main(int argc, char** argv) {
  const char* filter = argc > 1 ? argv[1] : "";
  std::vector<Test> tests;
  for (const Test& test : Tests()) {
    if (Matches(test, filter)) tests.push_back(test);
  }
  std::stable_sort(tests.begin(), tests.end(),
                   [](const Test& a, const Test& b) { return std::strcmp(a.file, b.file) < 0; });
  *SeedCell() = Setting("SEED", std::random_device{}());
  std::printf("SEED=%llu\n", static_cast<unsigned long long>(Seed()));
  size_t failed = 0;
  if (std::getenv("NO_FORK") != nullptr) {
    size_t at = 0;
    RunFrom(tests, &at);
  } else {
    failed = RunAll(tests);
  }
  std::printf("%zu passed, %zu failed\n", tests.size() - std::min(failed, tests.size()), failed);
  return failed == 0 && !tests.empty() ? 0 : 1;
}

}  // namespace hypergraph::test

int main(int argc, char** argv) { return hypergraph::test::Main(argc, argv); }
