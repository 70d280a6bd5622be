// For tests: each set of kernels by itself, whatever the index has chosen.
#include <algorithm>
#include <string>
#include <vector>

#include "calls.h"
#include "convert.h"
#include "crc32c.h"
#include "failure.h"
#include "kernels.h"
#include "number_text.h"
#include "space.h"

namespace hypermesh::hnsw {
namespace {

napi_value Names(napi_env env, napi_callback_info) {
  return Guarded(env, [&] {
    napi_value array = nullptr;
    napi_create_array(env, &array);
    uint32_t at = 0;
    for (const Kernels* kernels : UsableKernels()) {
      napi_value name = nullptr;
      napi_create_string_utf8(env, kernels->name, NAPI_AUTO_LENGTH, &name);
      napi_set_element(env, array, at++, name);
    }
    return array;
  });
}

const Kernels& At(napi_env env, napi_value value) {
  const uint32_t at = Uint32Of(env, value);
  if (at >= UsableKernels().size()) Fail("invalid", "there are no such kernels");
  return *UsableKernels()[at];
}

// The padded copy of a vector.
AlignedArray<float> Padded(std::span<const float> vector, size_t padded) {
  AlignedArray<float> copy = MakeAligned<float>(padded);
  std::fill(std::copy(vector.begin(), vector.end(), copy.get()), copy.get() + padded, 0.0f);
  return copy;
}

// Of two vectors: l2 and ip of floats, l2 and ip with the second as halves.
napi_value Distances(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [which, first, second, into] = ArgumentsOf<4>(env, info);
    const Kernels& kernels = At(env, which);
    const std::span<float> a = FloatsOf(env, first);
    const std::span<float> b = FloatsOf(env, second);
    const std::span<float> out = FloatsOf(env, into);
    if (a.size() != b.size() || out.size() != 4) Fail("invalid", "lengths differ");
    const size_t padded = (a.size() + kPadding - 1) / kPadding * kPadding;
    const AlignedArray<float> query = Padded(a, padded);
    const AlignedArray<float> stored = Padded(b, padded);
    const AlignedArray<uint16_t> halves = MakeAligned<uint16_t>(padded);
    kernels.to_f16(stored.get(), halves.get(), padded);
    out[0] = kernels.l2_f32(query.get(), stored.get(), &padded);
    out[1] = kernels.ip_f32(query.get(), stored.get(), &padded);
    out[2] = kernels.l2_f16(query.get(), halves.get(), &padded);
    out[3] = kernels.ip_f16(query.get(), halves.get(), &padded);
    return UndefinedOf(env);
  });
}

// What becomes of floats as halves.
napi_value Halves(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [which, values] = ArgumentsOf<2>(env, info);
    const Kernels& kernels = At(env, which);
    const std::span<float> numbers = FloatsOf(env, values);
    const size_t padded = (numbers.size() + kPadding - 1) / kPadding * kPadding;
    const AlignedArray<float> copy = Padded(numbers, padded);
    const AlignedArray<uint16_t> halves = MakeAligned<uint16_t>(padded);
    kernels.to_f16(copy.get(), halves.get(), padded);
    kernels.from_f16(halves.get(), copy.get(), padded);
    std::copy(copy.get(), copy.get() + numbers.size(), numbers.begin());
    return UndefinedOf(env);
  });
}

// The sum of products of whole numbers, codes as i8 storage has them.
napi_value CodeProduct(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [which, first, second] = ArgumentsOf<3>(env, info);
    const Kernels& kernels = At(env, which);
    const std::span<float> a = FloatsOf(env, first);
    const std::span<float> b = FloatsOf(env, second);
    if (a.size() != b.size()) Fail("invalid", "lengths differ");
    const size_t padded = (a.size() + kCodePadding - 1) / kCodePadding * kCodePadding;
    const AlignedArray<int16_t> query = MakeAligned<int16_t>(padded);
    const AlignedArray<int8_t> stored = MakeAligned<int8_t>(padded);
    std::fill(std::copy(a.begin(), a.end(), query.get()), query.get() + padded, int16_t{0});
    std::fill(std::copy(b.begin(), b.end(), stored.get()), stored.get() + padded, int8_t{0});
    return NumberOf(env, kernels.dot_i8(query.get(), stored.get(), padded));
  });
}

napi_value Checksum(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [bytes, before, by_tables] = ArgumentsOf<3>(env, info);
    const std::span<const uint8_t> given = BytesOf(env, bytes);
    const uint32_t from = Uint32Of(env, before);
    const bool is_plain = Uint32Of(env, by_tables) != 0;
    return NumberOf(env, is_plain ? Crc32cByTables(given.data(), given.size(), from)
                                  : Crc32c(given.data(), given.size(), from));
  });
}

// Where the list ends, 0 where there is none; its length behind the room for its numbers.
napi_value NumbersOf(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [text, from, into] = ArgumentsOf<3>(env, info);
    const std::span<double> room = DoublesOf(env, into);
    if (room.empty()) Fail("invalid", "there is no room for a length");
    thread_local std::u16string units;
    size_t count = 0;
    if (napi_get_value_string_utf16(env, text, nullptr, 0, &count) != napi_ok)
      Fail("invalid", "not a text");
    units.resize(count);
    // Its end stands where that of a string does.
    napi_get_value_string_utf16(env, text, units.data(), count + 1, &count);
    const std::span<double> numbers = room.first(room.size() - 1);
    const NumberList list = ReadNumbers(units, Uint32Of(env, from), numbers);
    room.back() = static_cast<double>(list.count);
    return NumberOf(env, static_cast<double>(list.end));
  });
}

}  // namespace

std::span<const Call> KernelCalls() {
  static constexpr Call calls[] = {{"kernels", Names},       {"kernelDistances", Distances},
                                   {"kernelHalves", Halves}, {"kernelCodeProduct", CodeProduct},
                                   {"crc32c", Checksum},     {"readNumbers", NumbersOf}};
  return calls;
}

}  // namespace hypermesh::hnsw
