// What runs on a pool and gives a promise.
#include <memory>
#include <utility>
#include <vector>

#include "arguments.h"
#include "calls.h"
#include "environment.h"
#include "image.h"

namespace hypermesh::hnsw {
namespace {

void PostSearch(std::function<void()> job) { ThreadPool::Searching().Post(std::move(job)); }

void PostBuild(std::function<void()> job) { ThreadPool::Building().Post(std::move(job)); }

auto AsWriterOf(const std::shared_ptr<Index>& index) {
  return [index](std::function<void()> job) { index->EnqueueWriter(std::move(job)); };
}

napi_value Add(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [value, rows, threads_wanted, aborted] = ArgumentsOf<4>(env, info);
    const IndexHandle& handle = OpenHandleOf(env, value);
    const std::shared_ptr<Index> index = handle.index;
    const std::span<float> found = RowsOf(env, rows, *index);
    std::vector<float> vectors(found.begin(), found.end());
    const size_t threads = ThreadsOf(env, threads_wanted);
    Stop stop = StopOf(env, handle, aborted);
    return Environment::Of(env).Run(
        env, nullptr, AsWriterOf(index),
        [index, threads, vectors = std::move(vectors), stop = std::move(stop)]() -> ToValue {
          const uint32_t first = index->Add(vectors, threads, stop);
          return [first](napi_env settling) { return NumberOf(settling, first); };
        });
  });
}

// The new index, and a buffer with the old slot of each of its slots.
napi_value CompactAsync(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [value, threads_wanted, aborted] = ArgumentsOf<3>(env, info);
    const IndexHandle& handle = OpenHandleOf(env, value);
    const size_t threads = ThreadsOf(env, threads_wanted);
    Stop stop = StopOf(env, handle, aborted);
    return Environment::Of(env).Run(
        env, nullptr, PostBuild,
        [index = handle.index, threads, stop = std::move(stop)]() -> ToValue {
          std::vector<uint32_t> slots;
          const std::shared_ptr<Index> compacted = index->Compact(threads, stop, &slots);
          const auto* from = reinterpret_cast<const uint8_t*>(slots.data());
          auto bytes = std::make_shared<std::vector<uint8_t>>(from, from + slots.size() * 4);
          return [compacted, bytes](napi_env settling) {
            napi_value pair = nullptr;
            napi_create_array_with_length(settling, 2, &pair);
            napi_set_element(settling, pair, 0, ToHandle(settling, compacted, 0));
            napi_set_element(settling, pair, 1, BufferOf(settling, std::move(*bytes)));
            return pair;
          };
        });
  });
}

// q × k slots, q × k distances, q counts, the strategy: 32 bits each.
napi_value SearchAsync(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [value, rows, k, ef, filter, threads_wanted, aborted] = ArgumentsOf<7>(env, info);
    const IndexHandle& handle = OpenHandleOf(env, value);
    const std::shared_ptr<Index> index = handle.index;
    const std::span<float> found = RowsOf(env, rows, *index);
    const SearchLimits limits = LimitsOf(env, k, ef);
    std::vector<float> queries(found.begin(), found.end());
    std::vector<uint64_t> words;
    const bool has_filter = WordsOf(env, filter, &words);
    const size_t threads = ThreadsOf(env, threads_wanted);
    Stop stop = StopOf(env, handle, aborted);
    return Environment::Of(env).Run(
        env, nullptr, PostSearch,
        [index, limits, has_filter, threads, queries = std::move(queries), words = std::move(words),
         stop = std::move(stop)]() -> ToValue {
          const size_t count = queries.size() / index->space().dimension();
          const size_t room = count * limits.k;
          auto bytes = std::make_shared<std::vector<uint8_t>>((2 * room + count + 1) * 4);
          auto* out = reinterpret_cast<uint32_t*>(bytes->data());
          Answers answers{
              {out, room}, {reinterpret_cast<float*>(out + room), room}, {out + 2 * room, count}};
          index->SearchAll(queries, limits, has_filter, words, threads, stop, &answers);
          out[2 * room + count] = static_cast<uint32_t>(answers.strategy);
          return [bytes](napi_env settling) { return BufferOf(settling, std::move(*bytes)); };
        });
  });
}

// An image that is to be written, and how long it is. As a writer: no half of a batch is in it.
napi_value BeginImage(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [value, aborted] = ArgumentsOf<2>(env, info);
    const IndexHandle& handle = OpenHandleOf(env, value);
    const std::shared_ptr<Index> index = handle.index;
    Stop stop = StopOf(env, handle, aborted);
    return Environment::Of(env).Run(
        env, nullptr, AsWriterOf(index), [index, stop = std::move(stop)]() -> ToValue {
          const auto image = std::make_shared<ImageWriter>(index, stop);
          return [image](napi_env settling) {
            napi_value pair = nullptr;
            napi_create_array_with_length(settling, 2, &pair);
            napi_set_element(settling, pair, 0, ToImageHandle(settling, image));
            napi_set_element(settling, pair, 1,
                             NumberOf(settling, static_cast<double>(image->bytes())));
            return pair;
          };
        });
  });
}

// Beside the searches, as it is short: behind a build it would wait for each batch of that.
napi_value NextOfImage(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [value] = ArgumentsOf<1>(env, info);
    const std::shared_ptr<ImageWriter> image = ImageOf(env, value);
    if (image == nullptr) Fail("closed", "the image is closed");
    return Environment::Of(env).Run(env, nullptr, PostSearch, [image]() -> ToValue {
      auto piece = std::make_shared<std::vector<uint8_t>>(image->Next());
      return [piece](napi_env settling) { return BufferOf(settling, std::move(*piece)); };
    });
  });
}

napi_value CloseImage(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [value] = ArgumentsOf<1>(env, info);
    std::shared_ptr<ImageWriter> image = std::move(ImageOf(env, value));
    if (image == nullptr) return UndefinedOf(env);
    try {
      // It waits for the lock, and may be the last to hold the index.
      PostSearch([held = std::move(image)] {});
    } catch (...) {
      // Here, then.
    }
    return UndefinedOf(env);
  });
}

napi_value LoadAsync(napi_env env, napi_callback_info info) {
  return Guarded(env, [&] {
    const auto [array] = ArgumentsOf<1>(env, info);
    uint32_t count = 0;
    if (napi_get_array_length(env, array, &count) != napi_ok) Fail("invalid", "not an array");
    std::vector<std::span<const uint8_t>> pieces(count);
    for (uint32_t at = 0; at < count; ++at) {
      napi_value piece = nullptr;
      napi_get_element(env, array, at, &piece);
      pieces[at] = BytesOf(env, piece);
    }
    return Environment::Of(env).Run(
        env, array, PostBuild, [pieces = std::move(pieces)]() -> ToValue {
          const std::shared_ptr<Index> index = Load(pieces);
          return [index](napi_env settling) { return ToHandle(settling, index, 0); };
        });
  });
}

}  // namespace

std::span<const Call> JobCalls() {
  static constexpr Call calls[] = {{"add", Add},
                                   {"compact", CompactAsync},
                                   {"search", SearchAsync},
                                   {"beginImage", BeginImage},
                                   {"nextOfImage", NextOfImage},
                                   {"closeImage", CloseImage},
                                   {"load", LoadAsync}};
  return calls;
}

}  // namespace hypermesh::hnsw
