// Tests: TEST(A_name_that_states_a_fact) { CHECK(...); }. A failed check ends its test, not the
// run.
//
// Threads: checks may be made from any thread of a test. Each test runs in a process that further
// tests share until one fails, so a crash ends only the test that crashed.
#ifndef HYPERGRAPH_TEST_TEST_H_
#define HYPERGRAPH_TEST_TEST_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/base/status.h"

namespace hypergraph::test {

struct Registration {
  Registration(const char* file, const char* name, void (*run)());
};

// Prints where and why, then ends the test.
[[noreturn]] void Fail(const char* file, int line, const std::string& what);

// A check, as it stands in the source.
struct Place {
  const char* file;
  int line;
  const char* text;
};
[[noreturn]] void FailCheck(const Place& place);
[[noreturn]] void FailComparison(const Place& place, const std::string& a, const std::string& b);
[[noreturn]] void FailStatus(const Place& place, const Status& status);

// Random tests draw from it: SEED=n in the environment, else another one each run. The run prints
// it.
uint64_t Seed();

// A number of the environment.
uint64_t Setting(const char* name, uint64_t otherwise);

// An empty directory on the disk, removed with all it holds when the object goes.
class TempDirectory {
 public:
  TempDirectory();
  ~TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

template <typename T>
std::string Show(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<int64_t>(value));
  } else if constexpr (std::is_arithmetic_v<T>) {
    return std::to_string(value);
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return "\"" + std::string(std::string_view(value)) + "\"";
  } else if constexpr (requires { value.begin() == value.end(); }) {
    std::string text = "[";
    for (const auto& item : value) {
      if (text.size() > 400) return text + "…]";
      text += (text.size() > 1 ? ", " : "") + Show(item);
    }
    return text + "]";
  } else {
    return "(value)";
  }
}

inline const Status& StatusOf(const Status& status) { return status; }
template <typename T>
const Status& StatusOf(const StatusOr<T>& result) {
  return result.status();
}

// A literal next to an unsigned value takes the value's type, so that CHECK_EQ(v.size(), 3)
// compiles.
template <typename A, typename B>
bool Equal(const A& a, const B& b) {
  if constexpr (std::is_integral_v<A> && std::is_integral_v<B> && !std::is_same_v<A, B>) {
    const bool a_negative = a < A{};
    const bool b_negative = b < B{};
    return a_negative == b_negative && static_cast<uint64_t>(a) == static_cast<uint64_t>(b);
  } else if constexpr (requires { a == b; }) {
    return a == b;
  } else {  // Spans have no ==.
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }
}

// One function for all checks of two types, since a thousand lambdas took a third of what the tests
// take to compile. Arguments of a call: what they refer to inside temporaries lives until it
// returns.
template <typename A, typename B>
void CheckEqual(const A& a, const B& b, const Place& place) {
  if (!Equal(a, b)) FailComparison(place, Show(a), Show(b));
}
template <typename A, typename B>
void CheckNotEqual(const A& a, const B& b, const Place& place) {
  if (Equal(a, b)) FailComparison(place, Show(a), Show(b));
}
template <typename A, typename B>
void CheckLess(const A& a, const B& b, const Place& place) {
  if (!(a < b)) FailComparison(place, Show(a), Show(b));
}
template <typename A, typename B>
void CheckLessEqual(const A& a, const B& b, const Place& place) {
  if (!(a <= b)) FailComparison(place, Show(a), Show(b));
}

inline void CheckOk(const Status& status, const Place& place) {
  if (!status.ok()) FailStatus(place, status);
}
inline void CheckCode(const Status& status, Code expected, const Place& place) {
  if (status.code() != expected) FailStatus(place, status);
}

}  // namespace hypergraph::test

#define TEST(name)                                                                       \
  static void hg_test_##name();                                                          \
  static const ::hypergraph::test::Registration hg_registration_##name(__FILE__, #name,  \
                                                                       &hg_test_##name); \
  static void hg_test_##name()

#define HG_PLACE(text) \
  ::hypergraph::test::Place { __FILE__, __LINE__, text }

#define CHECK(condition)                                                   \
  do {                                                                     \
    if (!(condition)) ::hypergraph::test::FailCheck(HG_PLACE(#condition)); \
  } while (false)

#define CHECK_EQ(a, b) ::hypergraph::test::CheckEqual(a, b, HG_PLACE(#a " == " #b))
#define CHECK_NE(a, b) ::hypergraph::test::CheckNotEqual(a, b, HG_PLACE(#a " != " #b))
#define CHECK_LT(a, b) ::hypergraph::test::CheckLess(a, b, HG_PLACE(#a " < " #b))
#define CHECK_LE(a, b) ::hypergraph::test::CheckLessEqual(a, b, HG_PLACE(#a " <= " #b))

// Of a Status or a StatusOr.
#define CHECK_OK(expression) \
  ::hypergraph::test::CheckOk(::hypergraph::test::StatusOf(expression), HG_PLACE(#expression))

#define CHECK_CODE(expression, expected)                                            \
  ::hypergraph::test::CheckCode(::hypergraph::test::StatusOf(expression), expected, \
                                HG_PLACE(#expression " is not " #expected))

#endif  // HYPERGRAPH_TEST_TEST_H_
