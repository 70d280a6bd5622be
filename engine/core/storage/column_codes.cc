#include "core/storage/column_codes.h"

#include <algorithm>
#include <array>

#include "core/storage/verify_lookups.h"

namespace hypergraph {

namespace {

// Unpacking all of a block takes as long as about so many of its codes one by one.
constexpr size_t kUnpackWholeFrom = 20;
// Rows whose bytes are asked for before they are decoded.
constexpr size_t kFetchedAtOnce = 32;
constexpr uint64_t kBytesPerBit = kCodeBlockRows / 8;  // A block's bytes for each bit of width.

constexpr auto kMasks = [] {
  std::array<uint64_t, 65> masks{};
  for (unsigned width = 0; width < masks.size(); ++width) masks[width] = WidthMask(width);
  return masks;
}();

struct BlockShape {
  std::vector<uint64_t> bases;
  std::vector<uint64_t> ends;
};

BlockShape ShapeOf(std::span<const uint64_t> codes) {
  BlockShape shape;
  uint64_t end = 0;
  for (size_t first = 0; first < codes.size(); first += kCodeBlockRows) {
    const auto block = codes.subspan(first, std::min(kCodeBlockRows, codes.size() - first));
    uint64_t low = block[0];
    uint64_t high = block[0];
    for (const uint64_t code : block) {
      low = std::min(low, code);
      high = std::max(high, code);
    }
    end += PackedWidth(high - low);
    shape.bases.push_back(low);
    shape.ends.push_back(end);
  }
  return shape;
}

void WriteBlocks(std::span<const uint64_t> codes, const BlockShape& shape, ByteWriter* section,
                 ByteWriter* meta) {
  PackedArray::Write(std::span<const uint64_t>(shape.bases), section, meta);
  PackedArray::Write(std::span<const uint64_t>(shape.ends), section, meta);
  section->AlignTo(8);
  const size_t at = section->size();
  const uint64_t bytes = shape.ends.empty() ? 0 : shape.ends.back() * kBytesPerBit;
  meta->Put(static_cast<uint64_t>(at));
  meta->Put(bytes);
  section->bytes().resize(at + bytes + kPackedPadding);
  uint8_t* out = section->bytes().data() + at;
  std::array<uint64_t, kCodeBlockRows> deltas;
  uint64_t begin = 0;
  for (size_t block = 0; block < shape.bases.size(); ++block) {
    deltas.fill(0);
    const size_t first = block * kCodeBlockRows;
    const size_t count = std::min(kCodeBlockRows, codes.size() - first);
    for (size_t i = 0; i < count; ++i) deltas[i] = codes[first + i] - shape.bases[block];
    const auto width = static_cast<unsigned>(shape.ends[block] - begin);
    PackBits(std::span<const uint64_t>(deltas), width, out + begin * kBytesPerBit);
    begin = shape.ends[block];
  }
}

// The first of [low, high) that is not `before`. Requires: those that are come first.
template <typename Before>
uint64_t PartitionPoint(uint64_t low, uint64_t high, Before before) {
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (before(middle)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace

void CodeColumn::Write(std::span<const uint64_t> codes, CodeLayout layout, ByteWriter* section,
                       ByteWriter* meta) {
  uint64_t max = 0;
  for (const uint64_t code : codes) max = std::max(max, code);
  BlockShape shape;
  if (layout != CodeLayout::kWhole) shape = ShapeOf(codes);
  if (layout == CodeLayout::kAny) {
    const uint64_t whole_bytes = PackedBytes(codes.size(), PackedWidth(max));
    const uint64_t block_bytes =
        (shape.ends.empty() ? 0 : shape.ends.back() * kBytesPerBit) + shape.bases.size() * 10;
    // One load against three: blocks have to be worth it.
    layout = block_bytes + block_bytes / 8 < whole_bytes ? CodeLayout::kBlocks : CodeLayout::kWhole;
  }
  meta->Put(layout);
  meta->Put(static_cast<uint64_t>(codes.size()));
  meta->Put(max);
  if (layout == CodeLayout::kWhole) {
    PackedArray::Write(codes, section, meta);
  } else {
    WriteBlocks(codes, shape, section, meta);
  }
}

bool CodeColumn::Open(const SectionFile* file, ByteView section, ByteReader* meta,
                      CodeColumn* column) {
  column->file_ = file;
  column->layout_ = meta->Get<CodeLayout>();
  column->count_ = meta->Get<uint64_t>();
  column->max_ = meta->Get<uint64_t>();
  if (!meta->ok()) return false;
  if (column->layout_ == CodeLayout::kWhole) {
    return PackedArray::Open(section, meta, &column->whole_) &&
           column->whole_.count() == column->count_;
  }
  if (column->layout_ != CodeLayout::kBlocks || column->count_ > uint64_t{1} << 40) return false;
  if (!PackedArray::Open(section, meta, &column->bases_) ||
      !PackedArray::Open(section, meta, &column->ends_)) {
    return false;
  }
  const uint64_t blocks = column->block_count();
  if (column->bases_.count() != blocks || column->ends_.count() != blocks) return false;
  const auto offset = meta->Get<uint64_t>();
  const auto bytes = meta->Get<uint64_t>();
  if (!meta->ok() || offset > section.size() || bytes > section.size() - offset ||
      section.size() - offset - bytes < kPackedPadding) {
    return false;
  }
  column->data_ = section.subspan(static_cast<size_t>(offset), static_cast<size_t>(bytes));
  return true;
}

// Requires: the bytes of bases and ends are verified.
inline bool CodeColumn::LocateBlock(uint64_t block, Block* found) const {
  const uint64_t begin = block == 0 ? 0 : ends_[block - 1];
  const uint64_t end = ends_[block];
  if (end < begin || end - begin > 64 || end > data_.size() / kBytesPerBit) return false;
  found->base = bases_[block];
  found->width = static_cast<unsigned>(end - begin);
  found->data = data_.data() + begin * kBytesPerBit;
  return IsPackedWidth(found->width);
}

bool CodeColumn::FindBlock(uint64_t block, Block* found) const {
  const uint64_t from = block == 0 ? 0 : block - 1;
  return file_->Verified(ends_.BytesOf(from, block - from + 1)) &&
         file_->Verified(bases_.BytesOf(block, 1)) && LocateBlock(block, found) &&
         file_->Verified(found->data, found->width * kBytesPerBit);
}

bool CodeColumn::At(uint64_t index, uint64_t* code) const {
  if (layout_ == CodeLayout::kWhole) {
    if (!file_->Verified(whole_.BytesOf(index, 1))) return false;
    *code = whole_[index];
    return true;
  }
  if (const Place* places = Places(); places != nullptr) {
    const Place& place = places[index >> kCodeBlockShift];
    const uint8_t* data = data_.data() + place.begin * kBytesPerBit;
    *code = place.base + UnpackOne(data, place.width, index % kCodeBlockRows);
    return file_->Verified(data, place.width * kBytesPerBit);
  }
  Block block;
  if (!FindBlock(index >> kCodeBlockShift, &block)) return false;
  *code = block.base + UnpackOne(block.data, block.width, index % kCodeBlockRows);
  return true;
}

template <typename T>
bool CodeColumn::ReadAs(uint64_t first, size_t count, T* out) const {
  if (layout_ == CodeLayout::kWhole) {
    if (!file_->Verified(whole_.BytesOf(first, count))) return false;
    whole_.Read(first, count, out);
    return true;
  }
  while (count > 0) {
    Block block;
    if (!FindBlock(first >> kCodeBlockShift, &block)) return false;
    if (block.width > sizeof(T) * 8) return false;
    const size_t offset = first % kCodeBlockRows;
    const size_t taken = std::min(count, kCodeBlockRows - offset);
    UnpackBits(block.data, block.width, offset, taken, out);
    const T base = static_cast<T>(block.base);
    for (size_t i = 0; i < taken; ++i) out[i] += base;
    first += taken;
    count -= taken;
    out += taken;
  }
  return true;
}

bool CodeColumn::Read(uint64_t first, size_t count, uint64_t* out) const {
  return ReadAs(first, count, out);
}

bool CodeColumn::ReadNarrow(uint64_t first, size_t count, uint32_t* out) const {
  if (layout_ == CodeLayout::kWhole && whole_.width() > 32) return false;
  return ReadAs(first, count, out);
}

const CodeColumn::Place* CodeColumn::MakePlaces() const {
  const uint64_t blocks = block_count();
  if (blocks == 0 || data_.size() / kBytesPerBit > UINT32_MAX || !file_->Verified(bases_.bytes()) ||
      !file_->Verified(ends_.bytes())) {
    return nullptr;
  }
  auto made = std::make_unique_for_overwrite<Place[]>(blocks);
  Block block{};
  for (uint64_t i = 0; i < blocks; ++i) {
    if (!LocateBlock(i, &block)) return nullptr;
    const auto begin = static_cast<uint64_t>(block.data - data_.data()) / kBytesPerBit;
    made[i] = {block.base, static_cast<uint32_t>(begin), block.width};
  }
  const Place* places = nullptr;
  if (!places_.compare_exchange_strong(places, made.get(), std::memory_order_acq_rel)) {
    return places;  // Somebody else's, made meanwhile.
  }
  return made.release();
}

// Row by row, without a branch that depends on where rows lie: where some lie is worked out and
// their bytes are asked for, then these are decoded.
template <bool kSound>
bool CodeColumn::GatherPlacedAs(const Place* places, std::span<const uint32_t> indexes,
                                uint64_t* out) const {
  const uint8_t* const bytes = data_.data();
  std::array<uint64_t, kFetchedAtOnce> bits;  // Where the codes begin, in bits.
  for (size_t done = 0; done < indexes.size(); done += kFetchedAtOnce) {
    const size_t count = std::min(kFetchedAtOnce, indexes.size() - done);
    const uint32_t* const wanted = indexes.data() + done;
    for (size_t i = 0; i < count; ++i) {
      const Place& place = places[wanted[i] >> kCodeBlockShift];
      const uint64_t bit =
          uint64_t{place.begin} * kCodeBlockRows + wanted[i] % kCodeBlockRows * place.width;
      __builtin_prefetch(bytes + bit / 8);
      bits[i] = bit << 8 | place.width;
      out[done + i] = place.base;
    }
    for (size_t i = 0; i < count; ++i) {
      if constexpr (!kSound) {
        const Place& place = places[wanted[i] >> kCodeBlockShift];
        if (!file_->Verified(bytes + place.begin * kBytesPerBit, place.width * kBytesPerBit))
          return false;
      }
      const uint64_t bit = bits[i] >> 8;
      out[done + i] +=
          LoadUnaligned<uint64_t>(bytes + bit / 8) >> (bit % 8) & kMasks[bits[i] & 0xff];
    }
  }
  return true;
}

bool CodeColumn::GatherPlaced(const Place* places, std::span<const uint32_t> indexes,
                              uint64_t* out) const {
  return VerifiedForLookups(*file_, data_, indexes.size())
             ? GatherPlacedAs<true>(places, indexes, out)
             : GatherPlacedAs<false>(places, indexes, out);
}

// For rows of which a block has many: the whole block is unpacked.
bool CodeColumn::GatherBlocks(std::span<const uint32_t> indexes, uint64_t* out) const {
  std::array<uint64_t, kCodeBlockRows> codes;
  Block block{};
  for (size_t i = 0; i < indexes.size();) {
    const uint64_t wanted = indexes[i] >> kCodeBlockShift;
    size_t end = i + 1;
    while (end < indexes.size() && indexes[end] >> kCodeBlockShift == wanted) ++end;
    if (!FindBlock(wanted, &block)) return false;
    if (end - i >= kUnpackWholeFrom) {
      UnpackBits(block.data, block.width, 0, kCodeBlockRows, codes.data());
      for (; i < end; ++i) out[i] = block.base + codes[indexes[i] % kCodeBlockRows];
    }
    for (; i < end; ++i) {
      out[i] = block.base + UnpackOne(block.data, block.width, indexes[i] % kCodeBlockRows);
    }
  }
  return true;
}

bool CodeColumn::Gather(std::span<const uint32_t> indexes, uint64_t* out) const {
  if (indexes.empty()) return true;
  if (layout_ == CodeLayout::kWhole) {
    const ByteView bytes = whole_.bytes();
    const bool all_verified = VerifiedForLookups(*file_, bytes, indexes.size());
    for (size_t i = 0; i < indexes.size(); ++i) {
      if (!all_verified && !file_->Verified(whole_.BytesOf(indexes[i], 1))) return false;
      out[i] = whole_[indexes[i]];
    }
    return true;
  }
  // They mostly ascend; where they do not, this only chooses the slower way.
  const uint64_t blocks =
      (uint64_t{indexes.back()} >> kCodeBlockShift) - (indexes[0] >> kCodeBlockShift) + 1;
  const Place* places = indexes.size() / kUnpackWholeFrom >= blocks ? nullptr : Places();
  return places != nullptr ? GatherPlaced(places, indexes, out) : GatherBlocks(indexes, out);
}

bool CodeColumn::VerifyWhole() const {
  return layout_ == CodeLayout::kWhole
             ? file_->Verified(whole_.bytes())
             : file_->Verified(bases_.bytes()) && file_->Verified(ends_.bytes()) &&
                   file_->Verified(data_);
}

bool CodeColumn::BlockBounds(uint64_t block, uint64_t* low, uint64_t* high) const {
  Block found;
  if (!FindBlock(block, &found)) return false;
  *low = found.base;
  const uint64_t mask = WidthMask(found.width);
  *high = found.base > UINT64_MAX - mask ? UINT64_MAX : found.base + mask;
  return true;
}

bool CodeColumn::LowerBound(uint64_t code, uint64_t* index) const {
  if (layout_ == CodeLayout::kWhole) {
    if (!file_->Verified(whole_.bytes())) return false;
    *index = PartitionPoint(0, count_, [&](uint64_t place) { return whole_[place] < code; });
    return true;
  }
  // The last block that begins below the code holds the answer, or the one after it begins there.
  if (!file_->Verified(bases_.bytes())) return false;
  const uint64_t blocks =
      PartitionPoint(0, block_count(), [&](uint64_t block) { return bases_[block] < code; });
  *index = 0;
  if (blocks == 0) return true;
  Block block;
  if (!FindBlock(blocks - 1, &block)) return false;
  const uint64_t first = (blocks - 1) << kCodeBlockShift;
  const uint64_t codes = std::min<uint64_t>(kCodeBlockRows, count_ - first);
  *index = first + PartitionPoint(0, codes, [&](uint64_t place) {
             return block.base + UnpackOne(block.data, block.width, place) < code;
           });
  return true;
}

}  // namespace hypergraph
