// Interned keys: caller keys of nodes (strings or unsigned integers) or of symbols (strings) to
// dense numbers in order of first use, and back. Files hold ranges of numbers; what came since is
// in memory.
//
// Threads: Intern and Install from the one writer; everything else from any thread at any time.
#ifndef HYPERGRAPH_INDEX_DICTIONARY_H_
#define HYPERGRAPH_INDEX_DICTIONARY_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/base/types.h"
#include "core/platform/file.h"

namespace hypergraph {

// A string, or an unsigned integer. Different from each other even when they print alike.
struct NodeKey {
  bool is_text = false;
  uint64_t integer = 0;   // When not text.
  std::string_view text;  // When text; UTF-8, not owned.
  bool operator==(const NodeKey&) const = default;
};

struct DictionaryFileInfo {
  uint64_t file_id = 0;
  uint64_t file_bytes = 0;
  uint32_t footer_crc = 0;
  uint32_t first_number = 0;
  uint32_t key_count = 0;
};

// Numbers [first, first + count), each file with its own hash table.
class DictionaryFile {
 public:
  static StatusOr<std::shared_ptr<const DictionaryFile>> Open(FileSystem& files,
                                                              const std::string& path,
                                                              const DictionaryFileInfo& info);
  virtual ~DictionaryFile() = default;
  virtual const DictionaryFileInfo& info() const = 0;
  virtual Status Find(const NodeKey& key, std::optional<uint32_t>* number) const = 0;
  // Requires: the file holds the number. The text points into the mapping.
  virtual Status KeyOf(uint32_t number, NodeKey* key) const = 0;
  virtual Status Verify() const = 0;
};

class Dictionary {
 public:
  // Keys at hand take four bytes each, up to 64 MiB.
  static constexpr uint32_t kSmallNumbersEnd = 1u << 24;

  explicit Dictionary(uint32_t first_number = 0);  // Symbols start at 1: 0 is "none".
  ~Dictionary();

  Status Find(const NodeKey& key, std::optional<uint32_t>* number) const;
  Status KeyOf(uint32_t number, NodeKey* key) const;  // kNotFound beyond end(). Text stays valid
                                                      // for the Dictionary's life.
  // The keys of numbers below end(), fast, for result columns: false when one of them is no integer
  // below 2^32 − 2, or has a number from kSmallNumbersEnd on. What was looked up once stays at
  // hand.
  Status SmallKeysOf(std::span<const uint32_t> numbers, uint32_t* out, bool* all_small) const;
  uint32_t end() const;  // One past the last number.

  // The number of the key, interning it when new (`fresh` tells). kTooLarge at 2^32 − 2 keys.
  Status Intern(const NodeKey& key, uint32_t* number, bool* fresh);
  // Many integers at once: the bulk path.
  Status InternIntegers(std::span<const uint64_t> keys, uint32_t* numbers);
  Status InternIntegers(std::span<const uint32_t> keys, uint32_t* numbers);

  // Writes numbers [first, end) to a file; Install then replaces what the files cover, in memory
  // too.
  Status WriteFile(FileSystem& files, const std::string& path, uint64_t file_id, uint32_t first,
                   uint32_t end, DictionaryFileInfo* info) const;
  Status Install(std::vector<std::shared_ptr<const DictionaryFile>> files);
  std::vector<std::shared_ptr<const DictionaryFile>> files() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_INDEX_DICTIONARY_H_
