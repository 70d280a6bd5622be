// What every fuzz target is made of. libFuzzer calls RunInput; its corpus directory gets the
// target's seeds first, so that it begins with valid bytes of today's formats.
//
// Threads: one. An input must have the same effect each time.
#ifndef HYPERGRAPH_TEST_FUZZ_SUPPORT_FUZZ_H_
#define HYPERGRAPH_TEST_FUZZ_SUPPORT_FUZZ_H_

#include <vector>

#include "core/base/status.h"
#include "core/base/types.h"

namespace hypergraph::fuzz {

using Bytes = std::vector<uint8_t>;

// Both are each target's own. `input` is 8-aligned, in memory that ends where it ends.
void RunInput(ByteView input);
std::vector<Bytes> MakeSeeds();

// A finding where nothing crashes by itself.
[[noreturn]] void Report(const char* file, int line, const char* what, const Status& status);

}  // namespace hypergraph::fuzz

#define FUZZ_CHECK(condition)                                                                 \
  do {                                                                                        \
    if (!(condition)) {                                                                       \
      ::hypergraph::fuzz::Report(__FILE__, __LINE__, #condition, ::hypergraph::Status::Ok()); \
    }                                                                                         \
  } while (false)

#define FUZZ_CHECK_OK(expression)                                                \
  do {                                                                           \
    const ::hypergraph::Status fuzz_status_ = (expression);                      \
    if (!fuzz_status_.ok()) {                                                    \
      ::hypergraph::fuzz::Report(__FILE__, __LINE__, #expression, fuzz_status_); \
    }                                                                            \
  } while (false)

#endif  // HYPERGRAPH_TEST_FUZZ_SUPPORT_FUZZ_H_
