// The one implementation of DictionaryFile, and what writes it.
//
//   all keys integers   key − least key, packed; a table of places + 1 over the span of the keys
//                       where they are dense, else over hashes
//   else                one bit a key (text or integer), ends and bytes (8 of an integer), a hash
//                       table whose entries also have 8 bits of the hash
//
// Hash tables are open, a fifth of their slots empty; the first slot is by the hash's upper half
// times the number of slots. Threads: any.
#ifndef HYPERGRAPH_INDEX_DICTIONARY_FILE_H_
#define HYPERGRAPH_INDEX_DICTIONARY_FILE_H_

#include <memory>
#include <string>

#include "core/base/hash.h"
#include "core/index/dictionary.h"
#include "core/storage/column_codes.h"

namespace hypergraph {

inline uint64_t HashKey(const NodeKey& key) {
  return key.is_text ? HashText(key.text) : HashNumber(key.integer);
}

class DictionaryFileReader final : public DictionaryFile {
 public:
  DictionaryFileReader(std::unique_ptr<SectionFile> file, const DictionaryFileInfo& info)
      : file_(std::move(file)), info_(info) {}
  Status ReadMeta();

  const DictionaryFileInfo& info() const override { return info_; }
  Status Find(const NodeKey& key, std::optional<uint32_t>* number) const override;
  Status KeyOf(uint32_t number, NodeKey* key) const override;
  Status Verify() const override;

 private:
  Status Damaged() const;
  [[nodiscard]] bool FindPlace(const NodeKey& key, std::optional<uint32_t>* place) const;
  [[nodiscard]] bool KeyAt(uint64_t place, NodeKey* key) const;

  std::unique_ptr<SectionFile> file_;
  DictionaryFileInfo info_;
  bool integers_ = false;
  bool dense_ = false;
  uint64_t key_min_ = 0;
  PackedArray keys_;  // Of integers.
  PackedArray is_text_;
  CodeColumn ends_;
  ByteView bytes_;
  PackedArray slots_;
};

Status WriteDictionaryFile(FileSystem& files, const std::string& path, uint64_t file_id,
                           uint32_t first, std::span<const NodeKey> keys, DictionaryFileInfo* info);

}  // namespace hypergraph

#endif  // HYPERGRAPH_INDEX_DICTIONARY_FILE_H_
