// Two pieces of work at once, for work that takes many times what a thread costs.
#ifndef HYPERGRAPH_BASE_RUN_BOTH_H_
#define HYPERGRAPH_BASE_RUN_BOTH_H_

#include <functional>

namespace hypergraph {

// Returns when both have. `beside` runs on a thread of its own, or before `here` where the system
// gives none.
void RunBoth(const std::function<void()>& beside, const std::function<void()>& here);

}  // namespace hypergraph

#endif  // HYPERGRAPH_BASE_RUN_BOTH_H_
