#include "core/storage/column_present.h"

#include <algorithm>

namespace hypergraph {

void PresentColumn::Write(std::span<const uint8_t> present, ByteWriter* section, ByteWriter* meta) {
  const bool all =
      std::all_of(present.begin(), present.end(), [](uint8_t bit) { return bit != 0; });
  meta->Put(static_cast<uint8_t>(all));
  if (all) return;
  std::vector<uint32_t> bits(present.size());
  std::transform(present.begin(), present.end(), bits.begin(),
                 [](uint8_t bit) { return bit != 0 ? 1u : 0u; });
  PackedArray::Write(std::span<const uint32_t>(bits), section, meta);
}

bool PresentColumn::Open(const SectionFile* file, ByteView section, uint64_t row_count,
                         ByteReader* meta, PresentColumn* column) {
  column->file_ = file;
  column->all_ = meta->Get<uint8_t>() != 0;
  if (column->all_) return meta->ok();
  return PackedArray::Open(section, meta, &column->bits_) && column->bits_.count() == row_count &&
         column->bits_.width() <= 1;
}

bool PresentColumn::Read(uint64_t first, size_t count, uint8_t* out) const {
  if (all_) {
    std::fill_n(out, count, uint8_t{1});
    return true;
  }
  if (!file_->Verified(bits_.BytesOf(first, count))) return false;
  for (size_t i = 0; i < count; ++i) out[i] = static_cast<uint8_t>(bits_[first + i]);
  return true;
}

bool PresentColumn::Gather(std::span<const uint32_t> rows, uint8_t* out) const {
  if (all_) {
    std::fill_n(out, rows.size(), uint8_t{1});
    return true;
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!file_->Verified(bits_.BytesOf(rows[i], 1))) return false;
    out[i] = static_cast<uint8_t>(bits_[rows[i]]);
  }
  return true;
}

}  // namespace hypergraph
