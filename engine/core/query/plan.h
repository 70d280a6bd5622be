// A question as the query layer runs it, decoded from the bytes of WIRE.md.
#ifndef HYPERGRAPH_QUERY_PLAN_H_
#define HYPERGRAPH_QUERY_PLAN_H_

#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/index/dictionary.h"
#include "core/index/predicate.h"

namespace hypergraph {

enum class PlanKind : uint8_t {  // Frozen: crosses the boundary to JavaScript.
  kFind = 1,
  kAggregate = 2,
  kExpand = 3,
  kShortestPath = 4,
  kJoin = 5,
  kNodes = 6,    // Node properties.
  kExplain = 7,  // How a kFind would run; the rest of the plan is that of kFind.
};

struct OwnedNodeKey {
  bool is_text = false;
  uint64_t integer = 0;
  std::string text;
};

// A node that a hyperedge must have; with a role, in that role.
struct MemberTerm {
  OwnedNodeKey node;
  std::optional<std::string> role;
};

struct FilterNode {
  enum class Kind : uint8_t { kCompare = 1, kAnd = 2, kOr = 3, kNot = 4 };
  Kind kind = Kind::kCompare;
  Comparison compare;                // With kCompare. A label's operand is still its text.
  std::vector<FilterNode> children;  // With the others; depth at most 64.
};

// Which hyperedges: every part given must hold.
struct Selection {
  TableId table = 0;
  TimeWindow window;                // On event_ts.
  std::optional<Micros> valid_at;   // event_ts <= valid_at < valid_to.
  std::vector<EdgeId> ids;          // Non-empty: only these.
  std::vector<std::string> keys;    // Non-empty: only these caller keys.
  std::vector<MemberTerm> members;  // Non-empty: at least at_least of them.
  uint32_t at_least = 1;            // 1: any of; members.size(): all of.
  std::optional<FilterNode> filter;
};

// Reaching one ends the query early with what is complete, and says so.
struct Budget {
  uint32_t rows_max = 0;        // 0: the default of 1,000,000.
  uint64_t bytes_max = 0;       // 0: the default of 256 MiB.
  uint64_t examined_max = 0;    // Rows read, whether they match or not. 0: no limit.
  uint32_t frontier_max = 0;    // Nodes reached by an expansion. 0: 10,000,000.
  int64_t deadline_micros = 0;  // Of running time. 0: none.
};

struct FindPlan {
  Selection selection;
  bool newest_first = false;
  std::vector<ColumnRef> columns;
  std::string cursor;  // Opaque bytes of an earlier result, or empty.
  ByteView question;   // The selection within the plan's bytes: a cursor fits one question only.
};

enum class GroupKind : uint8_t { kBucket = 1, kNode = 2, kRole = 3, kLabel = 4, kProperty = 5 };
struct GroupKey {
  GroupKind kind = GroupKind::kBucket;
  int64_t bucket_micros = 0;  // kBucket: width; buckets start at origin + k × width.
  Micros bucket_origin = 0;
  PropertyIndex property = 0;  // kProperty.
};
enum class MeasureKind : uint8_t {
  kCount = 1,
  kSum = 2,
  kMin = 3,
  kMax = 4,
  kAvg = 5,
  kDistinct = 6
};
struct Measure {
  MeasureKind kind = MeasureKind::kCount;
  ColumnRef column;  // Not with kCount. kDistinct also of members.
};
struct AggregatePlan {
  Selection selection;
  std::vector<GroupKey> groups;  // None: one row. At most 4. At most one of node and role pairs:
                                 // both together mean (node, role) of one membership.
  std::vector<Measure> measures;
  std::optional<uint32_t> top_by;  // Place in measures; with top_count, the greatest first.
  uint32_t top_count = 0;
};

enum class HopOrder : uint8_t {
  kAny = 1,            // Time plays no part beyond the window.
  kNonDecreasing = 2,  // Each hop no earlier than the one before.
  kStrict = 3,         // Each hop later than the one before.
};
struct ExpandPlan {
  Selection selection;  // Which hyperedges may be walked; members and ids unused.
  std::vector<OwnedNodeKey> seeds;
  uint32_t hops_max = 1;
  HopOrder order = HopOrder::kStrict;
  std::optional<std::string> from_role,
      to_role;  // Leave a hyperedge's member / enter one, in a role.
};
// kShortestPath: an ExpandPlan and a target; fewest hops, then earliest arrival.
struct PathPlan {
  ExpandPlan expand;
  OwnedNodeKey target;
};

struct JoinPlan {
  Selection left, right;
  int64_t distance_min = 0;  // right.event_ts − left.event_ts within [min, max], µs.
  int64_t distance_max = 0;
  uint32_t shared_min = 1;                           // Members in common.
  std::optional<std::string> left_role, right_role;  // Of the shared member.
};

struct NodesPlan {
  std::vector<OwnedNodeKey> nodes;   // Non-empty: only these.
  std::optional<FilterNode> filter;  // On node properties.
  std::vector<ColumnRef> columns;
  std::string cursor;
  ByteView question;  // Nodes and filter within the plan's bytes.
};

struct Plan {
  PlanKind kind = PlanKind::kFind;
  Budget budget;
  FindPlan find;
  AggregatePlan aggregate;
  ExpandPlan expand;
  PathPlan path;
  JoinPlan join;
  NodesPlan nodes;
};

inline constexpr uint32_t kFilterDepthMax = 64;
inline constexpr uint32_t kFilterNodesMax = 1024;
inline constexpr uint32_t kMemberTermsMax = 65536;
inline constexpr uint32_t kOperandsMax = 65536;  // Of one "in".

// kInvalid with what is wrong, kTooLarge beyond the limits above. Reads nothing past `bytes`, which
// the plan points into, and allocates no more than a small multiple of what they hold.
Status DecodePlan(ByteView bytes, Plan* plan);

// The same of a kFind by itself: short reads are many, and a Plan has room for every kind. Whether
// the bytes are one, if they are a plan at all.
bool IsFind(ByteView bytes);
Status DecodeFind(ByteView bytes, Budget* budget, FindPlan* find);

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_PLAN_H_
