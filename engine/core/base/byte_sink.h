// Bytes that grow: first in the room that a caller lends, from there on in memory of their own.
//
// Threads: one. Ownership: borrows the room and the vector, which is used only where the room is
// too small.
#ifndef HYPERGRAPH_BASE_BYTE_SINK_H_
#define HYPERGRAPH_BASE_BYTE_SINK_H_

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace hypergraph {

class ByteSink {
 public:
  ByteSink(std::span<uint8_t> room, std::vector<uint8_t>* more)
      : begin_(room.data()), at_(room.data()), end_(room.data() + room.size()), more_(more) {}
  ByteSink(const ByteSink&) = delete;
  ByteSink& operator=(const ByteSink&) = delete;

  // Where at least so many bytes may be written; EndAt says how far they were.
  uint8_t* Reserve(size_t count) {
    if (static_cast<size_t>(end_ - at_) < count) Grow(count);
    return at_;
  }
  void EndAt(uint8_t* at) { at_ = at; }

  void Put(char byte) {
    *Reserve(1) = static_cast<uint8_t>(byte);
    ++at_;
  }
  void Put(std::string_view text) {
    if (text.empty()) return;
    std::memcpy(Reserve(text.size()), text.data(), text.size());
    at_ += text.size();
  }

  size_t size() const { return static_cast<size_t>(at_ - begin_); }
  bool in_room() const { return !grown_; }
  // Ends them: the vector has what was written, all of it. Requires: !in_room().
  void Finish() { more_->resize(size()); }

 private:
  void Grow(size_t count) {
    const size_t used = size();
    const size_t wanted = std::max(2 * used, used + count);
    more_->resize(wanted);
    if (!grown_ && used > 0) std::memcpy(more_->data(), begin_, used);
    grown_ = true;
    begin_ = more_->data();
    at_ = begin_ + used;
    end_ = begin_ + wanted;
  }

  uint8_t* begin_;
  uint8_t* at_;
  uint8_t* end_;
  std::vector<uint8_t>* more_;
  bool grown_ = false;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_BASE_BYTE_SINK_H_
