// What answers at once.
#include <memory>
#include <utility>
#include <vector>

#include "arguments.h"
#include "calls.h"
#include "environment.h"

namespace hypermesh::hnsw {
namespace {

napi_value Create(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [metric, storage, dimension, m, ef, seed] = ArgumentsOf<6>(env, info);
    IndexOptions options;
    options.metric = static_cast<Metric>(InRange(Uint32Of(env, metric), 0, 2, "metric"));
    options.storage = static_cast<Storage>(InRange(Uint32Of(env, storage), 0, 2, "storage"));
    options.dimension = InRange(Uint32Of(env, dimension), 1, kDimensionMax, "dimension");
    options.graph.m = InRange(Uint32Of(env, m), kMMin, kMMax, "m");
    options.graph.ef_construction = InRange(Uint32Of(env, ef), 1, kEfMax, "efConstruction");
    options.graph.seed = Uint32Of(env, seed);
    return ToHandle(env, std::make_shared<Index>(options), 0);
  });
}

napi_value OptionsOf(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [handle] = ArgumentsOf<1>(env, info);
    const IndexOptions& options = OpenHandleOf(env, handle).index->options();
    const uint32_t figures[] = {static_cast<uint32_t>(options.metric),
                                static_cast<uint32_t>(options.storage),
                                options.dimension,
                                options.graph.m,
                                options.graph.ef_construction,
                                static_cast<uint32_t>(options.graph.seed)};
    napi_value array = nullptr;
    napi_create_array_with_length(env, std::size(figures), &array);
    for (uint32_t at = 0; at < std::size(figures); ++at)
      napi_set_element(env, array, at, NumberOf(env, figures[at]));
    return array;
  });
}

napi_value AttachTo(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [value] = ArgumentsOf<1>(env, info);
    uint64_t id = 0;
    bool is_exact = false;
    if (napi_get_value_bigint_uint64(env, value, &id, &is_exact) != napi_ok || !is_exact)
      Fail("invalid", "a handle is a bigint");
    return ToHandle(env, Attach(id), id);
  });
}

napi_value IdOf(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [handle] = ArgumentsOf<1>(env, info);
    napi_value id = nullptr;
    napi_create_bigint_uint64(env, OpenHandleOf(env, handle).id, &id);
    return id;
  });
}

napi_value Close(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [value] = ArgumentsOf<1>(env, info);
    IndexHandle& handle = HandleOf(env, value);
    *handle.closed = true;
    std::shared_ptr<Index> index = handle.Close();
    if (index == nullptr) return UndefinedOf(env);
    try {
      // Freeing gigabytes takes a while.
      ThreadPool::Searching().Post([held = std::move(index)] {});
    } catch (...) {
      // Freed here, then.
    }
    return UndefinedOf(env);
  });
}

napi_value Remove(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [handle, slots] = ArgumentsOf<2>(env, info);
    const std::span<uint32_t> removed = Uint32sOf(env, slots);
    return NumberOf(env, static_cast<double>(OpenHandleOf(env, handle).index->Remove(removed)));
  });
}

napi_value Vectors(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [handle, slots, into] = ArgumentsOf<3>(env, info);
    Index& index = *OpenHandleOf(env, handle).index;
    const std::span<uint32_t> wanted = Uint32sOf(env, slots);
    const std::span<float> room = FloatsOf(env, into);
    if (room.size() != wanted.size() * index.space().dimension())
      Fail("invalid", "the array has no room for the vectors");
    index.Vectors(wanted, room.data());
    return UndefinedOf(env);
  });
}

// slots, dead, bytes.
napi_value FiguresOf(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [handle, into] = ArgumentsOf<2>(env, info);
    const Figures figures = OpenHandleOf(env, handle).index->GetFigures();
    const double values[] = {static_cast<double>(figures.slots), static_cast<double>(figures.dead),
                             static_cast<double>(figures.bytes)};
    napi_value array = nullptr;
    napi_create_array_with_length(env, std::size(values), &array);
    for (uint32_t at = 0; at < std::size(values); ++at)
      napi_set_element(env, array, at, NumberOf(env, values[at]));
    return array;
  });
}

// Into an array of k slots, k distances and the count. The strategy, or −1 when a writer is at
// work or it would take long.
napi_value SearchNow(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [handle, row, k, ef, filter, into] = ArgumentsOf<6>(env, info);
    Index& index = *OpenHandleOf(env, handle).index;
    const std::span<float> query = FloatsOf(env, row);
    if (query.size() != index.space().dimension())
      Fail("dimension", "not one vector of the index's dimension");
    const SearchLimits limits = LimitsOf(env, k, ef);
    const std::span<uint32_t> out = Uint32sOf(env, into);
    if (out.size() != 2 * limits.k + 1) Fail("invalid", "the array has no room for the results");
    thread_local std::vector<uint64_t> words;
    const bool has_filter = WordsOf(env, filter, &words);
    Answers answers{out.subspan(0, limits.k),
                    {reinterpret_cast<float*>(out.data() + limits.k), limits.k},
                    out.subspan(2 * limits.k)};
    const bool is_done = index.TrySearch(query, limits, has_filter, words, &answers);
    return NumberOf(env, is_done ? static_cast<double>(answers.strategy) : -1);
  });
}

napi_value Cancellation(napi_env env, napi_callback_info) {
  return Guarded(env, [&] { return MakeStop(env); });
}

napi_value Cancel(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [value] = ArgumentsOf<1>(env, info);
    const auto aborted = AbortedOf(env, value);
    if (aborted != nullptr) *aborted = true;
    return UndefinedOf(env);
  });
}

napi_value SetThreads(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [count] = ArgumentsOf<1>(env, info);
    ThreadPool::SetThreads(InRange(Uint32Of(env, count), 0, 256, "threads"));
    return UndefinedOf(env);
  });
}

}  // namespace

std::span<const Call> IndexCalls() {
  static constexpr Call calls[] = {
      {"create", Create},       {"options", OptionsOf},
      {"attach", AttachTo},     {"id", IdOf},
      {"close", Close},         {"remove", Remove},
      {"vectors", Vectors},     {"figures", FiguresOf},
      {"searchNow", SearchNow}, {"cancellation", Cancellation},
      {"cancel", Cancel},       {"setThreads", SetThreads},
  };
  return calls;
}

}  // namespace hypermesh::hnsw
