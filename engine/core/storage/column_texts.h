// A column of byte strings, some of them absent. Where values repeat, distinct ones are kept once,
// in byte order, and rows are codes into them, so that comparisons are ranges of codes; else every
// row has its bytes.
//
// Threads: any. Functions that give false met a damaged block: see SectionFile::Fault. Texts point
// into the mapping.
#ifndef HYPERGRAPH_STORAGE_COLUMN_TEXTS_H_
#define HYPERGRAPH_STORAGE_COLUMN_TEXTS_H_

#include <string_view>

#include "core/storage/column_codes.h"
#include "core/storage/column_present.h"

namespace hypergraph {

class TextColumn {
 public:
  // Text i is bytes [ends[i − 1], ends[i]). `present` is empty (all are) or 1 or 0 a text.
  static void Write(std::span<const uint64_t> ends, std::string_view bytes,
                    std::span<const uint8_t> present, ByteWriter* section, ByteWriter* meta);
  static bool Open(const SectionFile* file, ByteView section, uint64_t row_count, ByteReader* meta,
                   TextColumn* column);

  const PresentColumn& present() const { return present_; }
  [[nodiscard]] bool Read(uint64_t first, size_t count, std::string_view* out) const;
  [[nodiscard]] bool Gather(std::span<const uint32_t> rows, std::string_view* out) const;

  bool has_dictionary() const { return has_dictionary_; }
  // With a dictionary: codes are places in it, in byte order of the texts.
  const CodeColumn& codes() const { return codes_; }
  uint64_t dictionary_count() const { return ends_.count(); }
  [[nodiscard]] bool DictionaryText(uint64_t code, std::string_view* text) const;
  [[nodiscard]] bool VerifyWhole() const;

 private:
  [[nodiscard]] bool Slice(uint64_t begin, uint64_t end, std::string_view* text) const;
  [[nodiscard]] bool TextAt(uint64_t index, std::string_view* text) const;

  const SectionFile* file_ = nullptr;
  PresentColumn present_;
  bool has_dictionary_ = false;
  CodeColumn codes_;  // With a dictionary.
  CodeColumn ends_;   // Of each distinct text, or of each row.
  ByteView bytes_;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_STORAGE_COLUMN_TEXTS_H_
