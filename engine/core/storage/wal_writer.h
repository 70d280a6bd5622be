// Appends commits to one log. Frames gather in a group; one write puts the group into the file, one
// sync makes it durable.
//
//   writer->Reserve(bytes of all payloads, count)   // kStorageFull here harms nothing.
//   writer->Append(last_seq, type, payload)…        // For each commit.
//   writer->Write(); writer->Sync();
//
// Rules of its owner. A log is made only after all commits of the log before it were synced: a
// frame's durable seq counts from first_seq − 1. After recovery the newest log is continued in
// place with Continue, which cuts off a torn tail and the space allocated ahead, physically and
// synced, before the first new byte; a log whose header is torn (WalReader: end_offset 0) holds
// nothing: the owner removes it and makes a new one.
//
// Invariant: once a write or a sync failed, nothing more is written and every call returns that
// failure. Threads: one at a time.
#ifndef HYPERGRAPH_STORAGE_WAL_WRITER_H_
#define HYPERGRAPH_STORAGE_WAL_WRITER_H_

#include <memory>
#include <string>
#include <vector>

#include "core/platform/file.h"
#include "core/storage/wal_format.h"

namespace hypergraph {

class WalWriter {
 public:
  // Makes the file with its header and some space, both synced, and syncs `directory`, where it
  // lies. Space is taken ahead in steps that double up to `allocate_bytes`. On failure nothing is
  // left that is not removed. kStorageFull when there is no space.
  static StatusOr<std::unique_ptr<WalWriter>> Create(FileSystem& files,
                                                     const std::string& directory,
                                                     const std::string& name,
                                                     const WalHeader& header,
                                                     uint64_t allocate_bytes);
  // Goes on at end_offset, as a WalReader that has come to a clean or torn end reports it. All that
  // was read is durable when it returns. Requires: end_offset >= kWalHeaderBytes.
  static StatusOr<std::unique_ptr<WalWriter>> Continue(FileSystem& files, const std::string& path,
                                                       const WalHeader& header, uint64_t end_offset,
                                                       Seq last_seq, uint64_t allocate_bytes);

  // Makes sure of space for `frame_count` more frames of together `payload_bytes`, beyond those in
  // the group. kStorageFull and other failures leave the writer as it was.
  Status Reserve(uint64_t payload_bytes, uint64_t frame_count);
  // Adds one frame to the group. Requires: last_seq > the last one appended; the payload is smaller
  // than 4 GiB by kWalFrameFieldsBytes.
  void Append(Seq last_seq, uint8_t type, ByteView payload);
  // The group as one write. Without one, does nothing.
  Status Write();
  // Append and Write of a large one, whose payload is written from where it lies.
  Status WriteThrough(Seq last_seq, uint8_t type, ByteView payload);
  // Makes all that was written durable. Requires: the group is empty.
  Status Sync();

  const WalHeader& header() const { return header_; }
  Seq last_seq() const { return last_seq_; }        // Appended.
  Seq durable_seq() const { return durable_seq_; }  // Synced.
  // Header and frames written, without the space ahead.
  uint64_t bytes() const { return offset_; }
  const Status& failure() const { return failure_; }

 private:
  WalWriter(std::unique_ptr<File> file, const WalHeader& header, uint64_t offset,
            uint64_t allocate_bytes);
  uint64_t NextStep() const;
  // The frame's head, into the group, and its checksum over the payload too.
  void AppendHead(Seq last_seq, uint8_t type, ByteView payload);
  Status WriteNext(ByteView bytes);
  void ClearGroup();

  std::unique_ptr<File> file_;
  WalHeader header_;
  uint32_t seed_;
  uint64_t offset_;     // Where the next write goes.
  uint64_t allocated_;  // The file's bytes.
  uint64_t allocate_bytes_;
  Seq last_seq_;
  Seq written_seq_;
  Seq durable_seq_;
  std::vector<uint8_t> group_;
  Status failure_;
};

// Cuts a log off at `end_offset`, synced: what read-write opens do to logs that they do not
// continue.
Status TruncateLog(FileSystem& files, const std::string& path, uint64_t end_offset);

}  // namespace hypergraph

#endif  // HYPERGRAPH_STORAGE_WAL_WRITER_H_
