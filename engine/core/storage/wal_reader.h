// Reads a log's commits one by one, in memory bounded by the largest frame, and says how the log
// ends.
//
// The end. Clean: only zeros, or nothing, follow the last frame. Else the next frame is unreadable,
// and the rest of the log is searched, byte by byte, for a readable frame of this log that was made
// when the unreadable one was already durable. There is one: acknowledged commits are damaged.
// There is none: the rest is a torn tail that was never acknowledged as durable. What cannot be
// told: damage in the very last group of commits that were synced, with nothing after.
//
// Threads: one at a time. A log that another process is appending to may be read, and one that it
// cuts: what is not whole yet shows as a torn tail, and a commit is read once more, from the file,
// before anything is said of it.
#ifndef HYPERGRAPH_STORAGE_WAL_READER_H_
#define HYPERGRAPH_STORAGE_WAL_READER_H_

#include <memory>
#include <string>
#include <vector>

#include "core/platform/file.h"
#include "core/storage/wal_format.h"

namespace hypergraph {

struct WalFrame {
  uint64_t offset = 0;  // Of the frame in the file.
  Seq first_seq = 0;
  Seq last_seq = 0;
  Seq durable_seq = 0;
  uint8_t type = 0;
  ByteView payload;  // Until the next call of the reader.
};

enum class WalEnd : uint8_t {
  kNotReached,
  kClean,
  kTorn,
  kDamaged,
};

class WalReader {
 public:
  // `expected`: the log's number from its name, the database, and the seq that must come first: one
  // more than the last of the log before. A header with a later first_seq is damage: the log before
  // lacks commits that were durable when this one was made; with first_seq 0 any will do. A log
  // with an earlier first_seq and no frame was left by a making that failed: its end is torn at
  // offset 0, also when later logs follow it. Frames longer than `payload_bytes_max` are not read,
  // and count as unreadable. kCorrupt for a log of another number or database, kNewerFormat for one
  // of a later version. A torn or empty header is no failure: Next finds no frame and the end is
  // torn (or damaged) at offset 0.
  static StatusOr<std::unique_ptr<WalReader>> Open(FileSystem& files, const std::string& path,
                                                   const WalHeader& expected,
                                                   uint64_t payload_bytes_max);

  // The next frame; *found is false at the end. Failures are of reading the file, not of its bytes.
  Status Next(WalFrame* frame, bool* found);

  // Once Next found none.
  WalEnd end() const { return end_; }
  // Where the readable frames end: what is kept of the file. 0 when not even the header is
  // readable.
  uint64_t end_offset() const { return offset_; }
  // From there to the last byte that is not zero: a torn tail's size.
  uint64_t torn_bytes() const { return torn_bytes_; }
  // Of an end that is not clean: why, for people.
  const std::string& reason() const { return reason_; }

  const WalHeader& header() const { return header_; }
  Seq last_seq() const { return last_seq_; }  // Of the frames read; first_seq − 1 before.
  uint64_t file_bytes() const { return file_bytes_; }

 private:
  WalReader(std::unique_ptr<File> file, std::string path, const WalHeader& expected,
            uint64_t payload_bytes_max);
  // How long the file is now, and where its data ends.
  Status Measure();
  Status ReadHeader();
  Status RefuseStart(Seq first_seq);
  Status ReadNext(WalFrame* frame, bool* found);
  Status Reread(WalFrame* frame, bool* found);
  Status ReadFrame(uint64_t offset, Seq durable_min, WalFrame* frame, bool* valid);
  Status Classify(WalFrame* frame, bool* found);
  Status FindTornBytes();
  Status FindProof(Seq durable_min, bool* found, uint64_t* at);
  Status Window(uint64_t offset, size_t bytes, ByteView* view);

  std::unique_ptr<File> file_;
  std::string path_;
  WalHeader header_;
  uint64_t payload_bytes_max_;
  uint32_t seed_;
  uint64_t file_bytes_ = 0;
  // Zeros from here on, by the file system. It decides only what is not read after the last commit,
  // never whether there is one: a commit may end in zeros that a copy of the log has left out.
  uint64_t data_end_ = 0;
  uint64_t offset_ = 0;
  Seq last_seq_ = 0;
  WalEnd end_ = WalEnd::kNotReached;
  uint64_t torn_bytes_ = 0;
  std::string reason_;
  std::unique_ptr<uint8_t[]> buffer_;  // Not zeroed, as a vector would be.
  size_t buffer_room_ = 0;
  size_t buffer_bytes_ = 0;  // Of the file, from buffer_offset_ on.
  uint64_t buffer_offset_ = 0;
  uint64_t window_reads_ = 0;  // Views of the buffer taken before the last one dangle.
  uint64_t search_bytes_ = 0;  // What checksums of a search have covered.
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_STORAGE_WAL_READER_H_
