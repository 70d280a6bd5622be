// What a MANIFEST says: one whole durable state of a database up to `flushed_seq`, and where its
// log goes on from there.
//
// Invariant: the immutable files named here hold the records up to flushed_seq and the marks of
// records replaced up to flushed_seq, and nothing later: everything later is in the logs from
// log_floor on. So a state is whole without its logs too, which is what a backup is.
#ifndef HYPERGRAPH_GRAPH_MANIFEST_STATE_H_
#define HYPERGRAPH_GRAPH_MANIFEST_STATE_H_

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/graph/schema.h"
#include "core/index/dictionary.h"
#include "core/index/segment.h"

namespace hypergraph {

inline constexpr uint32_t kManifestStateVersion = 1;

struct SegmentState {
  TableId table = 0;
  SegmentInfo segment;
  std::optional<DeletionsInfo> deletions;
  std::vector<PropertyIndexInfo> indexes;
};

// A file that an earlier state named and that may still be there.
struct ObsoleteFile {
  std::string name;
};

struct ManifestState {
  std::array<uint8_t, 16> database_uuid{};
  std::array<uint8_t, 16> cursor_key{};
  uint64_t generation = 0;  // Grows by one with each MANIFEST.
  uint64_t next_file_id = 1;
  Seq flushed_seq = 0;
  Micros flushed_at = kMicrosMin;        // The instant of the commit flushed_seq.
  Seq history_floor = 0;                 // Reads below it are kGone.
  uint64_t log_floor = 1;                // Logs with smaller numbers are not needed.
  std::shared_ptr<const Schema> schema;  // As of flushed_seq.
  std::vector<SegmentState> segments;
  std::vector<DictionaryFileInfo> nodes, symbols;  // By first number, without gaps.
  std::vector<ClockFileInfo> clocks;               // By seq.
  std::vector<ObsoleteFile> obsolete;
};

// Requires: state.schema is set.
void EncodeManifest(const ManifestState& state, std::vector<uint8_t>* out);
// Any bytes at all: kCorrupt unless they are what EncodeManifest writes of a consistent state,
// kNewerFormat when a later version wrote them. Allocates in proportion to the bytes.
Status DecodeManifest(ByteView bytes, ManifestState* state);

// Every file that the state needs, without the logs. Names are within the database's directory.
struct NamedFile {
  std::string name;
  uint64_t file_bytes = 0;
  uint32_t footer_crc = 0;
  bool operator==(const NamedFile&) const = default;
};
std::vector<NamedFile> FilesOf(const ManifestState& state);
std::vector<std::string> NamedFiles(const ManifestState& state);

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_MANIFEST_STATE_H_
