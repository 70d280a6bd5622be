#include "core/index/segment_reader.h"

#include <algorithm>
#include <array>

#include "core/index/segment_format.h"
#include "core/storage/column_number_codes.h"

namespace hypergraph {

namespace {
constexpr uint32_t kDecodeChunk = 1024;
// Of a page whose keys come with its members; four bytes each beside them.
constexpr size_t kKeyedMembersMax = size_t{64} << 10;
}  // namespace

StatusOr<std::shared_ptr<Segment>> Segment::Open(FileSystem& files, const std::string& path,
                                                 const SegmentInfo& info) {
  SectionFile::Expected expected;
  expected.kind = FileKind::kSegment;
  expected.file_id = info.file_id;
  expected.info = {info.file_bytes, info.footer_crc};
  StatusOr<std::unique_ptr<SectionFile>> file = SectionFile::Open(files, path, expected);
  if (!file.ok()) return file.status();
  auto segment = std::make_shared<SegmentReader>(std::move(file).value(), info);
  HG_RETURN_IF_ERROR(segment->ReadMeta());
  return std::shared_ptr<Segment>(std::move(segment));
}

Status SegmentReader::Damaged() const {
  HG_RETURN_IF_ERROR(file_->Fault());
  return Status(Code::kCorrupt, file_->name() + ": the segment's parts do not fit together");
}

// Empty when there is none: whatever meta expects in it will not fit.
ByteView SegmentReader::SectionBytes(uint32_t id) const {
  ByteView bytes;
  return file_->Section(id, &bytes).ok() ? bytes : ByteView();
}

bool SegmentReader::ReadBounds(ByteReader* meta) {
  SourceBounds bounds;
  bounds.row_count = meta->Get<uint32_t>();
  bounds.ts_min = meta->Get<Micros>();
  bounds.ts_max = meta->Get<Micros>();
  bounds.seq_min = meta->Get<Seq>();
  bounds.seq_max = meta->Get<Seq>();
  bounds.member_count = meta->Get<uint64_t>();
  const SourceBounds& expected = info_.bounds;
  // A block of 128 seqs takes 112 bytes and more: what is as long as the rows is as long as the
  // file.
  return meta->ok() && bounds.row_count > 0 && bounds.row_count == expected.row_count &&
         bounds.row_count <= file_->file_bytes() * 8 && bounds.ts_min == expected.ts_min &&
         bounds.ts_max == expected.ts_max && bounds.seq_min == expected.seq_min &&
         bounds.seq_max == expected.seq_max && bounds.member_count == expected.member_count;
}

bool SegmentReader::OpenMembers(ByteReader* meta) {
  const ByteView members = SectionBytes(SectionId(SegmentSection::kMembers));
  const ByteView nodes = SectionBytes(SectionId(SegmentSection::kNodes));
  const ByteView postings = SectionBytes(SectionId(SegmentSection::kPostings));
  return MemberLists::Open(file_.get(), members, row_count(), meta, &members_) &&
         Postings::Open(file_.get(), nodes, postings, row_count(), meta, &postings_);
}

bool SegmentReader::OpenOptional(SegmentSection section, ByteReader* meta,
                                 std::optional<NumberColumn>* column) {
  if (meta->Get<uint8_t>() == 0) return meta->ok();
  column->emplace();
  return NumberColumn::Open(file_.get(), SectionBytes(SectionId(section)), row_count(), meta,
                            &**column);
}

bool SegmentReader::OpenSeqs(ByteReader* meta) {
  const ByteView section = SectionBytes(SectionId(SegmentSection::kSeq));
  if (!NumberColumn::Open(file_.get(), section, row_count(), meta, &seq_) ||
      seq_.form() != NumberForm::kInteger || !seq_.codes().blocked()) {
    return false;
  }
  seq_index_form_ = meta->Get<SeqIndexForm>();
  if (seq_index_form_ == SeqIndexForm::kNone) return true;
  if (!PackedArray::Open(section, meta, &seq_index_)) return false;
  if (seq_index_form_ == SeqIndexForm::kRows) return seq_index_.count() == row_count();
  return seq_index_form_ == SeqIndexForm::kBlocks &&
         seq_index_.count() == info_.bounds.seq_max - info_.bounds.seq_min + 1;
}

bool SegmentReader::OpenIds(ByteReader* meta) {
  has_ids_ = meta->Get<uint8_t>() != 0;
  if (!has_ids_) return meta->ok();
  const ByteView section = SectionBytes(SectionId(SegmentSection::kIds));
  return PackedArray::Open(section, meta, &id_rows_) &&
         CodeColumn::Open(file_.get(), section, meta, &ids_) &&
         PackedArray::Open(section, meta, &id_order_) && ids_.count() == id_rows_.count() &&
         id_order_.count() == id_rows_.count() && id_rows_.count() <= row_count();
}

bool SegmentReader::OpenKeys(ByteReader* meta) {
  has_keys_ = meta->Get<uint8_t>() != 0;
  if (!has_keys_) return meta->ok();
  const ByteView section = SectionBytes(SectionId(SegmentSection::kKeys));
  return TextColumn::Open(file_.get(), section, row_count(), meta, &keys_) &&
         OpenRawArray(section, meta, &key_hashes_) &&
         PackedArray::Open(section, meta, &key_rows_) && key_rows_.count() == key_hashes_.size();
}

bool SegmentReader::OpenProperties(ByteReader* meta) {
  const auto count = meta->Get<uint32_t>();
  for (uint32_t i = 0; i < count; ++i) {
    const auto property = meta->Get<PropertyIndex>();
    const auto type = meta->Get<PropertyType>();
    if (!meta->ok() || type < PropertyType::kBool || type > PropertyType::kTimestamp) return false;
    const ByteView section = SectionBytes(PropertySectionId(property));
    PropertyReader& reader = properties_[property];
    reader.type = type;
    if (type == PropertyType::kString) {
      if (!TextColumn::Open(file_.get(), section, row_count(), meta, &reader.texts)) return false;
      continue;
    }
    if (!NumberColumn::Open(file_.get(), section, row_count(), meta, &reader.numbers) ||
        reader.numbers.integers() == (type == PropertyType::kFloat64)) {
      return false;
    }
  }
  return meta->ok();
}

Status SegmentReader::ReadMeta() {
  ByteView bytes;
  HG_RETURN_IF_ERROR(file_->VerifiedSection(SectionId(SegmentSection::kMeta), &bytes));
  ByteReader meta(bytes);
  const auto version = meta.Get<uint32_t>();
  if (meta.ok() && version > kSegmentMetaVersion) {
    return Status(Code::kNewerFormat, file_->name() + ": written by a later version");
  }
  const ByteView times = SectionBytes(SectionId(SegmentSection::kEventTs));
  const bool ok = ReadBounds(&meta) && OpenMembers(&meta) &&
                  NumberColumn::Open(file_.get(), times, row_count(), &meta, &event_ts_) &&
                  event_ts_.form() == NumberForm::kInteger && event_ts_.codes().blocked() &&
                  event_ts_.base() == info_.bounds.ts_min && OpenSeqs(&meta) && OpenIds(&meta) &&
                  OpenOptional(SegmentSection::kValidTo, &meta, &valid_to_) &&
                  OpenOptional(SegmentSection::kWeight, &meta, &weight_) &&
                  OpenOptional(SegmentSection::kLabel, &meta, &label_) && OpenKeys(&meta) &&
                  OpenProperties(&meta) && (!valid_to_ || valid_to_->integers()) &&
                  (!label_ || label_->integers()) && (!weight_ || !weight_->integers());
  return Checked(ok);
}

Status SegmentReader::CheckFits(std::span<const PropertyType> types, uint64_t node_end) const {
  const bool typed = std::all_of(properties_.begin(), properties_.end(), [&](const auto& property) {
    return property.first < types.size() && property.second.type == types[property.first];
  });
  if (typed && postings_.nodes().node_end() <= node_end) return Status::Ok();
  return Status(Code::kCorrupt, file_->name() + ": not a segment of this table and its nodes");
}

bool SegmentReader::AllVisible(Seq at) const {
  return at >= info_.bounds.seq_max && deletions_.empty();
}

Status SegmentReader::SelectVisible(Seq at, Rows rows, std::vector<uint32_t>* visible) const {
  if (at < info_.bounds.seq_min) return Status::Ok();
  const bool check_seq = at < info_.bounds.seq_max;
  const bool check_deletions = !deletions_.empty();
  const size_t before = visible->size();
  visible->resize(before + rows.size());
  uint32_t* out = visible->data() + before;
  std::array<Seq, kDecodeChunk> seqs;
  for (uint32_t done = 0; done < rows.size(); done += kDecodeChunk) {
    const Rows chunk = rows.Slice(done, std::min(kDecodeChunk, rows.size() - done));
    if (check_seq) HG_RETURN_IF_ERROR(Seqs(chunk, seqs.data()));
    for (uint32_t i = 0; i < chunk.size(); ++i) {
      *out = chunk[i];
      bool seen = !check_seq || seqs[i] <= at;
      if (check_deletions && seen) {
        const Seq replaced_by = deletions_.SupersededBy(chunk[i]);
        seen = replaced_by == kSeqNone || replaced_by > at;
      }
      out += seen ? 1 : 0;
    }
  }
  visible->resize(static_cast<size_t>(out - visible->data()));
  return Status::Ok();
}

namespace {

bool Integers(const NumberColumn& column, Rows rows, int64_t* out) {
  return rows.contiguous() ? column.ReadIntegers(rows.first(), rows.size(), out)
                           : column.GatherIntegers({rows.list(), rows.size()}, out);
}

bool Floats(const NumberColumn& column, Rows rows, double* out) {
  return rows.contiguous() ? column.ReadFloats(rows.first(), rows.size(), out)
                           : column.GatherFloats({rows.list(), rows.size()}, out);
}

bool Texts(const TextColumn& column, Rows rows, std::string_view* out) {
  return rows.contiguous() ? column.Read(rows.first(), rows.size(), out)
                           : column.Gather({rows.list(), rows.size()}, out);
}

bool PresentBits(const PresentColumn& column, Rows rows, uint8_t* out) {
  return rows.contiguous() ? column.Read(rows.first(), rows.size(), out)
                           : column.Gather({rows.list(), rows.size()}, out);
}

}  // namespace

Status SegmentReader::EventTs(Rows rows, Micros* out) const {
  return Checked(Integers(event_ts_, rows, out));
}

Status SegmentReader::Seqs(Rows rows, Seq* out) const {
  return Checked(Integers(seq_, rows, reinterpret_cast<int64_t*>(out)));
}

Status SegmentReader::Ids(Rows rows, EdgeId* out) const {
  HG_RETURN_IF_ERROR(Seqs(rows, out));
  if (!has_ids_ || rows.size() == 0) return Status::Ok();
  if (!file_->Verified(id_rows_.bytes())) return Damaged();
  uint64_t place = 0;
  uint64_t past = id_rows_.count();
  while (place < past) {  // The first replaced row that is not before these.
    const uint64_t middle = place + (past - place) / 2;
    if (id_rows_[middle] < rows[0]) {
      place = middle + 1;
    } else {
      past = middle;
    }
  }
  for (uint32_t i = 0; i < rows.size() && place < id_rows_.count();) {
    const auto row = static_cast<uint32_t>(id_rows_[place]);
    if (row == rows[i] && !ids_.At(place, out + i)) return Damaged();
    if (row < rows[i]) {
      ++place;
    } else if (rows.contiguous() && row > rows[i]) {
      i += row - rows[i];
    } else {
      ++i;
    }
  }
  return Status::Ok();
}

Status SegmentReader::ValidTo(Rows rows, Micros* out) const {
  std::fill_n(out, rows.size(), kMicrosMax);
  if (!valid_to_) return Status::Ok();
  std::array<Micros, kDecodeChunk> ends;
  std::array<uint8_t, kDecodeChunk> present;
  for (uint32_t done = 0; done < rows.size(); done += kDecodeChunk) {
    const Rows chunk = rows.Slice(done, std::min(kDecodeChunk, rows.size() - done));
    if (!Integers(*valid_to_, chunk, ends.data()) ||
        !PresentBits(valid_to_->present(), chunk, present.data())) {
      return Damaged();
    }
    for (uint32_t i = 0; i < chunk.size(); ++i) {
      if (present[i] != 0) out[done + i] = ends[i];
    }
  }
  return Status::Ok();
}

Status SegmentReader::Weights(Rows rows, double* out) const {
  if (weight_) return Checked(Floats(*weight_, rows, out));
  std::fill_n(out, rows.size(), 1.0);
  return Status::Ok();
}

Status SegmentReader::Labels(Rows rows, Symbol* out) const {
  const bool all_present = label_ && label_->present().all();
  if (!all_present) std::fill_n(out, rows.size(), kSymbolNone);
  if (!label_) return Status::Ok();
  std::array<int64_t, kDecodeChunk> labels;
  std::array<uint8_t, kDecodeChunk> present;
  for (uint32_t done = 0; done < rows.size(); done += kDecodeChunk) {
    const Rows chunk = rows.Slice(done, std::min(kDecodeChunk, rows.size() - done));
    if (!Integers(*label_, chunk, labels.data())) return Damaged();
    if (all_present) {
      for (uint32_t i = 0; i < chunk.size(); ++i) out[done + i] = static_cast<Symbol>(labels[i]);
      continue;
    }
    if (!PresentBits(label_->present(), chunk, present.data())) return Damaged();
    for (uint32_t i = 0; i < chunk.size(); ++i) {
      if (present[i] != 0) out[done + i] = static_cast<Symbol>(labels[i]);
    }
  }
  return Status::Ok();
}

Status SegmentReader::Arities(Rows rows, uint32_t* out) const {
  return Checked(members_.Arities(rows, out));
}

Status SegmentReader::Members(Rows rows, MemberColumns* out) const {
  const NodeDirectory& nodes = postings_.nodes();
  const size_t before = out->nodes.size();
  if (out->wants_keys == nullptr || out->keys.size() != before ||
      !local_keys_.Serves(nodes.count(), rows.size())) {
    return Checked(members_.Append(nodes, rows, out));
  }
  HG_RETURN_IF_ERROR(Checked(members_.AppendLocals(rows, out)));
  const std::span<uint32_t> locals = std::span<uint32_t>(out->nodes).subspan(before);
  // Few rows may have very many members.
  if (out->nodes.size() > kKeyedMembersMax) return Checked(nodes.ToGlobal(locals));
  out->keys.resize(out->nodes.size());
  bool all_small = false;
  const bool sound =
      local_keys_.Resolve(nodes, *out->wants_keys, locals, out->keys.data() + before, &all_small);
  if (!all_small) out->keys.resize(before);
  return Checked(sound);
}

Status SegmentReader::Keys(Rows rows, std::vector<std::string_view>* out) const {
  out->assign(rows.size(), std::string_view());
  return has_keys_ ? Checked(Texts(keys_, rows, out->data())) : Status::Ok();
}

Status SegmentReader::Property(PropertyIndex property, Rows rows, PropertyColumn* out) const {
  const auto found = properties_.find(property);
  if (found == properties_.end()) {  // Added to the table after this file was written.
    out->present.assign(rows.size(), 0);
    out->integers.assign(rows.size(), 0);
    out->floats.assign(rows.size(), 0);
    out->strings.assign(rows.size(), std::string_view());
    return Status::Ok();
  }
  const PropertyReader& reader = found->second;
  out->present.resize(rows.size());
  if (reader.type == PropertyType::kString) {
    out->strings.resize(rows.size());
    return Checked(PresentBits(reader.texts.present(), rows, out->present.data()) &&
                   Texts(reader.texts, rows, out->strings.data()));
  }
  if (!PresentBits(reader.numbers.present(), rows, out->present.data())) return Damaged();
  if (reader.type == PropertyType::kFloat64) {
    out->floats.resize(rows.size());
    return Checked(Floats(reader.numbers, rows, out->floats.data()));
  }
  out->integers.resize(rows.size());
  return Checked(Integers(reader.numbers, rows, out->integers.data()));
}

Status SegmentReader::SumWeights(Rows rows, double* sum) const {
  if (!weight_) {
    *sum = rows.size();
    return Status::Ok();
  }
  if (rows.contiguous()) return Checked(weight_->SumFloats(rows.first(), rows.size(), sum));
  std::vector<double> weights(rows.size());
  HG_RETURN_IF_ERROR(Weights(rows, weights.data()));
  *sum = 0;
  for (const double weight : weights) *sum += weight;
  return Status::Ok();
}

Status SegmentReader::CountMembers(Rows rows, std::span<uint32_t> counts) const {
  return Checked(members_.Count(postings_.nodes(), rows, counts));
}

}  // namespace hypergraph
