// Numbers as JSON writes them, read many times faster than as values of JavaScript.
#ifndef HYPERMESH_HNSW_NUMBER_TEXT_H_
#define HYPERMESH_HNSW_NUMBER_TEXT_H_

#include <cstddef>
#include <span>
#include <string>

namespace hypermesh::hnsw {

struct NumberList {
  size_t count = 0;
  // Behind its closing bracket; 0 where the text is no list of at most so many numbers.
  size_t end = 0;
};

// The list of numbers that begins with the bracket at `from`. Each is the double that JSON.parse
// gives for it.
NumberList ReadNumbers(const std::u16string& text, size_t from, std::span<double> into);

}  // namespace hypermesh::hnsw

#endif  // HYPERMESH_HNSW_NUMBER_TEXT_H_
