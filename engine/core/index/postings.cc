#include "core/index/postings.h"

#include <algorithm>
#include <bit>

#include "core/storage/byte_groups.h"

namespace hypergraph {

namespace {

constexpr size_t kSkipBytes = 8;

}  // namespace

uint32_t PostingList::BlockFirst(uint32_t block) const {
  return LoadUnaligned<uint32_t>(bytes_.data() + block * kSkipBytes);
}

bool PostingList::DecodeRun(const uint8_t* data, const uint8_t* end, uint32_t first,
                            uint32_t length, uint32_t* out) const {
  if (data >= end) return false;
  const uint8_t mode = *data++;
  const auto room = static_cast<size_t>(end - data);
  const uint32_t gaps = length - 1;
  if (mode == kByteGroupsMode) {
    const size_t control_bytes = ByteGroupControlBytes(gaps);
    const uint8_t* values = data + control_bytes;
    if (control_bytes + gaps > room ||
        !MayDecodeByteGroups(data, gaps, values, end, readable_end_) ||
        DecodeByteGroups(data, 0, gaps, values, out + 1) > end) {
      return false;
    }
  } else {
    if (mode > 32 || PackedBytes(gaps, mode) > room) return false;
    UnpackBits(data, mode, 0, gaps, out + 1);
  }
  out[0] = first;
  uint64_t rank = first;
  for (uint32_t i = 1; i < length; ++i) {
    rank += uint64_t{out[i]} + 1;
    out[i] = static_cast<uint32_t>(rank);
  }
  return rank < row_count_;  // Wide enough not to wrap: all before it are, too, and ascend.
}

bool PostingList::Decode(uint32_t block, Run* run, uint32_t* length) const {
  if (form_ == Form::kShort) {
    ByteReader reader(bytes_);
    const uint64_t first = reader.GetVarint();
    if (!reader.ok() || first >= row_count_) return false;
    *length = count_;
    (*run)[0] = static_cast<uint32_t>(first);
    return count_ == 1 || DecodeRun(bytes_.data() + reader.offset(), bytes_.data() + bytes_.size(),
                                    static_cast<uint32_t>(first), count_, run->data());
  }
  const uint8_t* runs = bytes_.data() + block_count() * kSkipBytes;
  const auto end_of = [&](uint32_t index) {
    return LoadUnaligned<uint32_t>(bytes_.data() + index * kSkipBytes + 4);
  };
  const uint32_t begin = block == 0 ? 0 : end_of(block - 1);
  const uint32_t end = end_of(block);
  const size_t room = bytes_.size() - block_count() * kSkipBytes;
  if (begin > end || end > room) return false;
  *length = std::min(kPostingBlockRows, count_ - block * kPostingBlockRows);
  return DecodeRun(runs + begin, runs + end, BlockFirst(block), *length, run->data()) &&
         (block + 1 == block_count() || (*run)[*length - 1] < BlockFirst(block + 1));
}

uint64_t PostingList::WordAt(uint32_t rank) const {
  return LoadUnaligned<uint64_t>(bytes_.data() + rank / 8);
}

namespace {

// The first block that may hold ranks >= from: the last whose first rank is at most `from`.
template <typename BlockFirst>
uint32_t EnterAt(uint32_t from, uint32_t begin, uint32_t blocks, BlockFirst block_first) {
  uint32_t step = 1;
  uint32_t low = begin;  // block_first(low) <= from, or low == begin.
  while (low + step < blocks && block_first(low + step) <= from) {
    low += step;
    step *= 2;
  }
  uint32_t high = std::min(blocks, low + step);
  while (high - low > 1) {
    const uint32_t middle = low + (high - low) / 2;
    if (block_first(middle) <= from) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

void AppendWord(uint64_t word, uint32_t first, uint32_t** out) {
  for (; word != 0; word &= word - 1) {
    *(*out)++ = first + static_cast<uint32_t>(std::countr_zero(word));
  }
}

// Calls visit(rank of the word's lowest bit, mask of its bits within the range) over the range.
template <typename Visit>
void ForWords(RankRange range, Visit visit) {
  for (uint64_t at = range.from & ~63u; at < range.to; at += 64) {
    uint64_t mask = ~uint64_t{0};
    if (at < range.from) mask &= ~uint64_t{0} << (range.from - at);
    if (range.to - at < 64) mask &= ~(~uint64_t{0} << (range.to - at));
    visit(static_cast<uint32_t>(at), mask);
  }
}

}  // namespace

bool PostingList::AppendRows(RankRange range, std::vector<uint32_t>* rows) const {
  if (form_ == Form::kEmpty || range.from >= range.to) return true;
  if (form_ == Form::kBitmap) {
    AppendCommon({this, 1}, range, rows);
    return true;
  }
  const uint32_t blocks = block_count();
  uint32_t block = 0;
  if (range.from > 0 && form_ == Form::kBlocks) {
    block = EnterAt(range.from, 0, blocks, [&](uint32_t index) { return BlockFirst(index); });
  }
  Run run;
  for (; block < blocks; ++block) {
    if (form_ == Form::kBlocks && BlockFirst(block) >= range.to) break;
    uint32_t length = 0;
    if (!Decode(block, &run, &length)) return false;
    const uint32_t* begin = run.data();
    const uint32_t* end = begin + length;
    if (*begin < range.from) begin = std::lower_bound(begin, end, range.from);
    if (end[-1] >= range.to) end = std::lower_bound(begin, end, range.to);
    rows->insert(rows->end(), begin, end);
  }
  return true;
}

void PostingList::AppendCommon(std::span<const PostingList> lists, RankRange range,
                               std::vector<uint32_t>* rows) {
  range.to = std::min(range.to, lists[0].row_count_);
  uint64_t most = range.from < range.to ? range.to - range.from : 0;
  for (const PostingList& list : lists) most = std::min<uint64_t>(most, list.count_);
  const size_t before = rows->size();
  // A bitmap may have more bits than its count says only when it lies: two words of slack a step.
  rows->resize(before + most + 64);
  uint32_t* out = rows->data() + before;
  const uint32_t* const last = rows->data() + before + most;
  ForWords(range, [&](uint32_t at, uint64_t mask) {
    uint64_t word = mask;
    for (const PostingList& list : lists) word &= list.WordAt(at);
    if (out <= last) AppendWord(word, at, &out);
  });
  rows->resize(std::min<size_t>(static_cast<size_t>(out - rows->data()), before + most));
}

bool PostingList::SetBits(RankRange range, std::vector<uint64_t>* bits) const {
  if (form_ == Form::kBitmap) {
    const uint32_t to = std::min(range.to, row_count_);
    ForWords({range.from, to}, [&](uint32_t at, uint64_t mask) {
      const uint64_t word = WordAt(at) & mask;
      if (word == 0) return;
      if (at < range.from) {
        (*bits)[0] |= word >> (range.from - at);
        return;
      }
      const uint32_t shift = (at - range.from) % 64;
      (*bits)[(at - range.from) / 64] |= word << shift;
      if (shift != 0 && word >> (64 - shift) != 0) {
        (*bits)[(at - range.from) / 64 + 1] |= word >> (64 - shift);
      }
    });
    return true;
  }
  std::vector<uint32_t> rows;
  if (!AppendRows(range, &rows)) return false;
  for (const uint32_t row : rows) {
    (*bits)[(row - range.from) / 64] |= uint64_t{1} << ((row - range.from) % 64);
  }
  return true;
}

bool PostingList::KeepInBitmap(std::vector<uint32_t>* rows) const {
  uint32_t* out = rows->data();
  for (const uint32_t row : *rows) {
    *out = row;
    out += bytes_[row / 8] >> (row % 8) & 1;
  }
  rows->resize(static_cast<size_t>(out - rows->data()));
  return true;
}

bool PostingList::KeepInBlocks(std::vector<uint32_t>* rows) const {
  const uint32_t blocks = block_count();
  uint32_t current = UINT32_MAX;
  uint32_t length = 0;
  uint32_t at = 0;
  uint32_t* out = rows->data();
  Run run;
  for (const uint32_t row : *rows) {
    uint32_t block = current == UINT32_MAX ? 0 : current;
    if (form_ == Form::kBlocks && block + 1 < blocks && BlockFirst(block + 1) <= row) {
      block = EnterAt(row, block, blocks, [&](uint32_t index) { return BlockFirst(index); });
    }
    if (block != current) {
      if (!Decode(block, &run, &length)) return false;
      current = block;
      at = 0;
    }
    // Rows of two like lists lie close together: strides from where the last one was.
    while (at + 8 < length && run[at + 8] < row) at += 8;
    while (at < length && run[at] < row) ++at;
    *out = row;
    out += at < length && run[at] == row ? 1 : 0;
  }
  rows->resize(static_cast<size_t>(out - rows->data()));
  return true;
}

bool PostingList::Keep(std::vector<uint32_t>* rows) const {
  if (rows->empty()) return true;
  switch (form_) {
    case Form::kEmpty:
      rows->clear();
      return true;
    case Form::kBitmap:
      return KeepInBitmap(rows);
    case Form::kShort:
    case Form::kBlocks:
      return KeepInBlocks(rows);
  }
  return false;
}

bool PostingList::Sound() const {
  std::vector<uint32_t> rows;
  if (!AppendRows({0, row_count_}, &rows)) return false;
  if (form_ == Form::kBitmap) {
    uint64_t bits = 0;
    ForWords({0, row_count_}, [&](uint32_t at, uint64_t mask) {
      bits += static_cast<uint64_t>(std::popcount(WordAt(at) & mask));
    });
    if (bits != count_) return false;
  }
  const bool ascend =
      std::adjacent_find(rows.begin(), rows.end(), std::greater_equal<>()) == rows.end();
  return ascend && rows.size() == count_ && (rows.empty() || rows.back() < row_count_);
}

bool Postings::Open(const SectionFile* file, ByteView node_section, ByteView posting_section,
                    uint32_t row_count, ByteReader* meta, Postings* postings) {
  postings->file_ = file;
  postings->row_count_ = row_count;
  const auto bytes = meta->Get<uint64_t>();
  if (!meta->ok() || bytes > posting_section.size() ||
      posting_section.size() - bytes < kByteGroupPadding) {
    return false;
  }
  postings->data_ = posting_section.first(static_cast<size_t>(bytes));
  return NodeDirectory::Open(file, node_section, meta, &postings->nodes_);
}

bool Postings::Locate(const NodeDirectory::Place& place, PostingList* list) const {
  *list = {};
  list->row_count_ = row_count_;
  if (place.degree == 0) return true;
  if (place.begin >= place.end || place.end > data_.size() || place.degree > row_count_)
    return false;
  list->count_ = place.degree;
  list->readable_end_ = data_.data() + data_.size() + kByteGroupPadding;
  list->bytes_ =
      data_.subspan(static_cast<size_t>(place.begin), static_cast<size_t>(place.end - place.begin));
  if (!file_->Verified(list->bytes_)) return false;
  if (place.degree <= kPostingBlockRows) {
    list->form_ = PostingList::Form::kShort;
    return true;
  }
  if (IsBitmapPosting(place.degree, row_count_)) {
    list->form_ = PostingList::Form::kBitmap;
    return list->bytes_.size() == (row_count_ + 7) / 8;
  }
  list->form_ = PostingList::Form::kBlocks;
  return list->bytes_.size() >= list->block_count() * kSkipBytes;
}

bool Postings::Find(NodeNumber node, PostingList* list) const {
  NodeDirectory::Place place;
  return nodes_.Find(node, &place) && Locate(place, list);
}

bool Postings::AllOf(std::vector<PostingList>* lists, RankRange range,
                     std::vector<uint32_t>* rows) {
  std::sort(lists->begin(), lists->end(), [](const PostingList& left, const PostingList& right) {
    return left.count() < right.count();
  });
  if ((*lists)[0].count() == 0) return true;
  std::vector<uint32_t> common;
  if ((*lists)[0].form() == PostingList::Form::kBitmap) {
    PostingList::AppendCommon(*lists, range, &common);
  } else {
    if (!(*lists)[0].AppendRows(range, &common)) return false;
    for (size_t i = 1; i < lists->size(); ++i) {
      if (!(*lists)[i].Keep(&common)) return false;
    }
  }
  rows->insert(rows->end(), common.begin(), common.end());
  return true;
}

bool Postings::SomeOf(const std::vector<PostingList>& lists, uint32_t at_least, RankRange range,
                      std::vector<uint32_t>* rows) {
  uint64_t total = 0;
  for (const PostingList& list : lists) total += list.count();
  const uint64_t span = range.to - range.from;
  if (at_least == 1 && total > span / 32) {
    std::vector<uint64_t> bits(span / 64 + 2);
    for (const PostingList& list : lists) {
      if (!list.SetBits(range, &bits)) return false;
    }
    for (size_t word = 0; word < bits.size(); ++word) {
      for (uint64_t left = bits[word]; left != 0; left &= left - 1) {
        rows->push_back(range.from + static_cast<uint32_t>(word * 64) +
                        static_cast<uint32_t>(std::countr_zero(left)));
      }
    }
    return true;
  }
  if (total > span / 8 && lists.size() <= UINT8_MAX) {  // Counting beats sorting.
    std::vector<uint8_t> counts(span);
    std::vector<uint32_t> of_list;
    for (const PostingList& list : lists) {
      of_list.clear();
      if (!list.AppendRows(range, &of_list)) return false;
      for (const uint32_t row : of_list) ++counts[row - range.from];
    }
    for (uint32_t i = 0; i < span; ++i) {
      if (counts[i] >= at_least) rows->push_back(range.from + i);
    }
    return true;
  }
  std::vector<uint32_t> all;
  for (const PostingList& list : lists) {
    if (!list.AppendRows(range, &all)) return false;
  }
  std::sort(all.begin(), all.end());
  for (size_t i = 0; i < all.size();) {
    size_t end = i + 1;
    while (end < all.size() && all[end] == all[i]) ++end;
    if (end - i >= at_least) rows->push_back(all[i]);
    i = end;
  }
  return true;
}

bool Postings::RowsOfNodes(std::span<const NodeNumber> nodes, uint32_t at_least, RankRange range,
                           std::vector<uint32_t>* rows) const {
  range.to = std::min(range.to, row_count_);
  at_least = std::max(at_least, 1u);
  if (at_least > nodes.size() || range.from >= range.to) return true;
  std::vector<PostingList> lists;
  for (const NodeNumber node : nodes) {
    PostingList list;
    if (!Find(node, &list)) return false;
    if (list.count() > 0) {
      lists.push_back(list);
    } else if (at_least == nodes.size()) {
      return true;
    }
  }
  if (lists.size() < at_least) return true;
  if (lists.size() == at_least) return AllOf(&lists, range, rows);
  return SomeOf(lists, at_least, range, rows);
}

bool Postings::VerifyWhole() const {
  if (!nodes_.VerifyWhole() || !file_->Verified(data_)) return false;
  for (uint32_t local = 0; local < nodes_.count(); ++local) {
    NodeDirectory::Place place;
    PostingList list;
    if (!nodes_.PlaceOf(local, &place) || place.degree == 0 || !Locate(place, &list) ||
        !list.Sound()) {
      return false;
    }
  }
  return true;
}

}  // namespace hypergraph
