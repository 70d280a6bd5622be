#include "core/storage/wal_writer.h"

#include <algorithm>
#include <cassert>
#include <limits>

namespace hypergraph {
namespace {

constexpr size_t kGroupBytesKept = size_t{4} << 20;  // What a large group may leave behind.
constexpr uint64_t kAllocateBytesMin = 4096;
constexpr uint64_t kFirstStepBytes = 64u << 10;

std::vector<uint8_t> EncodeHeader(const WalHeader& header) {
  ByteWriter out;
  out.Put(kWalMagic);
  out.Put(kWalVersion);
  out.Put(uint32_t{0});
  out.Put(header.log_number);
  out.PutBytes(header.database);
  out.Put(header.first_seq);
  while (out.size() < kWalHeaderCrcAt) out.Put(uint8_t{0});
  out.Put(Crc32c(out.view()));
  assert(out.size() == kWalHeaderBytes);
  return std::move(out.bytes());
}

}  // namespace

StatusOr<std::unique_ptr<WalWriter>> WalWriter::Create(FileSystem& files,
                                                       const std::string& directory,
                                                       const std::string& name,
                                                       const WalHeader& header,
                                                       uint64_t allocate_bytes) {
  assert(header.first_seq > kSeqNone);
  const std::string path = directory + "/" + name;
  StatusOr<std::unique_ptr<File>> created = files.Create(path);
  if (!created.ok()) return created.status();
  std::unique_ptr<WalWriter> writer(
      new WalWriter(std::move(created).value(), header, 0, allocate_bytes));  // NOLINT: private
  File& file = *writer->file_;
  const uint64_t first_step = writer->NextStep();
  Status status = file.Allocate(first_step);
  if (status.ok()) status = file.WriteAt(0, EncodeHeader(header));
  if (status.ok()) status = file.SyncData();
  if (status.ok()) {
    status = files.SyncDirectory(directory);
    if (!status.ok()) status = {Code::kPoisoned, status.message()};
  }
  if (!status.ok()) {
    // Best effort, and without a sync, whose failure would have to be told: an unused log is known
    // as such by its reader too.
    (void)files.Remove(path);
    return status;
  }
  writer->allocated_ = first_step;
  writer->offset_ = kWalHeaderBytes;
  return writer;
}

StatusOr<std::unique_ptr<WalWriter>> WalWriter::Continue(FileSystem& files, const std::string& path,
                                                         const WalHeader& header,
                                                         uint64_t end_offset, Seq last_seq,
                                                         uint64_t allocate_bytes) {
  assert(end_offset >= kWalHeaderBytes && last_seq + 1 >= header.first_seq);
  StatusOr<std::unique_ptr<File>> opened = files.OpenForWrite(path);
  if (!opened.ok()) return opened.status();
  std::unique_ptr<WalWriter> writer(
      new WalWriter(std::move(opened).value(), header, end_offset, allocate_bytes));  // NOLINT
  HG_RETURN_IF_ERROR(writer->file_->Truncate(end_offset));
  HG_RETURN_IF_ERROR(writer->file_->SyncData());
  writer->allocated_ = end_offset;
  writer->last_seq_ = writer->written_seq_ = writer->durable_seq_ = last_seq;
  return writer;
}

WalWriter::WalWriter(std::unique_ptr<File> file, const WalHeader& header, uint64_t offset,
                     uint64_t allocate_bytes)
    : file_(std::move(file)),
      header_(header),
      seed_(WalChecksumSeed(header)),
      offset_(offset),
      allocated_(0),
      allocate_bytes_(std::max(allocate_bytes, kAllocateBytesMin)),
      last_seq_(header.first_seq - 1),
      written_seq_(last_seq_),
      durable_seq_(last_seq_) {}

// A log doubles up to the full step, so that a small database stays small.
uint64_t WalWriter::NextStep() const {
  return std::min(allocate_bytes_, std::max(kFirstStepBytes, allocated_));
}

Status WalWriter::Reserve(uint64_t payload_bytes, uint64_t frame_count) {
  if (!failure_.ok()) return failure_;
  const uint64_t needed = offset_ + group_.size() + payload_bytes + frame_count * kWalFrameOverhead;
  if (needed <= allocated_) return Status::Ok();
  uint64_t target = allocated_ + NextStep();
  if (target < needed) {
    const uint64_t steps = (needed - allocated_ + allocate_bytes_ - 1) / allocate_bytes_;
    target = allocated_ + steps * allocate_bytes_;
  }
  Status status = file_->Allocate(target);
  if (status.code() == Code::kStorageFull) {
    target = needed;  // The last bytes of a disk serve too.
    status = file_->Allocate(target);
  }
  if (status.ok()) allocated_ = target;
  return status;
}

void WalWriter::AppendHead(Seq last_seq, uint8_t type, ByteView payload) {
  assert(last_seq > last_seq_ && last_seq <= kSeqMax);
  assert(payload.size() <= std::numeric_limits<uint32_t>::max() - kWalFrameFieldsBytes);
  const auto length = static_cast<uint32_t>(kWalFrameFieldsBytes + payload.size());
  const size_t begin = group_.size();
  group_.resize(begin + kWalFrameOverhead);
  uint8_t* at = group_.data() + begin;
  uint8_t* covered = at + kWalLengthBytes;
  std::memcpy(covered, &last_seq, sizeof last_seq);
  std::memcpy(covered + 8, &durable_seq_, sizeof durable_seq_);
  covered[16] = type;
  const uint32_t fields = WalChecksum(seed_, length, {covered, kWalFrameFieldsBytes});
  const uint32_t checksum = Crc32cExtend(fields, payload);
  std::memcpy(at, &length, sizeof length);
  std::memcpy(at + 4, &checksum, sizeof checksum);
  last_seq_ = last_seq;
}

void WalWriter::Append(Seq last_seq, uint8_t type, ByteView payload) {
  AppendHead(last_seq, type, payload);
  group_.insert(group_.end(), payload.begin(), payload.end());
}

Status WalWriter::WriteNext(ByteView bytes) {
  failure_ = file_->WriteAt(offset_, bytes);
  if (!failure_.ok()) return failure_;
  offset_ += bytes.size();
  allocated_ = std::max(allocated_, offset_);
  return Status::Ok();
}

void WalWriter::ClearGroup() {
  group_.clear();
  if (group_.capacity() > kGroupBytesKept) group_.shrink_to_fit();
}

Status WalWriter::Write() {
  if (!failure_.ok()) return failure_;
  if (group_.empty()) return Status::Ok();
  HG_RETURN_IF_ERROR(WriteNext(group_));
  written_seq_ = last_seq_;
  ClearGroup();
  return Status::Ok();
}

Status WalWriter::WriteThrough(Seq last_seq, uint8_t type, ByteView payload) {
  if (!failure_.ok()) return failure_;
  AppendHead(last_seq, type, payload);
  HG_RETURN_IF_ERROR(WriteNext(group_));
  ClearGroup();
  HG_RETURN_IF_ERROR(WriteNext(payload));
  written_seq_ = last_seq_;
  return Status::Ok();
}

Status WalWriter::Sync() {
  assert(group_.empty() || !failure_.ok());
  if (!failure_.ok()) return failure_;
  failure_ = file_->SyncData();
  if (failure_.ok()) durable_seq_ = written_seq_;
  return failure_;
}

Status TruncateLog(FileSystem& files, const std::string& path, uint64_t end_offset) {
  StatusOr<std::unique_ptr<File>> file = files.OpenForWrite(path);
  if (!file.ok()) return file.status();
  HG_RETURN_IF_ERROR(file.value()->Truncate(end_offset));
  return file.value()->SyncData();
}

}  // namespace hypergraph
