// What the engine says of itself, as JSON: objects that are read once are not worth calls each.
#ifndef HYPERGRAPH_BINDING_REPORTS_H_
#define HYPERGRAPH_BINDING_REPORTS_H_

#include <string>

#include "include/hypergraph/database.h"

namespace hypergraph::binding {

std::string ToJson(const OpenReport& report);
std::string ToJson(const DatabaseStats& stats);
std::string ToJson(const CheckReport& report);
std::string ToJson(const BackupReport& report);
std::string ToJson(const RepairReport& report);

}  // namespace hypergraph::binding

#endif  // HYPERGRAPH_BINDING_REPORTS_H_
