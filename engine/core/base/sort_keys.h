// Sorting many numbers without comparing them two by two, so that the time grows with the count
// alone.
#ifndef HYPERGRAPH_BASE_SORT_KEYS_H_
#define HYPERGRAPH_BASE_SORT_KEYS_H_

#include <cstdint>
#include <vector>

namespace hypergraph {

struct KeyedPlace {
  uint64_t key;
  uint32_t place;
};

// Ascending by key; equal keys keep their order. The fewer bits the keys differ in, the faster.
void SortByKey(std::vector<KeyedPlace>* items);

// Ascending by all bits but the lowest `sorted_bits`; those that are equal in these keep their
// order.
void SortByHighBits(std::vector<uint64_t>* numbers, unsigned sorted_bits);

// Ascending. Requires: the numbers are distinct and below `end`, which the memory used is an eighth
// of.
void SortDistinct(std::vector<uint32_t>* numbers, uint32_t end);

}  // namespace hypergraph

#endif  // HYPERGRAPH_BASE_SORT_KEYS_H_
