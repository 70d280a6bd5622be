#include "core/storage/column_texts.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "core/base/hash.h"

namespace hypergraph {

namespace {

constexpr size_t kTextChunk = 512;

struct Distinct {
  std::vector<std::string_view> texts;  // Ascending.
  std::vector<uint64_t> codes;          // One a row.
};

// False when more than half of the texts differ: then a dictionary does not pay.
bool FindDistinct(std::span<const std::string_view> rows, Distinct* distinct) {
  const size_t limit = rows.size() / 2;
  const size_t slot_count = std::bit_ceil(std::max<size_t>(16, limit * 2 + 2));
  std::vector<uint32_t> slots(slot_count, UINT32_MAX);
  distinct->codes.resize(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    size_t slot = HashText(rows[i]) & (slot_count - 1);
    while (slots[slot] != UINT32_MAX && distinct->texts[slots[slot]] != rows[i]) {
      slot = (slot + 1) & (slot_count - 1);
    }
    if (slots[slot] == UINT32_MAX) {
      if (distinct->texts.size() >= limit) return false;
      slots[slot] = static_cast<uint32_t>(distinct->texts.size());
      distinct->texts.push_back(rows[i]);
    }
    distinct->codes[i] = slots[slot];
  }
  std::vector<uint32_t> order(distinct->texts.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t left, uint32_t right) {
    return distinct->texts[left] < distinct->texts[right];
  });
  std::vector<std::string_view> sorted(order.size());
  std::vector<uint32_t> rank(order.size());
  for (uint32_t i = 0; i < order.size(); ++i) {
    sorted[i] = distinct->texts[order[i]];
    rank[order[i]] = i;
  }
  distinct->texts = std::move(sorted);
  for (uint64_t& code : distinct->codes) code = rank[code];
  return true;
}

void WriteTexts(std::span<const std::string_view> texts, ByteWriter* section, ByteWriter* meta) {
  std::vector<uint64_t> ends;
  uint64_t end = 0;
  for (const std::string_view text : texts) ends.push_back(end += text.size());
  CodeColumn::Write(ends, CodeLayout::kAny, section, meta);
  meta->Put(static_cast<uint64_t>(section->size()));
  meta->Put(end);
  section->bytes().reserve(section->size() + end);
  for (const std::string_view text : texts) section->PutBytes(AsBytes(text));
}

}  // namespace

void TextColumn::Write(std::span<const uint64_t> ends, std::string_view bytes,
                       std::span<const uint8_t> present, ByteWriter* section, ByteWriter* meta) {
  std::vector<std::string_view> rows(ends.size());
  uint64_t begin = 0;
  for (size_t i = 0; i < ends.size(); ++i) {
    if (present.empty() || present[i]) rows[i] = bytes.substr(begin, ends[i] - begin);
    begin = ends[i];
  }
  PresentColumn::Write(present, section, meta);
  Distinct distinct;
  const bool has_dictionary = FindDistinct(rows, &distinct);
  meta->Put(static_cast<uint8_t>(has_dictionary));
  if (!has_dictionary) {
    WriteTexts(rows, section, meta);
    return;
  }
  CodeColumn::Write(distinct.codes, CodeLayout::kAny, section, meta);
  WriteTexts(distinct.texts, section, meta);
}

bool TextColumn::Open(const SectionFile* file, ByteView section, uint64_t row_count,
                      ByteReader* meta, TextColumn* column) {
  column->file_ = file;
  if (!PresentColumn::Open(file, section, row_count, meta, &column->present_)) return false;
  column->has_dictionary_ = meta->Get<uint8_t>() != 0;
  if (column->has_dictionary_ && (!CodeColumn::Open(file, section, meta, &column->codes_) ||
                                  column->codes_.count() != row_count)) {
    return false;
  }
  if (!CodeColumn::Open(file, section, meta, &column->ends_)) return false;
  if (column->has_dictionary_ ? column->codes_.max() >= column->ends_.count() && row_count > 0
                              : column->ends_.count() != row_count) {
    return false;
  }
  const auto offset = meta->Get<uint64_t>();
  const auto count = meta->Get<uint64_t>();
  if (!meta->ok() || offset > section.size() || count > section.size() - offset) return false;
  column->bytes_ = section.subspan(static_cast<size_t>(offset), static_cast<size_t>(count));
  return true;
}

bool TextColumn::Slice(uint64_t begin, uint64_t end, std::string_view* text) const {
  if (begin > end || end > bytes_.size()) return false;
  const ByteView slice =
      bytes_.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
  if (!file_->Verified(slice)) return false;
  *text = AsText(slice);
  return true;
}

bool TextColumn::TextAt(uint64_t index, std::string_view* text) const {
  if (index >= ends_.count()) return false;
  uint64_t begin = 0;
  uint64_t end = 0;
  if (index > 0 && !ends_.At(index - 1, &begin)) return false;
  return ends_.At(index, &end) && Slice(begin, end, text);
}

bool TextColumn::DictionaryText(uint64_t code, std::string_view* text) const {
  return TextAt(code, text);
}

bool TextColumn::Read(uint64_t first, size_t count, std::string_view* out) const {
  std::array<uint64_t, kTextChunk> values;
  uint64_t begin = 0;
  if (!has_dictionary_ && first > 0 && !ends_.At(first - 1, &begin)) return false;
  for (size_t done = 0; done < count; done += kTextChunk) {
    const size_t taken = std::min(kTextChunk, count - done);
    const CodeColumn& column = has_dictionary_ ? codes_ : ends_;
    if (!column.Read(first + done, taken, values.data())) return false;
    for (size_t i = 0; i < taken; ++i) {
      if (has_dictionary_ ? !TextAt(values[i], out + done + i)
                          : !Slice(begin, values[i], out + done + i)) {
        return false;
      }
      begin = values[i];
    }
  }
  return true;
}

bool TextColumn::Gather(std::span<const uint32_t> rows, std::string_view* out) const {
  for (size_t i = 0; i < rows.size(); ++i) {
    uint64_t index = rows[i];
    if (has_dictionary_ && !codes_.At(rows[i], &index)) return false;
    if (!TextAt(index, out + i)) return false;
  }
  return true;
}

bool TextColumn::VerifyWhole() const {
  return (!has_dictionary_ || codes_.VerifyWhole()) && ends_.VerifyWhole() &&
         file_->Verified(bytes_);
}

}  // namespace hypergraph
