#include "core/query/cursor.h"

#include "core/base/bytes.h"
#include "core/base/siphash.h"

namespace hypergraph {
namespace {

constexpr uint32_t kCursorMagic = 0x31434748;  // "HGC1"

// As it lies in the cursor's bytes, in front of its signature.
struct Content {
  uint32_t magic;
  uint8_t kind;
  uint8_t newest_first;
  uint8_t has_position;
  uint8_t zero;
  uint64_t question_hash;
  Seq at;
  Micros event_ts;
  Seq seq;
};
static_assert(sizeof(Content) == 40 && std::has_unique_object_representations_v<Content>);

Status Foreign() { return {Code::kInvalid, "the cursor is not one that this database gave out"}; }

}  // namespace

uint64_t QuestionHash(ByteView question) {
  return LoadUnaligned<uint64_t>(SipHash128(SipKey{}, question).data());
}

std::string EncodeCursor(const Snapshot& snapshot, const Cursor& cursor) {
  const Position position = cursor.position.value_or(Position{});
  const Content content{kCursorMagic,
                        static_cast<uint8_t>(cursor.kind),
                        static_cast<uint8_t>(cursor.newest_first),
                        static_cast<uint8_t>(cursor.position.has_value()),
                        0,
                        QuestionHash(cursor.question),
                        cursor.at,
                        position.event_ts,
                        position.seq};
  const ByteView bytes(reinterpret_cast<const uint8_t*>(&content), sizeof content);
  const SipTag tag = SipHash128(snapshot.cursor_key, bytes);
  std::string text(AsText(bytes));
  text.append(AsText(tag));
  return text;
}

Status DecodeCursor(const Snapshot& snapshot, std::string_view bytes, Cursor* cursor) {
  if (bytes.size() != sizeof(Content) + sizeof(SipTag)) return Foreign();
  const uint8_t* start = AsBytes(bytes).data();
  const auto tag = LoadUnaligned<SipTag>(start + sizeof(Content));
  if (!SameTag(tag, SipHash128(snapshot.cursor_key, {start, sizeof(Content)}))) return Foreign();
  const auto content = LoadUnaligned<Content>(start);
  if (content.magic != kCursorMagic) return Foreign();
  if (content.kind != static_cast<uint8_t>(cursor->kind) ||
      content.question_hash != QuestionHash(cursor->question)) {
    return {Code::kInvalid, "the cursor is of another query"};
  }
  if ((content.newest_first != 0) != cursor->newest_first) {
    return {Code::kInvalid, "the cursor goes on in the other direction"};
  }
  cursor->at = content.at;
  cursor->position.reset();
  if (content.has_position != 0) cursor->position = Position{content.event_ts, content.seq};
  return Status::Ok();
}

Seq PageSeq(const Snapshot& snapshot, const Cursor& cursor, bool* lost) {
  *lost = cursor.at > snapshot.seq || cursor.at < snapshot.history_floor;
  return *lost ? snapshot.seq : cursor.at;
}

}  // namespace hypergraph
