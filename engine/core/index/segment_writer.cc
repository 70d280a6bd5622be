// Writes a segment file from sorted records. The member lists, about half of the work, are encoded
// beside the rest; of that little more than one column is in memory twice.
#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>

#include "core/base/hash.h"
#include "core/base/run_both.h"
#include "core/base/sort_keys.h"
#include "core/index/member_lists.h"
#include "core/index/postings.h"
#include "core/index/segment.h"
#include "core/index/segment_format.h"
#include "core/storage/column_number_codes.h"
#include "core/storage/column_numbers.h"
#include "core/storage/column_texts.h"
#include "core/storage/section_file.h"

namespace hypergraph {

namespace {

// A thread costs as much as encoding some hundred.
constexpr uint32_t kBesideFrom = 16384;

class SegmentWriter {
 public:
  SegmentWriter(const RecordColumns& records, SectionFileWriter* file)
      : records_(records), file_(file) {}

  void Write(const SourceBounds& bounds) {
    std::optional<NodeRanking> ranking;
    ByteWriter lists, lists_meta, postings_meta;
    Both([&] { ranking.emplace(records_.members); }, [&] { WriteTimes(); });
    Both([&] { MemberLists::Write(records_, ranking->locals(), &lists, &lists_meta); },
         [&] {
           WriteRest();
           WritePostings(*ranking, &postings_meta);
         });
    file_->Add(SectionId(SegmentSection::kMembers), lists.view());
    ByteWriter meta;
    meta.Put(kSegmentMetaVersion);
    meta.Put(bounds.row_count);
    meta.Put(bounds.ts_min);
    meta.Put(bounds.ts_max);
    meta.Put(bounds.seq_min);
    meta.Put(bounds.seq_max);
    meta.Put(bounds.member_count);
    for (const ByteWriter* part : {&lists_meta, &postings_meta, &meta_}) {
      meta.PutBytes(part->view());
    }
    file_->Add(SectionId(SegmentSection::kMeta), meta.view());
  }

 private:
  // `here` alone may use the file, section_ and meta_.
  void Both(const std::function<void()>& beside, const std::function<void()>& here) const {
    if (records_.record_count >= kBesideFrom) return RunBoth(beside, here);
    beside();
    here();
  }

  void WriteTimes() {
    NumberColumn::WriteIntegers(records_.event_ts, {}, CodeLayout::kBlocks, &section_, &meta_);
    Finish(SectionId(SegmentSection::kEventTs));
    WriteSeqs();
    WriteIds();
    WriteValidTo();
    WriteWeights();
  }

  void WriteRest() {
    WriteLabels();
    WriteKeys();
    WriteProperties();
  }

  void WritePostings(const NodeRanking& ranking, ByteWriter* meta) {
    ByteWriter nodes;
    Postings::Write(records_.member_ends, ranking.locals(), ranking.nodes(), &nodes, &section_,
                    meta);
    Finish(SectionId(SegmentSection::kPostings));
    file_->Add(SectionId(SegmentSection::kNodes), nodes.view());
  }

  void Finish(uint32_t id) {
    file_->Add(id, section_.view());
    section_ = {};
  }
  bool Has(bool has) {
    meta_.Put(static_cast<uint8_t>(has));
    return has;
  }

  void WriteSeqs() {
    std::vector<int64_t> seqs(records_.seq.begin(), records_.seq.end());
    NumberColumn::WriteIntegers(seqs, {}, CodeLayout::kBlocks, &section_, &meta_);
    const SeqIndexForm form = SeqIndexOf();
    meta_.Put(form);
    if (form == SeqIndexForm::kBlocks) WriteSeqBlocks();
    if (form == SeqIndexForm::kRows) WriteRowsBySeq();
    Finish(SectionId(SegmentSection::kSeq));
  }

