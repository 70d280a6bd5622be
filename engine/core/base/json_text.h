// A text as JSON has it: in quotes, with the escapes of JSON.stringify.
//
// Threads: any.
#ifndef HYPERGRAPH_BASE_JSON_TEXT_H_
#define HYPERGRAPH_BASE_JSON_TEXT_H_

#include <string_view>

#include "core/base/byte_sink.h"

namespace hypergraph {

// Requires: UTF-8.
void PutJsonText(std::string_view text, ByteSink* sink);

}  // namespace hypergraph

#endif  // HYPERGRAPH_BASE_JSON_TEXT_H_
