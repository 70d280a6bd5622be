#include "core/base/spin_policy.h"

#include "test/test.h"

namespace hypergraph::test {
namespace {

int AskUntilWanted(SpinPolicy* policy) {
  int asked = 1;
  while (!policy->Wants()) ++asked;
  return asked;
}

TEST(What_never_comes_is_waited_for_ever_more_rarely) {
  SpinPolicy policy;
  int asked = 0;
  for (int waits = 0; waits < 20; ++waits) {
    asked += AskUntilWanted(&policy);
    policy.DidNotCome();
  }
  CHECK(asked > 9 * static_cast<int>(SpinPolicy::kLeftOutMax));
  CHECK_EQ(AskUntilWanted(&policy), static_cast<int>(SpinPolicy::kLeftOutMax) + 1);
}

TEST(What_comes_again_is_waited_for_each_time) {
  SpinPolicy policy;
  for (int waits = 0; waits < 5; ++waits) {
    (void)AskUntilWanted(&policy);
    policy.DidNotCome();
  }
  (void)AskUntilWanted(&policy);
  for (int waits = 0; waits < 5; ++waits) {
    policy.Came();
    CHECK_EQ(AskUntilWanted(&policy), 1);
  }
  // One that stays away costs one, as at first.
  policy.DidNotCome();
  CHECK_EQ(AskUntilWanted(&policy), 2);
}

}  // namespace
}  // namespace hypergraph::test
