// Between libFuzzer and a target.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "test/fuzz/support/fuzz.h"

namespace hypergraph::fuzz {
namespace {

void WriteSeeds(const std::filesystem::path& corpus) {
  size_t number = 0;
  for (const Bytes& seed : MakeSeeds()) {
    std::ofstream file(corpus / ("seed-" + std::to_string(number++)), std::ios::binary);
    file.write(reinterpret_cast<const char*>(seed.data()),
               static_cast<std::streamsize>(seed.size()));
    if (!file) std::abort();
  }
}

}  // namespace

void Report(const char* file, int line, const char* what, const Status& status) {
  std::fprintf(stderr, "%s:%d: does not hold: %s (code %d, %s)\n", file, line, what,
               static_cast<int>(status.code()), status.message().c_str());
  std::abort();
}

}  // namespace hypergraph::fuzz

// The first directory named is the corpus that libFuzzer writes to.
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  for (int i = 1; i < *argc; ++i) {
    const std::string argument = (*argv)[i];
    if (argument.starts_with("-") || !std::filesystem::is_directory(argument)) continue;
    hypergraph::fuzz::WriteSeeds(argument);
    break;
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t count) {
  const hypergraph::fuzz::Bytes input(data, data + count);
  hypergraph::fuzz::RunInput(input);
  return 0;
}