  SeqIndexForm SeqIndexOf() const {
    if (!SeqsAreScattered()) return SeqIndexForm::kNone;
    const auto [min, max] = std::minmax_element(records_.seq.begin(), records_.seq.end());
    const uint64_t count = records_.record_count;
    return *max - *min < count + count / 4 ? SeqIndexForm::kBlocks : SeqIndexForm::kRows;
  }

  void WriteSeqBlocks() {
    const auto [min, max] = std::minmax_element(records_.seq.begin(), records_.seq.end());
    std::vector<uint32_t> blocks(static_cast<size_t>(*max - *min + 1));
    for (uint32_t row = 0; row < records_.record_count; ++row) {
      blocks[static_cast<size_t>(records_.seq[row] - *min)] = row >> kCodeBlockShift;
    }
    PackedArray::Write(std::span<const uint32_t>(blocks), &section_, &meta_);
  }

  void WriteRowsBySeq() {
    std::vector<uint32_t> order(records_.record_count);
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](uint32_t left, uint32_t right) {
      return records_.seq[left] < records_.seq[right];
    });
    PackedArray::Write(std::span<const uint32_t>(order), &section_, &meta_);
  }

  // Finding a seq looks into each block whose span has it: few, when time and commits run together.
  bool SeqsAreScattered() const {
    constexpr uint64_t kBlocksMax = 16;
    const auto [min, max] = std::minmax_element(records_.seq.begin(), records_.seq.end());
    const double span = static_cast<double>(*max - *min) + 1;
    double covered = 0;
    for (size_t first = 0; first < records_.seq.size(); first += kCodeBlockRows) {
      const size_t end = std::min(records_.seq.size(), first + kCodeBlockRows);
      const auto [low, high] =
          std::minmax_element(records_.seq.begin() + static_cast<ptrdiff_t>(first),
                              records_.seq.begin() + static_cast<ptrdiff_t>(end));
      covered += static_cast<double>(*high - *low);
    }
    return covered > span * kBlocksMax;
  }

