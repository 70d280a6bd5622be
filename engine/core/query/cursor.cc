#include "core/query/cursor.h"

#include "core/base/bytes.h"
#include "core/base/siphash.h"

namespace hypergraph {
namespace {

constexpr uint32_t kCursorMagic = 0x31434748;  // "HGC1"
constexpr size_t kSignedBytes = 40;

Status Foreign() { return {Code::kInvalid, "the cursor is not one that this database gave out"}; }

}  // namespace

std::string EncodeCursor(const Snapshot& snapshot, const Cursor& cursor) {
  ByteWriter out;
  out.Put(kCursorMagic);
  out.Put(cursor.kind);
  out.Put(static_cast<uint8_t>(cursor.newest_first));
  out.Put(static_cast<uint8_t>(cursor.position.has_value()));
  out.Put(uint8_t{0});
  out.Put(cursor.question_hash);
  out.Put(cursor.at);
  const Position position = cursor.position.value_or(Position{});
  out.Put(position.event_ts);
  out.Put(position.seq);
  const SipTag tag = SipHash128(snapshot.cursor_key, out.view());
  out.PutBytes(tag);
  return std::string(AsText(out.view()));
}

Status DecodeCursor(const Snapshot& snapshot, std::string_view bytes, Cursor* cursor) {
  const PlanKind kind = cursor->kind;
  const bool newest_first = cursor->newest_first;
  const uint64_t question_hash = cursor->question_hash;
  if (bytes.size() != kSignedBytes + sizeof(SipTag)) return Foreign();
  const ByteView content = AsBytes(bytes).first(kSignedBytes);
  const auto tag = LoadUnaligned<SipTag>(AsBytes(bytes).data() + kSignedBytes);
  if (!SameTag(tag, SipHash128(snapshot.cursor_key, content))) return Foreign();
  ByteReader in(content);
  if (in.Get<uint32_t>() != kCursorMagic) return Foreign();
  cursor->kind = in.Get<PlanKind>();
  cursor->newest_first = in.Get<uint8_t>() != 0;
  const bool has_position = in.Get<uint8_t>() != 0;
  in.Get<uint8_t>();
  cursor->question_hash = in.Get<uint64_t>();
  cursor->at = in.Get<uint64_t>();
  Position position;
  position.event_ts = in.Get<int64_t>();
  position.seq = in.Get<uint64_t>();
  cursor->position.reset();
  if (has_position) cursor->position = position;
  if (cursor->kind != kind || cursor->question_hash != question_hash) {
    return {Code::kInvalid, "the cursor is of another query"};
  }
  if (cursor->newest_first != newest_first) {
    return {Code::kInvalid, "the cursor goes on in the other direction"};
  }
  return Status::Ok();
}

Seq PageSeq(const Snapshot& snapshot, const Cursor& cursor, bool* lost) {
  *lost = cursor.at > snapshot.seq || cursor.at < snapshot.history_floor;
  return *lost ? snapshot.seq : cursor.at;
}

}  // namespace hypergraph
