// An immutable file of records in (event_ts, seq) order with its time and member indexes, memory-
// mapped, each 64 KiB block checked against its CRC-32C on first touch.
//
// Ownership: a Segment keeps its mapping alive; property indexes and deletions hang on it. Threads:
// as RowSource; AttachIndex, DetachIndex and deletions().Add are the one writer's.
#ifndef HYPERGRAPH_INDEX_SEGMENT_H_
#define HYPERGRAPH_INDEX_SEGMENT_H_

#include <memory>
#include <string>

#include "core/index/deletions.h"
#include "core/index/record_columns.h"
#include "core/index/row_source.h"
#include "core/platform/file.h"

namespace hypergraph {

struct SegmentInfo {
  uint64_t file_id = 0;
  uint64_t file_bytes = 0;
  uint32_t footer_crc = 0;  // Ties the manifest to exactly this file.
  SourceBounds bounds;
};

// Creates the file at `path`, writes it whole and syncs its contents. The caller syncs the
// directory. Requires: records is sorted as its invariant says, and not empty.
Status WriteSegment(FileSystem& files, const std::string& path, uint64_t file_id,
                    const RecordColumns& records, SegmentInfo* info);

class PropertyIndexFile;

class Segment : public RowSource {
 public:
  // kCorrupt when the file is not the one `info` describes.
  static StatusOr<std::shared_ptr<Segment>> Open(FileSystem& files, const std::string& path,
                                                 const SegmentInfo& info);
  // What only the database knows, and whoever reads the segment relies on: every member is below
  // `node_end`, and every property is one of `types`, by number, with that type. Else kCorrupt.
  virtual Status CheckFits(std::span<const PropertyType> types, uint64_t node_end) const = 0;
  virtual const SegmentInfo& info() const = 0;
  virtual Deletions& deletions() = 0;
  virtual const Deletions& deletions() const = 0;
  virtual void AttachIndex(std::shared_ptr<const PropertyIndexFile> index) = 0;
  virtual void DetachIndex(uint64_t file_id) = 0;
  // Reads every block and checks every checksum and every order that readers rely on.
  virtual Status Verify() const = 0;
  // Appends records [first, first + count) to columns (merge input), superseded_by included.
  virtual Status Read(uint32_t first, uint32_t count, RecordColumns* columns) const = 0;
};

// PSI: the segment's ranks, sorted by (columns…, rank); records with a null in any column are
// absent.
struct PropertyIndexInfo {
  uint64_t file_id = 0;
  uint64_t file_bytes = 0;
  uint32_t footer_crc = 0;
  std::vector<ColumnRef> columns;  // Labels and properties, one or two.
};
Status WritePropertyIndex(FileSystem& files, const std::string& path, uint64_t file_id,
                          const Segment& segment, std::span<const ColumnRef> columns,
                          PropertyIndexInfo* info);
class PropertyIndexFile {
 public:
  static StatusOr<std::shared_ptr<const PropertyIndexFile>> Open(FileSystem& files,
                                                                 const std::string& path,
                                                                 const PropertyIndexInfo& info);
  virtual ~PropertyIndexFile() = default;
  virtual const PropertyIndexInfo& info() const = 0;
  virtual Status Verify() const = 0;
};

// What a segment's Deletions were at a flush.
struct DeletionsInfo {
  uint64_t file_id = 0;
  uint64_t file_bytes = 0;
  uint32_t footer_crc = 0;
};
Status WriteDeletions(FileSystem& files, const std::string& path, uint64_t file_id,
                      std::span<const std::pair<uint32_t, Seq>> sorted, DeletionsInfo* info);
Status ReadDeletions(FileSystem& files, const std::string& path, const DeletionsInfo& info,
                     Deletions* into);

// Which file each commit's instant lies in: (commit seq, commit time) pairs, both ascending.
struct CommitInstant {
  Seq seq = 0;
  Micros committed_at = 0;
};
struct ClockFileInfo {
  uint64_t file_id = 0;
  uint64_t file_bytes = 0;
  uint32_t footer_crc = 0;
  CommitInstant first, last;
  uint64_t count = 0;
};
Status WriteClockFile(FileSystem& files, const std::string& path, uint64_t file_id,
                      std::span<const CommitInstant> instants, ClockFileInfo* info);
class ClockFile {
 public:
  static StatusOr<std::shared_ptr<const ClockFile>> Open(FileSystem& files, const std::string& path,
                                                         const ClockFileInfo& info);
  virtual ~ClockFile() = default;
  virtual const ClockFileInfo& info() const = 0;
  // The last commit at or before the instant; seq 0 when all are later.
  virtual Status LastAtOrBefore(Micros instant, CommitInstant* found) const = 0;
  // The last commit whose seq is at most `seq`; seq 0 when there is none.
  virtual Status LastUpTo(Seq seq, CommitInstant* found) const = 0;
  virtual Status ReadAll(std::vector<CommitInstant>* into) const = 0;
  virtual Status Verify() const = 0;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_INDEX_SEGMENT_H_
