// Commit instants on disk: two ascending columns.
#include "core/index/segment.h"
#include "core/storage/column_codes.h"

namespace hypergraph {

namespace {

enum class ClockSection : uint32_t { kMeta = 1, kColumns = 2 };  // Frozen: stored.
constexpr uint32_t kClockFileVersion = 1;

class ClockReader final : public ClockFile {
 public:
  ClockReader(std::unique_ptr<SectionFile> file, const ClockFileInfo& info)
      : file_(std::move(file)), info_(info) {}

  Status ReadMeta() {
    ByteView bytes;
    ByteView section;
    HG_RETURN_IF_ERROR(file_->VerifiedSection(static_cast<uint32_t>(ClockSection::kMeta), &bytes));
    HG_RETURN_IF_ERROR(file_->Section(static_cast<uint32_t>(ClockSection::kColumns), &section));
    ByteReader meta(bytes);
    if (meta.Get<uint32_t>() > kClockFileVersion) {
      return Status(Code::kNewerFormat, file_->name() + ": written by a later version");
    }
    if (!CodeColumn::Open(file_.get(), section, &meta, &seqs_) ||
        !CodeColumn::Open(file_.get(), section, &meta, &instants_) ||
        seqs_.count() != info_.count || instants_.count() != info_.count ||
        info_.count > file_->file_bytes() * 8) {  // A block of 128 seqs takes 112 bytes and more.
      return Damaged();
    }
    return Status::Ok();
  }

  const ClockFileInfo& info() const override { return info_; }

  Status LastAtOrBefore(Micros instant, CommitInstant* found) const override {
    *found = {};
    if (info_.count == 0 || instant < info_.first.committed_at) return Status::Ok();
    const uint64_t code =
        static_cast<uint64_t>(instant) - static_cast<uint64_t>(info_.first.committed_at);
    return code == UINT64_MAX ? At(info_.count, found) : Before(instants_, code + 1, found);
  }

  Status LastUpTo(Seq seq, CommitInstant* found) const override {
    *found = {};
    if (info_.count == 0 || seq < info_.first.seq) return Status::Ok();
    return Before(seqs_, seq - info_.first.seq + 1, found);
  }

  Status ReadAll(std::vector<CommitInstant>* into) const override {
    for (uint64_t first = 0; first < info_.count; first += kCodeBlockRows) {
      const auto count =
          static_cast<size_t>(std::min(uint64_t{kCodeBlockRows}, info_.count - first));
      uint64_t seqs[kCodeBlockRows];
      uint64_t instants[kCodeBlockRows];
      if (!seqs_.Read(first, count, seqs) || !instants_.Read(first, count, instants)) {
        return Damaged();
      }
      for (size_t i = 0; i < count; ++i) into->push_back(Decode(seqs[i], instants[i]));
    }
    return Status::Ok();
  }

  Status Verify() const override {
    HG_RETURN_IF_ERROR(file_->VerifyAll());
    std::vector<CommitInstant> all;
    HG_RETURN_IF_ERROR(ReadAll(&all));
    for (size_t i = 1; i < all.size(); ++i) {
      if (all[i].seq <= all[i - 1].seq || all[i].committed_at < all[i - 1].committed_at) {
        return Damaged();
      }
    }
    return Status::Ok();
  }

 private:
  Status Damaged() const {
    HG_RETURN_IF_ERROR(file_->Fault());
    return Status(Code::kCorrupt, file_->name() + ": its columns do not fit together");
  }
  CommitInstant Decode(uint64_t seq, uint64_t instant) const {
    return {info_.first.seq + seq,
            static_cast<Micros>(static_cast<uint64_t>(info_.first.committed_at) + instant)};
  }
  Status At(uint64_t past, CommitInstant* found) const {
    if (past == 0) return Status::Ok();
    uint64_t seq = 0;
    uint64_t instant = 0;
    if (!seqs_.At(past - 1, &seq) || !instants_.At(past - 1, &instant)) return Damaged();
    *found = Decode(seq, instant);
    return Status::Ok();
  }
  // The last entry whose code in `column` is below `code`.
  Status Before(const CodeColumn& column, uint64_t code, CommitInstant* found) const {
    uint64_t past = 0;
    if (!column.LowerBound(code, &past)) return Damaged();
    return At(past, found);
  }

  std::unique_ptr<SectionFile> file_;
  ClockFileInfo info_;
  CodeColumn seqs_;      // Counted from the first.
  CodeColumn instants_;  // Likewise.
};

}  // namespace

Status WriteClockFile(FileSystem& files, const std::string& path, uint64_t file_id,
                      std::span<const CommitInstant> instants, ClockFileInfo* info) {
  auto file = SectionFileWriter::Create(files, path, FileKind::kClock, file_id);
  if (!file.ok()) return file.status();
  *info = {};
  if (!instants.empty()) {
    info->first = instants.front();
    info->last = instants.back();
  }
  std::vector<uint64_t> seqs;
  std::vector<uint64_t> times;
  for (const CommitInstant& instant : instants) {
    seqs.push_back(instant.seq - info->first.seq);
    times.push_back(static_cast<uint64_t>(instant.committed_at) -
                    static_cast<uint64_t>(info->first.committed_at));
  }
  ByteWriter meta;
  ByteWriter section;
  meta.Put(kClockFileVersion);
  CodeColumn::Write(seqs, CodeLayout::kBlocks, &section, &meta);
  CodeColumn::Write(times, CodeLayout::kBlocks, &section, &meta);
  (*file)->Add(static_cast<uint32_t>(ClockSection::kColumns), section.view());
  (*file)->Add(static_cast<uint32_t>(ClockSection::kMeta), meta.view());
  SectionFileInfo written;
  HG_RETURN_IF_ERROR((*file)->Finish(&written));
  info->file_id = file_id;
  info->file_bytes = written.file_bytes;
  info->footer_crc = written.footer_crc;
  info->count = instants.size();
  return Status::Ok();
}

StatusOr<std::shared_ptr<const ClockFile>> ClockFile::Open(FileSystem& files,
                                                           const std::string& path,
                                                           const ClockFileInfo& info) {
  SectionFile::Expected expected;
  expected.kind = FileKind::kClock;
  expected.file_id = info.file_id;
  expected.info = {info.file_bytes, info.footer_crc};
  auto file = SectionFile::Open(files, path, expected);
  if (!file.ok()) return file.status();
  auto reader = std::make_shared<ClockReader>(std::move(file).value(), info);
  HG_RETURN_IF_ERROR(reader->ReadMeta());
  return std::shared_ptr<const ClockFile>(std::move(reader));
}

}  // namespace hypergraph