  void WriteIds() {
    std::vector<uint32_t> rows;
    for (uint32_t row = 0; row < records_.record_count; ++row) {
      if (records_.id[row] != records_.seq[row]) rows.push_back(row);
    }
    if (!Has(!rows.empty())) return;
    std::vector<uint64_t> ids;
    for (const uint32_t row : rows) ids.push_back(records_.id[row]);
    std::vector<uint32_t> order(rows.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t left, uint32_t right) { return ids[left] < ids[right]; });
    PackedArray::Write(std::span<const uint32_t>(rows), &section_, &meta_);
    CodeColumn::Write(ids, CodeLayout::kAny, &section_, &meta_);
    PackedArray::Write(std::span<const uint32_t>(order), &section_, &meta_);
    Finish(SectionId(SegmentSection::kIds));
  }

  // Most often nothing ends, and kMicrosMax would widen every block: it is kept as absence.
  void WriteValidTo() {
    std::vector<uint8_t> present(records_.valid_to.size());
    std::transform(records_.valid_to.begin(), records_.valid_to.end(), present.begin(),
                   [](Micros end) { return end == kMicrosMax ? uint8_t{0} : uint8_t{1}; });
    if (!Has(std::count(present.begin(), present.end(), 1) > 0)) return;
    NumberColumn::WriteIntegers(records_.valid_to, present, CodeLayout::kAny, &section_, &meta_);
    Finish(SectionId(SegmentSection::kValidTo));
  }

  void WriteWeights() {
    const std::vector<double>& weights = records_.weight;
    const bool ones = std::all_of(weights.begin(), weights.end(), [](double w) { return w == 1; });
    if (!Has(!ones)) return;
    NumberColumn::WriteFloats(weights, {}, &section_, &meta_);
    Finish(SectionId(SegmentSection::kWeight));
  }

  void WriteLabels() {
    const std::vector<Symbol>& labels = records_.label;
    std::vector<uint8_t> present(labels.size());
    std::transform(labels.begin(), labels.end(), present.begin(),
                   [](Symbol label) { return label == kSymbolNone ? uint8_t{0} : uint8_t{1}; });
    if (!Has(std::count(present.begin(), present.end(), 1) > 0)) return;
    const std::vector<int64_t> values(labels.begin(), labels.end());
    NumberColumn::WriteIntegers(values, present, CodeLayout::kAny, &section_, &meta_);
    Finish(SectionId(SegmentSection::kLabel));
  }

  void WriteKeys() {
    if (!Has(!records_.key_bytes.empty())) return;
    TextColumn::Write(records_.key_ends, records_.key_bytes, {}, &section_, &meta_);
    std::vector<KeyedPlace> hashes;  // The hash's upper half, the row.
    uint64_t begin = 0;
    for (uint32_t row = 0; row < records_.record_count; ++row) {
      const uint64_t end = records_.key_ends[row];
      if (end > begin) {
        const auto key = std::string_view(records_.key_bytes).substr(begin, end - begin);
        hashes.push_back({HashText(key) >> 32, row});
      }
      begin = end;
    }
    SortByKey(&hashes);
    std::vector<uint32_t> firsts;
    std::vector<uint32_t> rows;
    for (const auto& [hash, row] : hashes) {
      firsts.push_back(static_cast<uint32_t>(hash));
      rows.push_back(row);
    }
    WriteRawArray(std::span<const uint32_t>(firsts), &section_, &meta_);
    PackedArray::Write(std::span<const uint32_t>(rows), &section_, &meta_);
    Finish(SectionId(SegmentSection::kKeys));
  }

  void WriteProperties() {
    meta_.Put(static_cast<uint32_t>(records_.properties.size()));
    for (const PropertyValues& values : records_.properties) {
      meta_.Put(values.property);
      meta_.Put(values.type);
      switch (values.type) {
        case PropertyType::kFloat64:
          NumberColumn::WriteFloats(values.floats, values.present, &section_, &meta_);
          break;
        case PropertyType::kString:
          TextColumn::Write(values.string_ends, values.string_bytes, values.present, &section_,
                            &meta_);
          break;
        default:
          NumberColumn::WriteIntegers(values.integers, values.present, CodeLayout::kAny, &section_,
                                      &meta_);
      }
      Finish(PropertySectionId(values.property));
    }
  }

  const RecordColumns& records_;
  SectionFileWriter* file_;
  ByteWriter section_;
  ByteWriter meta_;
};

SourceBounds BoundsOf(const RecordColumns& records) {
  SourceBounds bounds;
  bounds.row_count = records.record_count;
  bounds.ts_min = records.event_ts.front();
  bounds.ts_max = records.event_ts.back();
  const auto [min, max] = std::minmax_element(records.seq.begin(), records.seq.end());
  bounds.seq_min = *min;
  bounds.seq_max = *max;
  bounds.member_count = records.members.size();
  return bounds;
}

}  // namespace

Status WriteSegment(FileSystem& files, const std::string& path, uint64_t file_id,
                    const RecordColumns& records, SegmentInfo* info) {
  if (records.record_count == 0) return Status(Code::kInvalid, "a segment has at least one record");
  if (records.properties.size() > kSegmentPropertiesMax) {
    return Status(Code::kTooLarge, "too many properties for one segment");
  }
  StatusOr<std::unique_ptr<SectionFileWriter>> file =
      SectionFileWriter::Create(files, path, FileKind::kSegment, file_id);
  if (!file.ok()) return file.status();
  info->file_id = file_id;
  info->bounds = BoundsOf(records);
  SegmentWriter(records, file->get()).Write(info->bounds);
  SectionFileInfo written;
  HG_RETURN_IF_ERROR((*file)->Finish(&written));
  info->file_bytes = written.file_bytes;
  info->footer_crc = written.footer_crc;
  return Status::Ok();
}

}  // namespace hypergraph
