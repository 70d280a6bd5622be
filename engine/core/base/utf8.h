// Whether bytes are well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
//
// Threads: any.
#ifndef HYPERGRAPH_BASE_UTF8_H_
#define HYPERGRAPH_BASE_UTF8_H_

#include <string_view>

namespace hypergraph {

bool IsUtf8(std::string_view text);

}  // namespace hypergraph

#endif  // HYPERGRAPH_BASE_UTF8_H_
