// The one implementation of Segment: columns over a mapped file. Its parts: opening and columns
// (segment_reader.cc), access paths (segment_find.cc), comparisons (segment_select.cc), whole reads
// (segment_read.cc).
//
// Threads and ownership as segment.h says; nothing but deletions and attached indexes ever changes.
#ifndef HYPERGRAPH_INDEX_SEGMENT_READER_H_
#define HYPERGRAPH_INDEX_SEGMENT_READER_H_

#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "core/index/local_keys.h"
#include "core/index/member_lists.h"
#include "core/index/postings.h"
#include "core/index/property_index.h"
#include "core/index/segment.h"
#include "core/index/segment_format.h"
#include "core/storage/column_numbers.h"
#include "core/storage/column_texts.h"

namespace hypergraph {

class SegmentReader final : public Segment {
 public:
  SegmentReader(std::unique_ptr<SectionFile> file, const SegmentInfo& info)
      : file_(std::move(file)), info_(info), deletions_(info.bounds.row_count) {}
  // Reads the meta section; the other sections are only measured against it.
  Status ReadMeta();

  // What a false of a column means.
  Status Damaged() const;
  // A label or a property, for its index.
  IndexedColumn ColumnOf(const ColumnRef& column) const;

  Status CheckFits(std::span<const PropertyType> types, uint64_t node_end) const override;
  const SegmentInfo& info() const override { return info_; }
  Deletions& deletions() override { return deletions_; }
  const Deletions& deletions() const override { return deletions_; }
  void AttachIndex(std::shared_ptr<const PropertyIndexFile> index) override;
  void DetachIndex(uint64_t file_id) override;
  Status Verify() const override;
  Status Read(uint32_t first, uint32_t count, RecordColumns* columns) const override;

  SourceBounds bounds() const override { return info_.bounds; }
  bool ranked() const override { return true; }
  Status LowerBound(Micros ts, uint32_t* rank) const override;
  Status RowsInWindow(TimeWindow window, uint32_t limit, bool newest_first,
                      std::vector<uint32_t>* rows) const override;
  uint32_t Degree(NodeNumber node) const override;
  Status RowsOfNode(NodeNumber node, TimeWindow window, std::vector<uint32_t>* rows) const override;
  Status RowsOfNodes(std::span<const NodeNumber> nodes, uint32_t at_least, TimeWindow window,
                     std::vector<uint32_t>* rows) const override;
  bool EstimateIndex(const IndexProbe& probe, uint32_t* row_count) const override;
  Status RowsByIndex(const IndexProbe& probe, TimeWindow window,
                     std::vector<uint32_t>* rows) const override;
  Status Select(const Comparison& comparison, Rows rows,
                std::vector<uint32_t>* selected) const override;

  bool AllVisible(Seq at) const override;
  Status SelectVisible(Seq at, Rows rows, std::vector<uint32_t>* visible) const override;

  Status EventTs(Rows rows, Micros* out) const override;
  Status Seqs(Rows rows, Seq* out) const override;
  Status Ids(Rows rows, EdgeId* out) const override;
  Status ValidTo(Rows rows, Micros* out) const override;
  Status Weights(Rows rows, double* out) const override;
  Status Labels(Rows rows, Symbol* out) const override;
  Status Arities(Rows rows, uint32_t* out) const override;
  Status Members(Rows rows, MemberColumns* out) const override;
  Status Keys(Rows rows, std::vector<std::string_view>* out) const override;
  Status Property(PropertyIndex property, Rows rows, PropertyColumn* out) const override;
  Status SumWeights(Rows rows, double* sum) const override;
  Status CountMembers(Rows rows, std::span<uint32_t> counts) const override;

  Status FindId(EdgeId id, std::vector<uint32_t>* rows) const override;
  Status FindKey(std::string_view key, std::vector<uint32_t>* rows) const override;

 private:
  struct PropertyReader {
    PropertyType type = PropertyType::kInt64;
    NumberColumn numbers;  // Unless a string.
    TextColumn texts;
  };
  using Indexes = std::vector<std::shared_ptr<const PropertyIndexReader>>;

  bool ReadBounds(ByteReader* meta);
  bool OpenMembers(ByteReader* meta);
  bool OpenOptional(SegmentSection section, ByteReader* meta, std::optional<NumberColumn>* column);
  bool OpenSeqs(ByteReader* meta);
  bool OpenIds(ByteReader* meta);
  bool OpenKeys(ByteReader* meta);
  bool OpenProperties(ByteReader* meta);
  ByteView SectionBytes(uint32_t id) const;

  Status Checked(bool ok) const { return ok ? Status::Ok() : Damaged(); }
  uint32_t row_count() const { return info_.bounds.row_count; }
  Status RangeOf(TimeWindow window, RankRange* range) const;
  [[nodiscard]] bool FindSeqByOrder(uint64_t code, std::vector<uint32_t>* rows) const;
  [[nodiscard]] bool FindSeqInBlock(uint64_t block, uint64_t code, std::vector<uint32_t>* rows,
                                    bool* found) const;
  bool FindSeq(Seq seq, std::vector<uint32_t>* rows) const;
  bool FindReplacedId(EdgeId id, std::vector<uint32_t>* rows) const;
  bool IsReplaced(uint32_t row) const;
  std::shared_ptr<const PropertyIndexReader> IndexFor(const IndexProbe& probe) const;
  Status FindInIndex(const PropertyIndexReader& index, const IndexProbe& probe,
                     std::vector<PropertyIndexReader::Range>* ranges) const;

  Status SelectNumber(const NumberColumn& column, const Comparison& comparison, Rows rows,
                      std::optional<int64_t> absent, std::vector<uint32_t>* selected) const;
  Status SelectText(const TextColumn& column, const Comparison& comparison, Rows rows,
                    std::vector<uint32_t>* selected) const;
  Status SelectKey(const Comparison& comparison, Rows rows, std::vector<uint32_t>* selected) const;
  Status SelectComputed(const Comparison& comparison, Rows rows,
                        std::vector<uint32_t>* selected) const;
  Status VerifyOrder() const;
  Status VerifyColumns() const;
  Status ReadProperties(uint32_t first, uint32_t count, RecordColumns* columns) const;

  std::unique_ptr<SectionFile> file_;
  SegmentInfo info_;
  Deletions deletions_;
  NumberColumn event_ts_;
  NumberColumn seq_;
  SeqIndexForm seq_index_form_ = SeqIndexForm::kNone;
  PackedArray seq_index_;
  bool has_ids_ = false;
  PackedArray id_rows_;   // Rows whose id is not their seq, ascending,
  CodeColumn ids_;        // their ids,
  PackedArray id_order_;  // and places in both by id.
  std::optional<NumberColumn> valid_to_, weight_, label_;
  bool has_keys_ = false;
  TextColumn keys_;
  std::span<const uint32_t> key_hashes_;
  PackedArray key_rows_;
  MemberLists members_;
  LocalKeys local_keys_;
  Postings postings_;
  std::map<PropertyIndex, PropertyReader> properties_;

  mutable std::shared_mutex indexes_mutex_;
  Indexes indexes_;  // Guarded by indexes_mutex_.
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_INDEX_SEGMENT_READER_H_
