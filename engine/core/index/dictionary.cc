#include "core/index/dictionary.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <shared_mutex>

#include "core/index/dictionary_file.h"
#include "core/index/small_numbers.h"

namespace hypergraph {

namespace {

constexpr uint32_t kEndMax = UINT32_MAX - 1;  // kNodeNone is never a number.

// Texts that stay where they are until the arena goes.
class TextArena {
 public:
  std::string_view Add(std::string_view text) {
    if (text.size() > kChunkBytes / 4) {
      auto& own = chunks_.emplace_back(std::make_unique<char[]>(text.size()));
      std::memcpy(own.get(), text.data(), text.size());
      return {own.get(), text.size()};
    }
    if (current_ == nullptr || used_ + text.size() > kChunkBytes) {
      current_ = chunks_.emplace_back(std::make_unique<char[]>(kChunkBytes)).get();
      used_ = 0;
    }
    char* at = current_ + used_;
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    used_ += text.size();
    return {at, text.size()};
  }

 private:
  static constexpr size_t kChunkBytes = 1 << 16;
  std::vector<std::unique_ptr<char[]>> chunks_;
  char* current_ = nullptr;
  size_t used_ = 0;
};

// The keys that no file has yet: entries in chunks that never move, and an open hash table.
class FreshKeys {
 public:
  uint32_t count() const { return count_; }

  NodeKey At(uint32_t place) const {
    const Entry& entry = EntryAt(place);
    if (entry.text == nullptr) return {false, entry.integer, {}};
    return {true, 0, {entry.text, static_cast<size_t>(entry.integer)}};
  }

  void Prefetch(uint64_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[hash & mask()]);
  }

  // The place of the key, or count() when it is not here.
  uint32_t Find(const NodeKey& key, uint64_t hash) const {
    if (count_ == 0) return count_;
    const auto tag = static_cast<uint32_t>(hash >> 32);
    for (uint64_t slot = hash & mask();; slot = (slot + 1) & mask()) {
      if (slots_[slot].place == 0) return count_;
      if (slots_[slot].tag == tag && Same(EntryAt(slots_[slot].place - 1), key)) {
        return slots_[slot].place - 1;
      }
    }
  }

  // Requires: the key is not here; its text stays.
  void Add(const NodeKey& key, uint64_t hash) {
    if ((size_t{count_} + 1) * 2 > slots_.size()) Rehash();
    if (count_ % kChunkEntries == 0) chunks_.push_back(std::make_unique<Chunk>());
    (*chunks_.back())[count_ % kChunkEntries] =
        key.is_text ? Entry{key.text.size(), key.text.data()} : Entry{key.integer, nullptr};
    Place(++count_, hash);
  }

 private:
  struct Entry {
    uint64_t integer;  // Or the text's bytes.
    const char* text;  // Null of an integer.
  };
  struct Slot {
    uint32_t tag = 0;
    uint32_t place = 0;  // + 1; 0 is empty.
  };
  static constexpr uint32_t kChunkEntries = 4096;
  using Chunk = std::array<Entry, kChunkEntries>;

  uint64_t mask() const { return slots_.size() - 1; }
  const Entry& EntryAt(uint32_t place) const {
    return (*chunks_[place / kChunkEntries])[place % kChunkEntries];
  }
  static bool Same(const Entry& entry, const NodeKey& key) {
    if (!key.is_text) return entry.text == nullptr && entry.integer == key.integer;
    return entry.text != nullptr && entry.integer == key.text.size() &&
           std::string_view(entry.text, key.text.size()) == key.text;
  }
  void Place(uint32_t place, uint64_t hash) {
    uint64_t slot = hash & mask();
    while (slots_[slot].place != 0) slot = (slot + 1) & mask();
    slots_[slot] = {static_cast<uint32_t>(hash >> 32), place};
  }
  void Rehash() {
    slots_.assign(std::max<size_t>(64, slots_.size() * 2), Slot());
    for (uint32_t place = 0; place < count_; ++place) Place(place + 1, HashKey(At(place)));
  }

  uint32_t count_ = 0;
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::vector<Slot> slots_;
};

// Small integer keys by number, for all readers. A key never changes, so that whoever looks it up
// writes the same.
class SmallKeys {
 public:
  using Code = std::atomic<uint32_t>;
  static constexpr uint32_t kUnknown = 0, kOther = 1, kFirst = 2;  // Key k is kFirst + k.

  SmallKeys() = default;
  ~SmallKeys() { std::free(codes_.load(std::memory_order_relaxed)); }
  SmallKeys(const SmallKeys&) = delete;
  SmallKeys& operator=(const SmallKeys&) = delete;

