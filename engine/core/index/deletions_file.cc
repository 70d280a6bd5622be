// The file of a segment's replaced rows at a flush: rows and what replaced them, by row.
#include "core/index/segment.h"
#include "core/storage/column_codes.h"

namespace hypergraph {

namespace {
enum class DeletionsSection : uint32_t { kMeta = 1, kColumns = 2 };  // Frozen: stored.
constexpr uint32_t kDeletionsFileVersion = 1;
}  // namespace

Status WriteDeletions(FileSystem& files, const std::string& path, uint64_t file_id,
                      std::span<const std::pair<uint32_t, Seq>> sorted, DeletionsInfo* info) {
  auto file = SectionFileWriter::Create(files, path, FileKind::kDeletions, file_id);
  if (!file.ok()) return file.status();
  std::vector<uint64_t> rows;
  std::vector<uint64_t> seqs;
  for (const auto& [row, seq] : sorted) {
    rows.push_back(row);
    seqs.push_back(seq);
  }
  ByteWriter meta;
  ByteWriter section;
  meta.Put(kDeletionsFileVersion);
  CodeColumn::Write(rows, CodeLayout::kBlocks, &section, &meta);
  CodeColumn::Write(seqs, CodeLayout::kBlocks, &section, &meta);
  (*file)->Add(static_cast<uint32_t>(DeletionsSection::kColumns), section.view());
  (*file)->Add(static_cast<uint32_t>(DeletionsSection::kMeta), meta.view());
  SectionFileInfo written;
  HG_RETURN_IF_ERROR((*file)->Finish(&written));
  *info = {file_id, written.file_bytes, written.footer_crc};
  return Status::Ok();
}

Status ReadDeletions(FileSystem& files, const std::string& path, const DeletionsInfo& info,
                     Deletions* into) {
  SectionFile::Expected expected;
  expected.kind = FileKind::kDeletions;
  expected.file_id = info.file_id;
  expected.info = {info.file_bytes, info.footer_crc};
  auto file = SectionFile::Open(files, path, expected);
  if (!file.ok()) return file.status();
  ByteView bytes;
  ByteView section;
  HG_RETURN_IF_ERROR(
      (*file)->VerifiedSection(static_cast<uint32_t>(DeletionsSection::kMeta), &bytes));
  HG_RETURN_IF_ERROR(
      (*file)->VerifiedSection(static_cast<uint32_t>(DeletionsSection::kColumns), &section));
  ByteReader meta(bytes);
  if (meta.Get<uint32_t>() > kDeletionsFileVersion) {
    return Status(Code::kNewerFormat, (*file)->name() + ": written by a later version");
  }
  const Status corrupt(Code::kCorrupt, (*file)->name() + ": its columns do not fit together");
  CodeColumn rows;
  CodeColumn seqs;
  if (!CodeColumn::Open(file->get(), section, &meta, &rows) ||
      !CodeColumn::Open(file->get(), section, &meta, &seqs) || rows.count() != seqs.count() ||
      rows.count() > into->row_count()) {
    return corrupt;
  }
  uint64_t next_row = 0;
  for (uint64_t first = 0; first < rows.count(); first += kCodeBlockRows) {
    const auto count =
        static_cast<size_t>(std::min<uint64_t>(kCodeBlockRows, rows.count() - first));
    uint64_t row_codes[kCodeBlockRows];
    uint64_t seq_codes[kCodeBlockRows];
    if (!rows.Read(first, count, row_codes) || !seqs.Read(first, count, seq_codes)) return corrupt;
    for (size_t i = 0; i < count; ++i) {
      const uint64_t row = row_codes[i];
      const Seq seq = seq_codes[i];
      if (row < next_row || row >= into->row_count() || seq == kSeqNone || seq > kSeqMax) {
        return corrupt;
      }
      into->Add(static_cast<uint32_t>(row), seq);
      next_row = row + 1;
    }
  }
  return Status::Ok();
}

}  // namespace hypergraph
