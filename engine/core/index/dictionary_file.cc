#include "core/index/dictionary_file.h"

#include <algorithm>

namespace hypergraph {

namespace {

enum class DictionarySection : uint32_t { kMeta = 1, kKeys = 2, kBytes = 3 };  // Frozen: stored.
constexpr uint32_t kDictionaryFileVersion = 1;
constexpr unsigned kTagBits = 8;

uint64_t FirstSlot(uint64_t hash, uint64_t slot_count) { return (hash >> 32) * slot_count >> 32; }
uint64_t TagOf(uint64_t hash) { return hash & ((1u << kTagBits) - 1); }

// Entry: (place + 1) << tag bits | the hash's lowest bits; 0 is empty.
std::vector<uint64_t> MakeSlots(std::span<const NodeKey> keys, unsigned tag_bits) {
  std::vector<uint64_t> slots(keys.size() + keys.size() / 4 + 2);
  for (uint64_t place = 0; place < keys.size(); ++place) {
    const uint64_t hash = HashKey(keys[place]);
    uint64_t slot = FirstSlot(hash, slots.size());
    while (slots[slot] != 0) slot = slot + 1 == slots.size() ? 0 : slot + 1;
    slots[slot] = tag_bits == 0 ? place + 1 : (place + 1) << kTagBits | TagOf(hash);
  }
  return slots;
}

void WriteIntegers(std::span<const NodeKey> keys, ByteWriter* section, ByteWriter* meta) {
  uint64_t min = UINT64_MAX;
  uint64_t max = 0;
  for (const NodeKey& key : keys) {
    min = std::min(min, key.integer);
    max = std::max(max, key.integer);
  }
  if (keys.empty()) min = 0;
  const bool dense = !keys.empty() && max - min < keys.size() + keys.size() / 2;
  meta->Put(static_cast<uint8_t>(dense));
  meta->Put(min);
  std::vector<uint64_t> values;
  for (const NodeKey& key : keys) values.push_back(key.integer - min);
  PackedArray::Write(std::span<const uint64_t>(values), section, meta);
  std::vector<uint64_t> slots;
  if (dense) {
    slots.resize(max - min + 1);
    for (uint64_t place = 0; place < keys.size(); ++place) slots[values[place]] = place + 1;
  } else {
    slots = MakeSlots(keys, 0);
  }
  PackedArray::Write(std::span<const uint64_t>(slots), section, meta);
}

void WriteMixed(std::span<const NodeKey> keys, ByteWriter* section, ByteWriter* bytes,
                ByteWriter* meta) {
  std::vector<uint32_t> is_text;
  std::vector<uint64_t> ends;
  for (const NodeKey& key : keys) {
    is_text.push_back(key.is_text ? 1 : 0);
    if (key.is_text) {
      bytes->PutBytes(AsBytes(key.text));
    } else {
      bytes->Put(key.integer);
    }
    ends.push_back(bytes->size());
  }
  PackedArray::Write(std::span<const uint32_t>(is_text), section, meta);
  CodeColumn::Write(ends, CodeLayout::kAny, section, meta);
  PackedArray::Write(std::span<const uint64_t>(MakeSlots(keys, kTagBits)), section, meta);
}

}  // namespace

Status WriteDictionaryFile(FileSystem& files, const std::string& path, uint64_t file_id,
                           uint32_t first, std::span<const NodeKey> keys,
                           DictionaryFileInfo* info) {
  auto file = SectionFileWriter::Create(files, path, FileKind::kDictionary, file_id);
  if (!file.ok()) return file.status();
  const bool integers =
      std::none_of(keys.begin(), keys.end(), [](const NodeKey& key) { return key.is_text; });
  ByteWriter meta;
  ByteWriter section;
  ByteWriter bytes;
  meta.Put(kDictionaryFileVersion);
  meta.Put(first);
  meta.Put(static_cast<uint32_t>(keys.size()));
  meta.Put(static_cast<uint8_t>(integers));
  if (integers) {
    WriteIntegers(keys, &section, &meta);
  } else {
    WriteMixed(keys, &section, &bytes, &meta);
  }
  (*file)->Add(static_cast<uint32_t>(DictionarySection::kKeys), section.view());
  (*file)->Add(static_cast<uint32_t>(DictionarySection::kBytes), bytes.view());
  (*file)->Add(static_cast<uint32_t>(DictionarySection::kMeta), meta.view());
  SectionFileInfo written;
  HG_RETURN_IF_ERROR((*file)->Finish(&written));
  *info = {file_id, written.file_bytes, written.footer_crc, first,
           static_cast<uint32_t>(keys.size())};
  return Status::Ok();
}

StatusOr<std::shared_ptr<const DictionaryFile>> DictionaryFile::Open(
    FileSystem& files, const std::string& path, const DictionaryFileInfo& info) {
  SectionFile::Expected expected;
  expected.kind = FileKind::kDictionary;
  expected.file_id = info.file_id;
  expected.info = {info.file_bytes, info.footer_crc};
  auto file = SectionFile::Open(files, path, expected);
  if (!file.ok()) return file.status();
  auto reader = std::make_shared<DictionaryFileReader>(std::move(file).value(), info);
  HG_RETURN_IF_ERROR(reader->ReadMeta());
  return std::shared_ptr<const DictionaryFile>(std::move(reader));
}

Status DictionaryFileReader::Damaged() const {
  HG_RETURN_IF_ERROR(file_->Fault());
  return Status(Code::kCorrupt, file_->name() + ": the dictionary's parts do not fit together");
}

Status DictionaryFileReader::ReadMeta() {
  ByteView bytes;
  ByteView section;
  HG_RETURN_IF_ERROR(
      file_->VerifiedSection(static_cast<uint32_t>(DictionarySection::kMeta), &bytes));
  HG_RETURN_IF_ERROR(file_->Section(static_cast<uint32_t>(DictionarySection::kKeys), &section));
  HG_RETURN_IF_ERROR(file_->Section(static_cast<uint32_t>(DictionarySection::kBytes), &bytes_));
  ByteReader meta(bytes);
  if (meta.Get<uint32_t>() > kDictionaryFileVersion) {
    return Status(Code::kNewerFormat, file_->name() + ": written by a later version");
  }
  if (meta.Get<uint32_t>() != info_.first_number || meta.Get<uint32_t>() != info_.key_count) {
    return Damaged();
  }
  integers_ = meta.Get<uint8_t>() != 0;
  bool fits = false;
  if (integers_) {
    dense_ = meta.Get<uint8_t>() != 0;
    key_min_ = meta.Get<uint64_t>();
    fits = PackedArray::Open(section, &meta, &keys_) && keys_.count() == info_.key_count;
  } else {
    fits = PackedArray::Open(section, &meta, &is_text_) && is_text_.count() == info_.key_count &&
           CodeColumn::Open(file_.get(), section, &meta, &ends_) &&
           ends_.count() == info_.key_count;
  }
  fits = fits && PackedArray::Open(section, &meta, &slots_) && slots_.count() > 0 &&
         slots_.count() < uint64_t{1} << 33;
  // Each key has a slot of some bits: what is as long as the keys is as long as the file.
  fits =
      fits && (info_.key_count == 0 || (slots_.width() > 0 && info_.key_count <= slots_.count()));
  return fits ? Status::Ok() : Damaged();
}

bool DictionaryFileReader::KeyAt(uint64_t place, NodeKey* key) const {
  if (integers_) {
    if (!file_->Verified(keys_.BytesOf(place, 1))) return false;
    *key = {false, key_min_ + keys_[place], {}};
    return true;
  }
  uint64_t begin = 0;
  uint64_t end = 0;
  if (!file_->Verified(is_text_.BytesOf(place, 1)) || !ends_.At(place, &end) ||
      (place > 0 && !ends_.At(place - 1, &begin)) || begin > end || end > bytes_.size()) {
    return false;
  }
  const ByteView bytes =
      bytes_.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
  if (!file_->Verified(bytes)) return false;
  if (is_text_[place] != 0) {
    *key = {true, 0, AsText(bytes)};
    return true;
  }
  if (bytes.size() != sizeof(uint64_t)) return false;
  *key = {false, LoadUnaligned<uint64_t>(bytes.data()), {}};
  return true;
}

bool DictionaryFileReader::FindPlace(const NodeKey& key, std::optional<uint32_t>* place) const {
  place->reset();
  const uint64_t slot_count = slots_.count();
  if (integers_ && key.is_text) return true;
  if (dense_) {
    const uint64_t slot = key.integer - key_min_;
    if (key.integer < key_min_ || slot >= slot_count) return true;
    if (!file_->Verified(slots_.BytesOf(slot, 1))) return false;
    const uint64_t entry = slots_[slot];
    if (entry > 0) *place = static_cast<uint32_t>(entry - 1);
    return entry <= info_.key_count;
  }
  const uint64_t hash = HashKey(key);
  uint64_t slot = FirstSlot(hash, slot_count);
  for (uint64_t probe = 0; probe < slot_count; ++probe) {
    if (!file_->Verified(slots_.BytesOf(slot, 1))) return false;
    const uint64_t entry = slots_[slot];
    if (entry == 0) return true;
    slot = slot + 1 == slot_count ? 0 : slot + 1;
    if (!integers_ && TagOf(entry) != TagOf(hash)) continue;
    const uint64_t found = integers_ ? entry : entry >> kTagBits;
    NodeKey other;
    if (found == 0 || found > info_.key_count || !KeyAt(found - 1, &other)) return false;
    if (other != key) continue;
    *place = static_cast<uint32_t>(found - 1);
    return true;
  }
  return true;
}

Status DictionaryFileReader::Find(const NodeKey& key, std::optional<uint32_t>* number) const {
  if (!FindPlace(key, number)) return Damaged();
  if (*number) *number = **number + info_.first_number;
  return Status::Ok();
}

Status DictionaryFileReader::KeyOf(uint32_t number, NodeKey* key) const {
  return KeyAt(number - info_.first_number, key) ? Status::Ok() : Damaged();
}

Status DictionaryFileReader::Verify() const {
  HG_RETURN_IF_ERROR(file_->VerifyAll());
  for (uint32_t place = 0; place < info_.key_count; ++place) {
    NodeKey key;
    std::optional<uint32_t> found;
    if (!KeyAt(place, &key) || !FindPlace(key, &found) || found != place) return Damaged();
  }
  return Status::Ok();
}

}  // namespace hypergraph
