#include "core/query/find_page.h"

#include <algorithm>
#include <map>

namespace hypergraph {
namespace {

// Below this many rows a piece on average, decoding by source and reordering costs less than the
// calls.
constexpr uint32_t kPieceRowsMin = 32;
constexpr size_t kPiecesMin = 16;

}  // namespace

bool IsTextColumn(const TableSchema& schema, ColumnRef column) {
  return column.kind == ColumnKind::kKey ||
         (column.kind == ColumnKind::kProperty &&
          schema.properties[column.property].type == PropertyType::kString);
}

uint64_t FixedBytes(const TableSchema& schema, ColumnRef column) {
  switch (column.kind) {
    case ColumnKind::kId:
    case ColumnKind::kEventTs:
    case ColumnKind::kValidTo:
    case ColumnKind::kWeight:
    case ColumnKind::kSeq:
      return 8;
    case ColumnKind::kLabel:
    case ColumnKind::kArity:
    case ColumnKind::kMembers:
    case ColumnKind::kKey:
      return 4;
    case ColumnKind::kRoles:
      return 0;
    case ColumnKind::kProperty:
      break;
  }
  switch (schema.properties[column.property].type) {
    case PropertyType::kBool:
      return 1;
    case PropertyType::kString:
      return 4;
    default:
      return 8;
  }
}

FindPage::FindPage(Selector* selector, bool newest_first, std::span<const ColumnRef> columns)
    : selector_(selector), newest_first_(newest_first) {
  for (const ColumnRef column : columns) {
    fixed_bytes_ += FixedBytes(selector->schema(), column);
    if (IsTextColumn(selector->schema(), column)) text_columns_.push_back(column);
    if (column.kind == ColumnKind::kMembers || column.kind == ColumnKind::kRoles) {
      wants_members_ = true;
      // Members come as numbers, and as keys where these are small integers.
      member_bytes_ += column.kind == ColumnKind::kMembers ? 8 : 4;
    }
  }
}

// Most pages cannot come near their bytes, so that no row of theirs has to be measured.
bool FindPage::MayExceedBytes() const {
  if (!text_columns_.empty()) return true;
  uint64_t rows = 0;
  uint64_t members = 0;
  for (uint32_t i = 0; i < selector_->source_count(); ++i) {
    rows += selector_->source(i).bounds().row_count;
    members += selector_->source(i).bounds().member_count;
  }
  const Guard& guard = selector_->guard();
  const uint64_t most = std::min<uint64_t>(rows, guard.rows_max()) * fixed_bytes_;
  return most + members * member_bytes_ > guard.bytes_max();
}

Status FindPage::Fill(const std::optional<Position>& after, End* end) {
  Guard& guard = selector_->guard();
  OrderedScan scan(selector_, newest_first_, after, guard.rows_max());
  const bool measures = MayExceedBytes();
  bool full = false;
  RowBatch batch;
  while (!full) {
    HG_RETURN_IF_ERROR(scan.Next(&batch));
    Rows rows = batch.rows;
    if (rows.size() == 0) break;
    const RowSource& source = selector_->source(batch.source);
    const uint32_t room = guard.rows_max() - row_count_;
    if (rows.size() > room) {
      rows = rows.Slice(newest_first_ ? rows.size() - room : 0, room);
      guard.Stop(Truncated::kRowsMax);
      full = true;
    }
    bool cut = false;
    if (measures) HG_RETURN_IF_ERROR(CutToBytes(source, &rows, &cut));
    if (cut) guard.Stop(Truncated::kBytesMax);
    Take(source, rows);
    guard.PlanToWrite(bytes());
    if (!full && !cut && row_count_ == guard.rows_max() && !guard.stopped()) {
      HG_RETURN_IF_ERROR(scan.MayHaveMore(&end->more));
      if (end->more) guard.Stop(Truncated::kRowsMax);
      full = true;
    }
    if (full || cut) {
      end->more = guard.stopped();
      HG_RETURN_IF_ERROR(LastPosition(&end->position));
      full = true;
    }
  }
  if (!full && guard.stopped() && !scan.ended()) {
    end->more = true;
    end->position = scan.settled() ? scan.settled() : after;
  }
  Arrange();
  return Status::Ok();
}

Status FindPage::LastPosition(std::optional<Position>* position) const {
  position->emplace();
  const Rows last = Rows::List({&last_row_, 1});
  HG_RETURN_IF_ERROR(last_source_->EventTs(last, &(*position)->event_ts));
  return last_source_->Seqs(last, &(*position)->seq);
}

Status FindPage::MeasureText(const RowSource& source, ColumnRef column, Rows rows) {
  if (column.kind == ColumnKind::kKey) {
    std::vector<std::string_view> keys;
    HG_RETURN_IF_ERROR(source.Keys(rows, &keys));
    for (uint32_t i = 0; i < rows.size(); ++i) row_bytes_[i] += keys[i].size();
    return Status::Ok();
  }
  PropertyColumn values;
  HG_RETURN_IF_ERROR(source.Property(column.property, rows, &values));
  for (uint32_t i = 0; i < rows.size(); ++i) {
    if (values.present[i] != 0) row_bytes_[i] += values.strings[i].size();
  }
  return Status::Ok();
}

// Shortens the batch to what the bytes left allow, but never the page to nothing: it has to get on.
Status FindPage::CutToBytes(const RowSource& source, Rows* rows, bool* cut) {
  row_bytes_.assign(rows->size(), fixed_bytes_);
  if (wants_members_) {
    arities_.resize(rows->size());
    HG_RETURN_IF_ERROR(source.Arities(*rows, arities_.data()));
    for (uint32_t i = 0; i < rows->size(); ++i) row_bytes_[i] += arities_[i] * member_bytes_;
  }
  for (const ColumnRef column : text_columns_) {
    HG_RETURN_IF_ERROR(MeasureText(source, column, *rows));
  }
  const uint64_t bytes_max = selector_->guard().bytes_max();
  uint32_t count = 0;
  for (; count < rows->size(); ++count) {
    const uint32_t i = newest_first_ ? rows->size() - 1 - count : count;
    if (bytes_ + row_bytes_[i] > bytes_max && (row_count_ > 0 || count > 0)) break;
    bytes_ += row_bytes_[i];
  }
  *cut = count < rows->size();
  if (*cut) *rows = rows->Slice(newest_first_ ? rows->size() - count : 0, count);
  return Status::Ok();
}

void FindPage::Take(const RowSource& source, Rows rows) {
  if (rows.size() == 0) return;
  row_count_ += rows.size();
  if (wants_members_) {
    const SourceBounds& bounds = source.bounds();
    member_count_ += bounds.member_count * rows.size() / bounds.row_count;
  }
  last_source_ = &source;
  last_row_ = newest_first_ ? rows[0] : rows[rows.size() - 1];
  if (rows.contiguous()) {
    if (!pieces_.empty() && pieces_.back().ranged && pieces_.back().source == &source) {
      Piece& last = pieces_.back();
      if (!newest_first_ && last.first + last.count == rows.first()) {
        last.count += rows.size();
        return;
      }
      if (newest_first_ && rows.first() + rows.size() == last.first) {
        last.first = rows.first();
        last.count += rows.size();
        return;
      }
    }
    pieces_.push_back({&source, true, rows.first(), rows.size()});
    return;
  }
  const auto place = static_cast<uint32_t>(list_.size());
  list_.insert(list_.end(), rows.list(), rows.list() + rows.size());
  if (!newest_first_ && !pieces_.empty() && !pieces_.back().ranged &&
      pieces_.back().source == &source) {
    pieces_.back().count += rows.size();
    return;
  }
  pieces_.push_back({&source, false, place, rows.size()});
}

void FindPage::Arrange() {
  if (row_count_ == 0) return;
  if (pieces_.size() >= kPiecesMin && row_count_ / pieces_.size() < kPieceRowsMin) {
    ArrangeBySource();
  } else if (newest_first_) {
    ArrangeReversed();
  }
}

void FindPage::ArrangeReversed() {
  order_.reserve(row_count_);
  uint32_t start = 0;
  for (const Piece& piece : pieces_) {
    for (uint32_t i = piece.count; i > 0; --i) order_.push_back(start + i - 1);
    start += piece.count;
  }
}

// One piece a source, its rows ascending.
void FindPage::ArrangeBySource() {
  std::map<const RowSource*, std::vector<uint32_t>> rows_of;
  std::vector<std::pair<const RowSource*, uint32_t>> places;  // By result row: source, how manieth.
  places.reserve(row_count_);
  for (const Piece& piece : pieces_) {
    const Rows rows = RowsOf(piece);
    std::vector<uint32_t>& into = rows_of[piece.source];
    for (uint32_t i = 0; i < rows.size(); ++i) {
      places.emplace_back(piece.source, static_cast<uint32_t>(into.size()));
      into.push_back(rows[newest_first_ ? rows.size() - 1 - i : i]);
    }
  }
  pieces_.clear();
  list_.clear();
  std::map<const RowSource*, uint32_t> starts;
  for (auto& [source, rows] : rows_of) {
    if (newest_first_) std::reverse(rows.begin(), rows.end());
    const auto start = static_cast<uint32_t>(list_.size());
    starts[source] = start;
    pieces_.push_back({source, false, start, static_cast<uint32_t>(rows.size())});
    list_.insert(list_.end(), rows.begin(), rows.end());
  }
  order_.reserve(row_count_);
  for (const auto& [source, place] : places) {
    const auto count = static_cast<uint32_t>(rows_of[source].size());
    order_.push_back(starts[source] + (newest_first_ ? count - 1 - place : place));
  }
}

}  // namespace hypergraph
