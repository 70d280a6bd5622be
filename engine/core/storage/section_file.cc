#include "core/storage/section_file.h"

#include <algorithm>

#include "core/base/crc32c.h"

namespace hypergraph {
namespace {

// "HGSECT\r\n" and "HGSECEND": a file mangled by a text transfer is told at once.
constexpr uint64_t kHeaderMagic = 0x0a0d544345534748;
constexpr uint64_t kTailMagic = 0x444e454345534748;
constexpr size_t kHeaderBytes = 64;
constexpr size_t kTailBytes = 64;
constexpr size_t kEntryBytes = 24;
constexpr size_t kCrcAt = 60;  // Of the header and of the tail: their last four bytes.

// Where the fields of the tail lie in it. Frozen.
constexpr size_t kTailDataBytes = 0;
constexpr size_t kTailFileBytes = 8;
constexpr size_t kTailFileId = 16;
constexpr size_t kTailKind = 24;
constexpr size_t kTailVersion = 28;
constexpr size_t kTailSectionCount = 32;
constexpr size_t kTailBlockCount = 36;
constexpr size_t kTailMagicAt = 40;

uint64_t BlocksOf(uint64_t bytes) { return (bytes + kSectionBlockBytes - 1) / kSectionBlockBytes; }

std::vector<uint8_t> EncodeHeader(FileKind kind, uint64_t file_id) {
  ByteWriter out;
  out.Put(kHeaderMagic);
  out.Put(kSectionFileVersion);
  out.Put(kind);
  out.Put(file_id);
  while (out.size() < kCrcAt) out.Put(uint8_t{0});
  out.Put(Crc32c(out.view()));
  return std::move(out.bytes());
}

}  // namespace

StatusOr<std::unique_ptr<SectionFileWriter>> SectionFileWriter::Create(FileSystem& files,
                                                                       const std::string& path,
                                                                       FileKind kind,
                                                                       uint64_t file_id) {
  StatusOr<std::unique_ptr<File>> file = files.Create(path);
  if (!file.ok()) return file.status();
  return std::unique_ptr<SectionFileWriter>(new SectionFileWriter(
      std::move(file).value(), kind, file_id));  // NOLINT: private constructor
}

SectionFileWriter::SectionFileWriter(std::unique_ptr<File> file, FileKind kind, uint64_t file_id)
    : file_(std::move(file)), kind_(kind), file_id_(file_id) {
  block_.reserve(kSectionBlockBytes);
  Write(EncodeHeader(kind, file_id));
}

void SectionFileWriter::Begin(uint32_t id) {
  Align();
  sections_.push_back({id, flushed_bytes_ + block_.size(), 0});
}

void SectionFileWriter::Append(ByteView bytes) {
  assert(!sections_.empty());
  sections_.back().bytes += bytes.size();
  Write(bytes);
}

Status SectionFileWriter::Finish(SectionFileInfo* info) {
  Align();
  if (!block_.empty()) FlushBlock();
  std::sort(sections_.begin(), sections_.end(),
            [](const SectionEntry& a, const SectionEntry& b) { return a.id < b.id; });
  ByteWriter footer;
  footer.PutArray(std::span<const uint32_t>(block_crcs_));
  for (size_t index = 0; index < sections_.size(); ++index) {
    const SectionEntry& section = sections_[index];
    assert(index == 0 || sections_[index - 1].id < section.id);
    footer.Put(section.id);
    footer.Put(uint32_t{0});
    footer.Put(section.offset);
    footer.Put(section.bytes);
  }
  assert(sections_.size() <= kSectionCountMax);
  const uint64_t file_bytes = flushed_bytes_ + footer.size() + kTailBytes;
  footer.Put(flushed_bytes_);
  footer.Put(file_bytes);
  footer.Put(file_id_);
  footer.Put(kind_);
  footer.Put(kSectionFileVersion);
  footer.Put(static_cast<uint32_t>(sections_.size()));
  footer.Put(static_cast<uint32_t>(block_crcs_.size()));
  footer.Put(kTailMagic);
  while (flushed_bytes_ + footer.size() < file_bytes - sizeof(uint32_t)) footer.Put(uint8_t{0});
  const uint32_t crc = Crc32c(footer.view());
  footer.Put(crc);
  if (status_.ok()) status_ = file_->WriteAt(flushed_bytes_, footer.view());
  if (status_.ok()) status_ = file_->SyncData();
  file_.reset();
  *info = {file_bytes, crc};
  return status_;
}

void SectionFileWriter::Write(ByteView bytes) {
  while (!bytes.empty()) {
    const size_t count = std::min(bytes.size(), kSectionBlockBytes - block_.size());
    block_.insert(block_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    if (block_.size() == kSectionBlockBytes) FlushBlock();
  }
}

void SectionFileWriter::Align() {
  static constexpr uint8_t kZeros[kSectionAlignment] = {};
  const size_t past = block_.size() % kSectionAlignment;
  if (past != 0) Write({kZeros, kSectionAlignment - past});
}

void SectionFileWriter::FlushBlock() {
  if (status_.ok()) {
    block_crcs_.push_back(Crc32c(block_));
    status_ = file_->WriteAt(flushed_bytes_, block_);
  }
  flushed_bytes_ += block_.size();
  block_.clear();
}

SectionFile::SectionFile(std::shared_ptr<const Mapping> mapping, std::string name)
    : mapping_(std::move(mapping)), name_(std::move(name)), base_(mapping_->bytes().data()) {}

StatusOr<std::unique_ptr<SectionFile>> SectionFile::Open(std::shared_ptr<const Mapping> mapping,
                                                         std::string name,
                                                         const Expected& expected) {
  std::unique_ptr<SectionFile> file(
      new SectionFile(std::move(mapping), std::move(name)));  // NOLINT: private constructor
  HG_RETURN_IF_ERROR(file->CheckHeader(expected));
  HG_RETURN_IF_ERROR(file->ReadFooter(expected));
  HG_RETURN_IF_ERROR(file->CheckSections());
  const size_t words = BlocksOf(file->data_bytes_) / 64 + 1;
  file->verified_ = std::make_unique<std::atomic<uint64_t>[]>(words);
  return file;
}

StatusOr<std::unique_ptr<SectionFile>> SectionFile::Open(FileSystem& files, const std::string& path,
                                                         const Expected& expected) {
  StatusOr<std::shared_ptr<const Mapping>> mapping = files.Map(path);
  if (!mapping.ok()) return mapping.status();
  return Open(std::move(mapping).value(), path, expected);
}

Status SectionFile::CheckHeader(const Expected& expected) const {
  const ByteView bytes = mapping_->bytes();
  if (bytes.size() != expected.info.file_bytes) {
    return Corrupt("has " + std::to_string(bytes.size()) + " bytes, not " +
                   std::to_string(expected.info.file_bytes));
  }
  if (bytes.size() < kHeaderBytes + kTailBytes) return Corrupt("is too short");
  assert(reinterpret_cast<uintptr_t>(base_) % kSectionAlignment == 0);
  if (LoadUnaligned<uint64_t>(base_) != kHeaderMagic) return Corrupt("has another header");
  if (LoadUnaligned<uint32_t>(base_ + kCrcAt) != Crc32c(bytes.first(kCrcAt))) {
    return Corrupt("has a damaged header");
  }
  const auto version = LoadUnaligned<uint32_t>(base_ + 8);
  if (version > kSectionFileVersion) {
    return {Code::kNewerFormat, name_ + " has format " + std::to_string(version) +
                                    ", this program reads up to " +
                                    std::to_string(kSectionFileVersion)};
  }
  if (version == 0 || LoadUnaligned<FileKind>(base_ + 12) != expected.kind ||
      LoadUnaligned<uint64_t>(base_ + 16) != expected.file_id) {
    return Corrupt("is another file than the one expected");
  }
  return Status::Ok();
}

Status SectionFile::ReadFooter(const Expected& expected) {
  const ByteView bytes = mapping_->bytes();
  const uint8_t* tail = base_ + bytes.size() - kTailBytes;
  if (LoadUnaligned<uint64_t>(tail + kTailMagicAt) != kTailMagic) return Corrupt("has no footer");
  const auto data_bytes = LoadUnaligned<uint64_t>(tail + kTailDataBytes);
  const auto section_count = LoadUnaligned<uint32_t>(tail + kTailSectionCount);
  const auto block_count = LoadUnaligned<uint32_t>(tail + kTailBlockCount);
  // Each term is bounded before the next uses it: nothing overflows.
  if (data_bytes < kHeaderBytes || data_bytes % kSectionAlignment != 0 ||
      data_bytes > bytes.size() - kTailBytes || section_count > kSectionCountMax ||
      block_count != BlocksOf(data_bytes) ||
      bytes.size() - kTailBytes - data_bytes !=
          uint64_t{block_count} * sizeof(uint32_t) + uint64_t{section_count} * kEntryBytes) {
    return Corrupt("has a footer that does not fit it");
  }
  const ByteView footer = bytes.subspan(data_bytes);
  const uint32_t crc = Crc32c(footer.first(footer.size() - sizeof(uint32_t)));
  if (crc != LoadUnaligned<uint32_t>(tail + kCrcAt) || crc != expected.info.footer_crc) {
    return Corrupt("has a damaged footer or is another file than the one expected");
  }
  if (LoadUnaligned<uint64_t>(tail + kTailFileBytes) != bytes.size() ||
      LoadUnaligned<uint64_t>(tail + kTailFileId) != expected.file_id ||
      LoadUnaligned<FileKind>(tail + kTailKind) != expected.kind ||
      LoadUnaligned<uint32_t>(tail + kTailVersion) != LoadUnaligned<uint32_t>(base_ + 8)) {
    return Corrupt("has a footer of another file");
  }
  data_bytes_ = data_bytes;
  block_crcs_ = footer.first(block_count * sizeof(uint32_t));
  sections_.reserve(section_count);
  for (uint32_t index = 0; index < section_count; ++index) {
    const uint8_t* entry = footer.data() + block_crcs_.size() + index * kEntryBytes;
    sections_.push_back({LoadUnaligned<uint32_t>(entry), LoadUnaligned<uint64_t>(entry + 8),
                         LoadUnaligned<uint64_t>(entry + 16)});
  }
  return Status::Ok();
}

Status SectionFile::CheckSections() const {
  for (size_t index = 0; index < sections_.size(); ++index) {
    const SectionEntry& section = sections_[index];
    if ((index > 0 && sections_[index - 1].id >= section.id) || section.offset < kHeaderBytes ||
        section.offset % kSectionAlignment != 0 || section.offset > data_bytes_ ||
        section.bytes > data_bytes_ - section.offset) {
      return Corrupt("has a bad section " + std::to_string(section.id));
    }
  }
  std::vector<SectionEntry> by_offset = sections_;
  std::sort(by_offset.begin(), by_offset.end(), [](const SectionEntry& a, const SectionEntry& b) {
    return a.offset != b.offset ? a.offset < b.offset : a.bytes < b.bytes;
  });
  for (size_t index = 1; index < by_offset.size(); ++index) {
    const SectionEntry& before = by_offset[index - 1];
    if (before.offset + before.bytes > by_offset[index].offset) {
      return Corrupt("has sections that overlap");
    }
  }
  return Status::Ok();
}

Status SectionFile::Section(uint32_t id, ByteView* bytes) const {
  const SectionEntry* entry = Find(id);
  if (entry == nullptr) return Corrupt("has no section " + std::to_string(id));
  *bytes = mapping_->bytes().subspan(entry->offset, entry->bytes);
  return Status::Ok();
}

Status SectionFile::VerifiedSection(uint32_t id, ByteView* bytes) const {
  HG_RETURN_IF_ERROR(Section(id, bytes));
  return Verify(*bytes);
}

Status SectionFile::Fault() const {
  const std::lock_guard<std::mutex> lock(fault_mutex_);
  return fault_;
}

Status SectionFile::VerifyAll() const {
  bool sound = true;
  for (size_t block = 0; block < BlocksOf(data_bytes_); ++block) {
    if (!VerifyBlock(block)) sound = false;
  }
  return sound ? Status::Ok() : Fault();
}

bool SectionFile::VerifyBlock(size_t block) const {
  const size_t offset = block * kSectionBlockBytes;
  const ByteView bytes =
      mapping_->bytes().subspan(offset, std::min(kSectionBlockBytes, data_bytes_ - offset));
  const auto stored = LoadUnaligned<uint32_t>(block_crcs_.data() + block * sizeof(uint32_t));
  if (Crc32c(bytes) == stored) {
    verified_[block / 64].fetch_or(uint64_t{1} << (block % 64), std::memory_order_relaxed);
    return true;
  }
  // The bit stays as it is: each touch computes anew, so a passing fault of a read passes here too.
  const std::lock_guard<std::mutex> lock(fault_mutex_);
  if (fault_.ok()) {
    fault_ = Corrupt("is damaged in block " + std::to_string(block) + " (bytes " +
                     std::to_string(offset) + " to " + std::to_string(offset + bytes.size()) + ")");
  }
  return false;
}

const SectionEntry* SectionFile::Find(uint32_t id) const {
  const auto at =
      std::lower_bound(sections_.begin(), sections_.end(), id,
                       [](const SectionEntry& entry, uint32_t key) { return entry.id < key; });
  return at != sections_.end() && at->id == id ? &*at : nullptr;
}

Status SectionFile::Corrupt(const std::string& what) const {
  return {Code::kCorrupt, name_ + " " + what};
}

Status SectionFile::Misfit(uint32_t id, size_t bytes) const {
  return Corrupt("has a section " + std::to_string(id) + " of " + std::to_string(bytes) +
                 " bytes, no whole number of values");
}

}  // namespace hypergraph