  // kSmallNumbersEnd of them, kUnknown at first. Null where there is no memory for them, and for
  // the first short reads, which take less time than to get it.
  Code* codes(size_t wanted) {
    Code* codes = codes_.load(std::memory_order_acquire);
    if (codes != nullptr) return codes;
    if (wanted <= kFewNumbers && short_reads_.fetch_add(1, std::memory_order_relaxed) < kReadsMin) {
      return nullptr;
    }
    // Mapped by the system where it is touched only.
    auto* made = static_cast<Code*>(std::calloc(Dictionary::kSmallNumbersEnd, sizeof(Code)));
    if (codes_.compare_exchange_strong(codes, made, std::memory_order_acq_rel)) return made;
    std::free(made);
    return codes;
  }
  static uint32_t CodeOf(const NodeKey& key) {
    const bool small = !key.is_text && key.integer < UINT32_MAX - 1;
    return small ? kFirst + static_cast<uint32_t>(key.integer) : kOther;
  }

 private:
  static constexpr size_t kFewNumbers = 64;
  static constexpr uint32_t kReadsMin = 8;
  std::atomic<Code*> codes_{nullptr};
  std::atomic<uint32_t> short_reads_{0};
};

}  // namespace

struct Dictionary::State {
  mutable std::shared_mutex mutex;  // Guards what readers see; only the one writer changes it.
  uint32_t first_number = 0;
  uint32_t fresh_first = 0;  // The number of the first fresh key.
  std::vector<std::shared_ptr<const DictionaryFile>> files;
  FreshKeys fresh;
  // Texts handed out stay valid: their arena and every file ever installed are kept.
  TextArena texts;
  std::vector<std::shared_ptr<const DictionaryFile>> retired;
  SmallKeys small_keys;
  SmallNumbers small_numbers;  // The writer's.

  const DictionaryFile* FileOf(uint32_t number) const {
    const auto after = std::upper_bound(
        files.begin(), files.end(), number,
        [](uint32_t wanted, const auto& file) { return wanted < file->info().first_number; });
    return after == files.begin() ? nullptr : std::prev(after)->get();
  }

  Status Find(const NodeKey& key, uint64_t hash, std::optional<uint32_t>* number) const {
    number->reset();
    const uint32_t place = fresh.Find(key, hash);
    if (place < fresh.count()) {
      *number = fresh_first + place;
      return Status::Ok();
    }
    for (const auto& file : files) {
      HG_RETURN_IF_ERROR(file->Find(key, number));
      if (*number) return Status::Ok();
    }
    return Status::Ok();
  }

  Status KeyOf(uint32_t number, NodeKey* key) const {
    if (number >= fresh_first) {
      if (number - fresh_first >= fresh.count()) return Missing(number);
      *key = fresh.At(number - fresh_first);
      return Status::Ok();
    }
    const DictionaryFile* file = FileOf(number);
    if (file == nullptr) return Missing(number);
    return file->KeyOf(number, key);
  }

  // The writer's.
  Status InternInteger(uint64_t integer, uint32_t* number);
  template <typename T>
  Status InternIntegers(std::span<const T> keys, uint32_t* numbers);

  Status LookUpSmallKeys(std::span<const uint32_t> numbers, uint32_t* out, bool* all_small) const {
    const std::shared_lock lock(mutex);
    NodeKey key;
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (numbers[i] >= kSmallNumbersEnd) return Status::Ok();
      HG_RETURN_IF_ERROR(KeyOf(numbers[i], &key));
      const uint32_t code = SmallKeys::CodeOf(key);
      if (code == SmallKeys::kOther) return Status::Ok();
      out[i] = code - SmallKeys::kFirst;
    }
    *all_small = true;
    return Status::Ok();
  }

  static Status Missing(uint32_t number) {
    return Status(Code::kNotFound, "no key has the number " + std::to_string(number));
  }

  // Requires: the caller holds the mutex for writing; the key is new.
  Status Add(const NodeKey& key, uint64_t hash, uint32_t* number) {
    if (fresh.count() >= kEndMax - fresh_first) {
      return Status(Code::kTooLarge, "the dictionary is full");
    }
    *number = fresh_first + fresh.count();
    NodeKey kept = key;
    if (key.is_text) kept.text = texts.Add(key.text);
    fresh.Add(kept, hash);
    return Status::Ok();
  }
};

Dictionary::Dictionary(uint32_t first_number) : state_(std::make_unique<State>()) {
  state_->first_number = first_number;
  state_->fresh_first = first_number;
}

Dictionary::~Dictionary() = default;

Status Dictionary::Find(const NodeKey& key, std::optional<uint32_t>* number) const {
  const uint64_t hash = HashKey(key);
  const std::shared_lock lock(state_->mutex);
  return state_->Find(key, hash, number);
}

Status Dictionary::KeyOf(uint32_t number, NodeKey* key) const {
  const std::shared_lock lock(state_->mutex);
  return state_->KeyOf(number, key);
}

