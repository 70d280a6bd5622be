#include "core/storage/wal_reader.h"

#include <algorithm>
#include <utility>

namespace hypergraph {
namespace {

// Small enough to stay in the processor's cache from the read to the checksum.
constexpr size_t kWindowBytes = size_t{64} << 10;
// Bytes that the checksums of one search may cover. Payloads full of forged frame headers could
// make the search quadratic; who reaches this gets "damaged", which loses nothing.
constexpr uint64_t kSearchBudgetMin = uint64_t{1} << 30;
constexpr uint64_t kSearchBudgetFactor = 32;

bool IsZero(ByteView bytes) {
  // Compared with itself, one byte on: as fast as memory.
  return bytes.empty() ||
         (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace

StatusOr<std::unique_ptr<WalReader>> WalReader::Open(FileSystem& files, const std::string& path,
                                                     const WalHeader& expected,
                                                     uint64_t payload_bytes_max) {
  StatusOr<std::unique_ptr<File>> file = files.OpenForRead(path);
  if (!file.ok()) return file.status();
  std::unique_ptr<WalReader> reader(new WalReader(std::move(file).value(), path, expected,
                                                  payload_bytes_max));  // NOLINT: private
  HG_RETURN_IF_ERROR(reader->Measure());
  HG_RETURN_IF_ERROR(reader->ReadHeader());
  return reader;
}

WalReader::WalReader(std::unique_ptr<File> file, std::string path, const WalHeader& expected,
                     uint64_t payload_bytes_max)
    : file_(std::move(file)),
      path_(std::move(path)),
      header_(expected),
      payload_bytes_max_(payload_bytes_max),
      seed_(WalChecksumSeed(expected)) {
  last_seq_ = expected.first_seq == 0 ? 0 : expected.first_seq - 1;
}

Status WalReader::Measure() {
  const StatusOr<uint64_t> file_bytes = file_->Size();
  if (!file_bytes.ok()) return file_bytes.status();
  const StatusOr<uint64_t> data_end = file_->DataEnd();
  if (!data_end.ok()) return data_end.status();
  file_bytes_ = file_bytes.value();
  data_end_ = std::min(data_end.value(), file_bytes_);
  // Commits go up to it or on: a copy left their zeros out, or it was told wrong.
  if (data_end_ <= offset_) data_end_ = file_bytes_;
  return Status::Ok();
}

// Leaves offset_ 0 when the header is unreadable.
Status WalReader::ReadHeader() {
  if (file_bytes_ < kWalHeaderBytes) return Status::Ok();
  ByteView bytes;
  HG_RETURN_IF_ERROR(Window(0, kWalHeaderBytes, &bytes));
  if (bytes.size() < kWalHeaderBytes) return Status::Ok();
  ByteReader in(bytes);
  const auto magic = in.Get<uint64_t>();
  const auto version = in.Get<uint32_t>();
  in.Get<uint32_t>();
  WalHeader header;
  header.log_number = in.Get<uint64_t>();
  const ByteView database = in.GetBytes(header.database.size());
  std::copy(database.begin(), database.end(), header.database.begin());
  header.first_seq = in.Get<uint64_t>();
  if (magic != kWalMagic || LoadUnaligned<uint32_t>(bytes.data() + kWalHeaderCrcAt) !=
                                Crc32c(bytes.first(kWalHeaderCrcAt))) {
    return Status::Ok();
  }
  if (version > kWalVersion) {
    return {Code::kNewerFormat, path_ + " has format " + std::to_string(version) +
                                    ", this program reads up to " + std::to_string(kWalVersion)};
  }
  if (header.log_number != header_.log_number || header.database != header_.database ||
      header.first_seq == kSeqNone || header.first_seq > kSeqMax) {
    return {Code::kCorrupt, path_ + " is the log of another place or database"};
  }
  if (header_.first_seq != 0 && header.first_seq != header_.first_seq) {
    return RefuseStart(header.first_seq);
  }
  header_ = header;
  last_seq_ = header.first_seq - 1;
  offset_ = kWalHeaderBytes;
  return Status::Ok();
}

Status WalReader::RefuseStart(Seq first_seq) {
  reason_ = path_ + " begins with commit " + std::to_string(first_seq) + ", but " +
            std::to_string(header_.first_seq) + " is the next one";
  // A log whose making failed half-way is never written to, while the one before it goes on.
  offset_ = kWalHeaderBytes;
  data_end_ = file_bytes_;
  HG_RETURN_IF_ERROR(FindTornBytes());
  offset_ = 0;
  const bool unused = torn_bytes_ == 0 && first_seq < header_.first_seq;
  end_ = unused ? WalEnd::kTorn : WalEnd::kDamaged;
  return Status::Ok();
}

Status WalReader::Next(WalFrame* frame, bool* found) {
  *found = false;
  if (end_ != WalEnd::kNotReached) return Status::Ok();
  HG_RETURN_IF_ERROR(ReadNext(frame, found));
  if (*found) return Status::Ok();
  HG_RETURN_IF_ERROR(Reread(frame, found));
  if (*found || end_ != WalEnd::kNotReached) return Status::Ok();
  return Classify(frame, found);
}

Status WalReader::ReadNext(WalFrame* frame, bool* found) {
  *found = false;
  if (offset_ < kWalHeaderBytes) return Status::Ok();
  HG_RETURN_IF_ERROR(ReadFrame(offset_, 0, frame, found));
  if (!*found) return Status::Ok();
  frame->first_seq = last_seq_ + 1;
  last_seq_ = frame->last_seq;
  offset_ += kWalFrameOverhead + frame->payload.size();
  return Status::Ok();
}

// The same with what another process has written since the window was read.
Status WalReader::Reread(WalFrame* frame, bool* found) {
  *found = false;
  buffer_bytes_ = 0;
  HG_RETURN_IF_ERROR(Measure());
  if (offset_ < kWalHeaderBytes) HG_RETURN_IF_ERROR(ReadHeader());
  return end_ == WalEnd::kNotReached ? ReadNext(frame, found) : Status::Ok();
}

// Whether a frame that follows last_seq_, and was made when durable_min was durable, is at
// `offset`.
Status WalReader::ReadFrame(uint64_t offset, Seq durable_min, WalFrame* frame, bool* valid) {
  *valid = false;
  if (file_bytes_ < offset || file_bytes_ - offset < kWalFrameOverhead) return Status::Ok();
  ByteView bytes;
  HG_RETURN_IF_ERROR(Window(offset, kWalFrameOverhead, &bytes));
  if (bytes.size() < kWalFrameOverhead) return Status::Ok();
  const auto length = LoadUnaligned<uint32_t>(bytes.data());
  const auto checksum = LoadUnaligned<uint32_t>(bytes.data() + 4);
  const auto seq = LoadUnaligned<uint64_t>(bytes.data() + 8);
  const auto durable_seq = LoadUnaligned<uint64_t>(bytes.data() + 16);
  // Bounded by the file before anything is allocated.
  if (length < kWalFrameFieldsBytes || length - kWalFrameFieldsBytes > payload_bytes_max_ ||
      length > file_bytes_ - offset - kWalLengthBytes || seq <= last_seq_ || seq > kSeqMax ||
      durable_seq >= seq || durable_seq < durable_min) {
    return Status::Ok();
  }
  HG_RETURN_IF_ERROR(Window(offset, kWalLengthBytes + length, &bytes));
  if (bytes.size() < kWalLengthBytes + length) return Status::Ok();
  const ByteView covered = bytes.subspan(kWalLengthBytes, length);
  search_bytes_ += length;
  if (WalChecksum(seed_, length, covered) != checksum) return Status::Ok();
  *frame = {offset, kSeqNone, seq, durable_seq, covered[16], covered.subspan(kWalFrameFieldsBytes)};
  *valid = true;
  return Status::Ok();
}

Status WalReader::Classify(WalFrame* frame, bool* found) {
  HG_RETURN_IF_ERROR(FindTornBytes());
  const bool has_header = offset_ >= kWalHeaderBytes;
  if (torn_bytes_ == 0 && has_header) {
    end_ = WalEnd::kClean;
    return Status::Ok();
  }
  // What is cut off, or called damage, is looked through whole.
  if (data_end_ < file_bytes_) {
    data_end_ = file_bytes_;
    HG_RETURN_IF_ERROR(FindTornBytes());
  }
  // The header was durable before the first frame was made: any frame without one is damage.
  bool proven = false;
  uint64_t at = 0;
  HG_RETURN_IF_ERROR(FindProof(has_header ? last_seq_ + 1 : kSeqNone, &proven, &at));
  // Of a log that grows, the commit may have come since it was tried, and its proof with it. It was
  // whole before the proof was made, so that once more is enough to tell growth from damage.
  const uint64_t torn_bytes = std::exchange(torn_bytes_, 0);
  HG_RETURN_IF_ERROR(Reread(frame, found));
  if (*found || end_ != WalEnd::kNotReached) return Status::Ok();
  if (!has_header && offset_ >= kWalHeaderBytes) return Classify(frame, found);
  torn_bytes_ = torn_bytes;
  end_ = proven ? WalEnd::kDamaged : WalEnd::kTorn;
  const std::string what =
      has_header ? " has no readable commit at " : " has no readable header at ";
  reason_ = path_ + what + std::to_string(offset_);
  if (proven) {
    reason_ += ", though it was durable by what is at " + std::to_string(at);
  } else {
    reason_ += ", and none after it";
  }
  return Status::Ok();
}

Status WalReader::FindTornBytes() {
  uint64_t end = data_end_;
  while (end > offset_) {
    const uint64_t begin = std::max(offset_, end - std::min<uint64_t>(end, kWindowBytes));
    ByteView bytes;
    HG_RETURN_IF_ERROR(Window(begin, static_cast<size_t>(end - begin), &bytes));
    bytes = bytes.first(std::min<size_t>(bytes.size(), end - begin));
    if (!IsZero(bytes)) {
      size_t count = bytes.size();
      while (bytes[count - 1] == 0) --count;
      torn_bytes_ = begin + count - offset_;
      return Status::Ok();
    }
    end = begin;
  }
  return Status::Ok();
}

// Looks after offset_ for a frame of this log that was made when durable_min was durable.
Status WalReader::FindProof(Seq durable_min, bool* found, uint64_t* at) {
  const uint64_t budget = std::max(kSearchBudgetMin, file_bytes_ * kSearchBudgetFactor);
  search_bytes_ = 0;
  const uint64_t end =
      offset_ + torn_bytes_;  // Behind it are only zeros, in which no frame begins.
  uint64_t next = offset_ + 1;
  while (next < end && file_bytes_ - next >= kWalFrameOverhead) {
    ByteView bytes;
    HG_RETURN_IF_ERROR(Window(next, kWindowBytes, &bytes));
    if (bytes.size() < kWalFrameOverhead) break;
    const uint64_t begin = next;
    const uint64_t stop = std::min(end, begin + bytes.size() - kWalFrameOverhead + 1);
    const uint64_t window_reads = window_reads_;
    for (; next < stop && window_reads == window_reads_; ++next) {
      const uint8_t* place = bytes.data() + (next - begin);
      const auto length = LoadUnaligned<uint32_t>(place);
      const auto seq = LoadUnaligned<uint64_t>(place + 8);
      if (length < kWalFrameFieldsBytes || length > file_bytes_ - next || seq > kSeqMax ||
          seq <= last_seq_) {
        continue;
      }
      WalFrame frame;
      HG_RETURN_IF_ERROR(ReadFrame(next, durable_min, &frame, found));
      *at = next;
      if (*found) return Status::Ok();
      if (search_bytes_ > budget) {
        *found = true;
        return Status::Ok();
      }
    }
  }
  return Status::Ok();
}

// At least `bytes` of the file from `offset` on, fewer only at its end. The view lasts until the
// next call.
Status WalReader::Window(uint64_t offset, size_t bytes, ByteView* view) {
  if (offset < buffer_offset_ || offset + bytes > buffer_offset_ + buffer_bytes_) {
    const uint64_t left = file_bytes_ - std::min(offset, file_bytes_);
    // Ahead only where there is data: a commit is read whole, wherever that is said to end.
    const uint64_t ahead =
        std::min<uint64_t>(kWindowBytes, offset < data_end_ ? data_end_ - offset : left);
    const auto wanted = static_cast<size_t>(std::min(std::max<uint64_t>(bytes, ahead), left));
    if (wanted > buffer_room_) {
      buffer_.reset();
      buffer_ = std::make_unique_for_overwrite<uint8_t[]>(wanted);
      buffer_room_ = wanted;
    }
    ++window_reads_;
    buffer_offset_ = offset;
    buffer_bytes_ = 0;
    size_t count = 0;
    HG_RETURN_IF_ERROR(file_->ReadAt(offset, {buffer_.get(), wanted}, &count));
    buffer_bytes_ = count;  // Fewer if another process cut the file meanwhile.
  }
  *view =
      ByteView(buffer_.get(), buffer_bytes_).subspan(static_cast<size_t>(offset - buffer_offset_));
  return Status::Ok();
}

}  // namespace hypergraph
