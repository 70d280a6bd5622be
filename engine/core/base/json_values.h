// Values as JSON has them: numbers as JavaScript writes them, except that -0 keeps its sign;
// integers that no number of JavaScript holds as {"int":"<digits>"}; instants in ISO 8601.
//
// Threads: any. Each Put writes at `at` and gives the end. Requires: kJsonValueBytesMax bytes
// there.
#ifndef HYPERGRAPH_BASE_JSON_VALUES_H_
#define HYPERGRAPH_BASE_JSON_VALUES_H_

#include <cstddef>

#include "core/base/types.h"

namespace hypergraph {

// The longest is an instant in a far year, or an integer in its object.
inline constexpr size_t kJsonValueBytesMax = 40;
// Of an integer of 32 bits.
inline constexpr size_t kSmallIntegerBytesMax = 10;

uint8_t* PutDigits(uint8_t* at, uint64_t value);
uint8_t* PutJsonInteger(uint8_t* at, int64_t value);
uint8_t* PutJsonUnsigned(uint8_t* at, uint64_t value);
// The shortest digits that read back the same; what is no number is its name in quotes.
uint8_t* PutJsonDouble(uint8_t* at, double value);
// `"<digits>us"` where a calendar of JavaScript does not reach.
uint8_t* PutJsonInstant(uint8_t* at, Micros instant);

}  // namespace hypergraph

#endif  // HYPERGRAPH_BASE_JSON_VALUES_H_