Status Dictionary::SmallKeysOf(std::span<const uint32_t> numbers, uint32_t* out,
                               bool* all_small) const {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  *all_small = false;
  SmallKeys::Code* const codes = state_->small_keys.codes(numbers.size());
  if (codes == nullptr) return state_->LookUpSmallKeys(numbers, out, all_small);
  uint32_t least = UINT32_MAX;
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] >= kSmallNumbersEnd) return Status::Ok();
    const uint32_t code = codes[numbers[i]].load(kRelaxed);
    least = std::min(least, code);
    out[i] = code - SmallKeys::kFirst;
  }
  if (least == SmallKeys::kUnknown) {
    const std::shared_lock lock(state_->mutex);
    NodeKey key;
    for (size_t i = 0; i < numbers.size(); ++i) {
      uint32_t code = codes[numbers[i]].load(kRelaxed);
      if (code == SmallKeys::kUnknown) {
        HG_RETURN_IF_ERROR(state_->KeyOf(numbers[i], &key));
        code = SmallKeys::CodeOf(key);
        codes[numbers[i]].store(code, kRelaxed);
      }
      if (code == SmallKeys::kOther) return Status::Ok();
      out[i] = code - SmallKeys::kFirst;
    }
    least = SmallKeys::kFirst;
  }
  *all_small = least >= SmallKeys::kFirst;
  return Status::Ok();
}

uint32_t Dictionary::end() const {
  const std::shared_lock lock(state_->mutex);
  return state_->fresh_first + state_->fresh.count();
}

Status Dictionary::Intern(const NodeKey& key, uint32_t* number, bool* fresh) {
  const uint64_t hash = HashKey(key);
  std::optional<uint32_t> found;
  *fresh = false;
  // The one writer may read without the lock: nobody else changes anything.
  HG_RETURN_IF_ERROR(state_->Find(key, hash, &found));
  if (found) {
    *number = *found;
    return Status::Ok();
  }
  const std::unique_lock lock(state_->mutex);
  HG_RETURN_IF_ERROR(state_->Add(key, hash, number));
  *fresh = true;
  return Status::Ok();
}

Status Dictionary::State::InternInteger(uint64_t integer, uint32_t* number) {
  const NodeKey key{false, integer, {}};
  const uint64_t hash = HashNumber(integer);
  std::optional<uint32_t> found;
  HG_RETURN_IF_ERROR(Find(key, hash, &found));
  if (found) {
    *number = *found;
  } else {
    const std::unique_lock lock(mutex);
    HG_RETURN_IF_ERROR(Add(key, hash, number));
  }
  small_numbers.Note(integer, *number, fresh_first + fresh.count());
  return Status::Ok();
}

template <typename T>
Status Dictionary::State::InternIntegers(std::span<const T> keys, uint32_t* numbers) {
  constexpr size_t kAhead = 8;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i + kAhead < keys.size() && !small_numbers.Covers(keys[i + kAhead])) {
      fresh.Prefetch(HashNumber(keys[i + kAhead]));
    }
    if (small_numbers.Find(keys[i], numbers + i)) continue;
    HG_RETURN_IF_ERROR(InternInteger(keys[i], numbers + i));
  }
  return Status::Ok();
}

Status Dictionary::InternIntegers(std::span<const uint64_t> keys, uint32_t* numbers) {
  return state_->InternIntegers(keys, numbers);
}

Status Dictionary::InternIntegers(std::span<const uint32_t> keys, uint32_t* numbers) {
  return state_->InternIntegers(keys, numbers);
}

Status Dictionary::WriteFile(FileSystem& files, const std::string& path, uint64_t file_id,
                             uint32_t first, uint32_t end, DictionaryFileInfo* info) const {
  std::vector<NodeKey> keys;
  {
    const std::shared_lock lock(state_->mutex);
    if (first > end || first < state_->first_number) return State::Missing(first);
    if (end > state_->fresh_first + state_->fresh.count()) return State::Missing(end);
    keys.resize(end - first);
    for (uint32_t number = first; number < end; ++number) {
      HG_RETURN_IF_ERROR(state_->KeyOf(number, &keys[number - first]));
    }
  }
  // Texts stay valid without the lock.
  return WriteDictionaryFile(files, path, file_id, first, keys, info);
}

Status Dictionary::Install(std::vector<std::shared_ptr<const DictionaryFile>> files) {
  uint64_t next = state_->first_number;
  for (const auto& file : files) {
    if (file->info().first_number != next) {
      return Status(Code::kInvalid, "the dictionary's files leave out numbers");
    }
    next += file->info().key_count;
  }
  std::erase_if(files, [](const auto& file) { return file->info().key_count == 0; });
  const uint64_t end = uint64_t{state_->fresh_first} + state_->fresh.count();
  if (next > kEndMax || next < state_->fresh_first) {
    return Status(Code::kInvalid, "the dictionary's files do not reach the keys in memory");
  }
  FreshKeys fresh;
  for (uint64_t number = next; number < end; ++number) {
    const NodeKey key = state_->fresh.At(static_cast<uint32_t>(number - state_->fresh_first));
    fresh.Add(key, HashKey(key));
  }
  const std::unique_lock lock(state_->mutex);
  for (const auto& file : state_->files) {
    if (std::find(files.begin(), files.end(), file) == files.end()) {
      state_->retired.push_back(file);
    }
  }
  state_->files = std::move(files);
  std::swap(state_->fresh, fresh);
  state_->fresh_first = static_cast<uint32_t>(next);
  return Status::Ok();
}

std::vector<std::shared_ptr<const DictionaryFile>> Dictionary::files() const {
  const std::shared_lock lock(state_->mutex);
  return state_->files;
}

}  // namespace hypergraph
