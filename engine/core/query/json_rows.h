// Writes the rows of a result as JSON objects, from its columns to the bytes that are sent: there
// is no value of JavaScript in between. WIRE.md draws the shape that says which columns, called
// what.
//
// Threads: one a call.
#ifndef HYPERGRAPH_QUERY_JSON_ROWS_H_
#define HYPERGRAPH_QUERY_JSON_ROWS_H_

#include "core/base/byte_sink.h"
#include "core/base/status.h"
#include "core/base/types.h"
#include "core/index/dictionary.h"

namespace hypergraph {

// What the numbers of a column stand for.
enum class JsonMeaning : uint8_t {  // Frozen: crosses the boundary from JavaScript.
  kPlain = 0,
  kInstant = 1,   // Null for what never comes.
  kSymbol = 2,    // Of a list: null where no value has one.
  kNode = 3,      // Null for no node.
  kOptional = 4,  // NaN or 2^32 - 1 is null.
};

struct JsonRows {
  ByteView result;
  ByteView shape;
  uint32_t row_count = 0;  // The first so many; all, where there are fewer.
  char between = ',';      // Stands between two rows.
};

// kInvalid where the bytes are none of ours; kNotFound when a number has no key.
Status WriteJsonRows(const JsonRows& rows, const Dictionary& nodes, const Dictionary& symbols,
                     ByteSink* sink);

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_JSON_ROWS_H_
