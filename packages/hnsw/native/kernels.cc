#include "kernels.h"

#include <vector>

namespace hypermesh::hnsw {

std::span<const Kernels* const> UsableKernels() {
  static const std::vector<const Kernels*> usable = [] {
    std::vector<const Kernels*> found = {&ScalarKernels()};
    for (const Kernels* kernels : {Avx2Kernels(), Avx512Kernels()})
      if (kernels != nullptr) found.push_back(kernels);
    return found;
  }();
  return usable;
}

}  // namespace hypermesh::hnsw
