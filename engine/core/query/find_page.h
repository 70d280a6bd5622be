// The rows of one page of a find: what an ordered scan gives, up to the limits of rows and bytes.
//
// Threads: one query's. Ownership: borrows the selector's sources; the row numbers are its own.
#ifndef HYPERGRAPH_QUERY_FIND_PAGE_H_
#define HYPERGRAPH_QUERY_FIND_PAGE_H_

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/short_list.h"
#include "core/query/row_lists.h"
#include "core/query/select.h"

namespace hypergraph {

class FindPage {
 public:
  struct Piece {
    const RowSource* source = nullptr;
    bool ranged = true;
    uint32_t first = 0;  // The first row, or the place in the page's list of rows.
    uint32_t count = 0;
  };

  // What may go on: where the last row of the page lies, or where an early end was settled. Empty
  // when the page ends the result.
  struct End {
    bool more = false;
    std::optional<Position> position;
  };

  FindPage(Selector* selector, bool newest_first, std::span<const ColumnRef> columns);
  ~FindPage() { KeepRowList(std::move(list_)); }
  FindPage(const FindPage&) = delete;
  FindPage& operator=(const FindPage&) = delete;

  // Fills the page. `after`: where it begins.
  Status Fill(const std::optional<Position>& after, End* end);

  uint32_t row_count() const { return row_count_; }
  uint64_t member_count() const { return member_count_; }  // About, of members or roles asked for.
  uint64_t bytes() const {                                 // About what the rows take.
    return std::max(bytes_, row_count_ * fixed_bytes_ + member_count_ * member_bytes_);
  }

  // Pieces hold the rows in some order; each ascends by itself. Row i of the result is the
  // order()[i]-th of the pieces' rows laid end to end, or the i-th itself when order() is empty.
  std::span<const Piece> pieces() const { return {pieces_.data(), pieces_.size()}; }
  const std::vector<uint32_t>& order() const { return order_; }
  Rows RowsOf(const Piece& piece) const {
    return piece.ranged ? Rows::Range(piece.first, piece.count)
                        : Rows::List({list_.data() + piece.first, piece.count});
  }

 private:
  Status Measure(const RowSource& source, Rows rows, uint64_t* bytes_each);
  bool MayExceedBytes() const;
  Status CutToBytes(const RowSource& source, Rows* rows, bool* cut);
  Status MeasureText(const RowSource& source, ColumnRef column, Rows rows);
  // Requires: a row was taken.
  Status LastPosition(std::optional<Position>* position) const;
  void Take(const RowSource& source, Rows rows);
  void Arrange();
  void ArrangeReversed();
  void ArrangeBySource();

  Selector* selector_;
  bool newest_first_;
  bool wants_members_ = false;
  uint64_t member_bytes_ = 0;  // Of one member, in all columns.
  uint64_t fixed_bytes_ = 0;   // Of one row, without members and texts.
  std::vector<ColumnRef> text_columns_;
  uint32_t row_count_ = 0;
  uint64_t member_count_ = 0;
  uint64_t bytes_ = 0;
  ShortList<Piece, 4> pieces_;
  std::vector<uint32_t> list_ = TakeRowList();
  std::vector<uint32_t> order_;
  const RowSource* last_source_ = nullptr;
  uint32_t last_row_ = 0;
  std::vector<uint64_t> row_bytes_;  // Of the batch being measured.
  std::vector<uint32_t> arities_;
};

// How many bytes one value of the column takes in a result, texts and lists without their values.
uint64_t FixedBytes(const TableSchema& schema, ColumnRef column);
bool IsTextColumn(const TableSchema& schema, ColumnRef column);

}  // namespace hypergraph

#endif  // HYPERGRAPH_QUERY_FIND_PAGE_H_
