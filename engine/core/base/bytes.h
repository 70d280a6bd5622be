// Little-endian bytes: a writer that grows, a reader that never reads past its end.
#ifndef HYPERGRAPH_BASE_BYTES_H_
#define HYPERGRAPH_BASE_BYTES_H_

#include <bit>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/types.h"

namespace hypergraph {

static_assert(std::endian::native == std::endian::little, "stored bytes are little-endian");

template <typename T>
T LoadUnaligned(const uint8_t* at) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

inline ByteView AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view AsText(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class ByteWriter {
 public:
  template <typename T>
  void Put(T value) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    Append(&value, sizeof value);
  }
  void PutBytes(ByteView bytes) { Append(bytes.data(), bytes.size()); }
  // A u32 length, then the bytes.
  void PutText(std::string_view text) {
    Put(static_cast<uint32_t>(text.size()));
    Append(text.data(), text.size());
  }
  template <typename T>
  void PutArray(std::span<const T> values) {
    Append(values.data(), values.size_bytes());
  }
  void PutVarint(uint64_t value) {
    while (value >= 0x80) {
      Put(static_cast<uint8_t>(value | 0x80));
      value >>= 7;
    }
    Put(static_cast<uint8_t>(value));
  }
  void AlignTo(size_t alignment) {
    while (bytes_.size() % alignment != 0) bytes_.push_back(0);
  }
  template <typename T>
  void OverwriteAt(size_t offset, T value) {
    std::memcpy(bytes_.data() + offset, &value, sizeof value);
  }

  size_t size() const { return bytes_.size(); }
  ByteView view() const { return bytes_; }
  std::vector<uint8_t>& bytes() { return bytes_; }
  void Clear() { bytes_.clear(); }

 private:
  static constexpr size_t kManyBytes = 4096;
  void Append(const void* data, size_t count) {
    if (count == 0) return;
    if (count >= kManyBytes) {  // Those zeroed before would be touched twice.
      const auto* const from = static_cast<const uint8_t*>(data);
      bytes_.insert(bytes_.end(), from, from + count);
      return;
    }
    const size_t at = bytes_.size();
    bytes_.resize(at + count);
    std::memcpy(bytes_.data() + at, data, count);
  }
  std::vector<uint8_t> bytes_;
};

// After the first read past the end every read gives zero or empty, and `ok()` is false: callers
// read a whole structure, then ask once.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : bytes_(bytes) {}

  template <typename T>
  T Get() {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    const ByteView at = Take(sizeof(T));
    return at.size() == sizeof(T) ? LoadUnaligned<T>(at.data()) : T{};
  }
  ByteView GetBytes(uint64_t count) { return Take(count); }
  std::string_view GetText() { return AsText(Take(Get<uint32_t>())); }
  uint64_t GetVarint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = Get<uint8_t>();
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    ok_ = false;
    return 0;
  }
  void AlignTo(size_t alignment) {
    while (ok_ && at_ % alignment != 0) Take(1);
  }

  bool ok() const { return ok_; }
  bool AtEnd() const { return at_ == bytes_.size(); }
  size_t offset() const { return at_; }
  size_t remaining() const { return bytes_.size() - at_; }

 private:
  ByteView Take(uint64_t count) {
    if (!ok_ || count > bytes_.size() - at_) {
      ok_ = false;
      return {};
    }
    const ByteView taken = bytes_.subspan(at_, static_cast<size_t>(count));
    at_ += static_cast<size_t>(count);
    return taken;
  }
  ByteView bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_BASE_BYTES_H_
