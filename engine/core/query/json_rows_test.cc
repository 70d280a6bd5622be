#include "core/query/json_rows.h"

#include <limits>
#include <memory>
#include <string>

#include "core/base/bytes.h"
#include "core/base/random.h"
#include "core/query/result.h"
#include "test/test.h"

namespace hypergraph {
namespace {

struct ShapeField {
  uint16_t column;
  JsonMeaning meaning;
  std::string_view head;
};

std::vector<uint8_t> Shape(std::span<const ShapeField> fields, std::string_view end) {
  ByteWriter out;
  out.Put(static_cast<uint16_t>(fields.size()));
  for (const ShapeField& field : fields) {
    out.Put(field.column);
    out.Put(field.meaning);
    out.PutText(field.head);
  }
  out.PutText(end);
  return out.bytes();
}

struct Names {
  Dictionary nodes;
  Dictionary symbols{1};

  Names() {
    uint32_t number = 0;
    bool fresh = false;
    for (const NodeKey& key :
         {NodeKey{false, 7, {}}, NodeKey{true, 0, "ann \"\n"}, NodeKey{false, UINT64_MAX, {}}}) {
      CHECK(nodes.Intern(key, &number, &fresh).ok());
    }
    for (const std::string_view text : {"host", "gäst"}) {
      CHECK(symbols.Intern({true, 0, text}, &number, &fresh).ok());
    }
  }
};

// Two rows with a column of each type and meaning.
std::vector<uint8_t> Result() {
  std::vector<uint8_t> bytes;
  ResultWriter writer(PlanKind::kFind, 11, &bytes);
  Dictionary small_keys;  // UINT32_MAX - 2, 1, 2, …, 71.
  for (uint32_t key = 0, number = 0; key <= 71; ++key) {
    bool fresh = false;
    const uint64_t integer = key == 0 ? UINT32_MAX - 2 : key;
    CHECK(small_keys.Intern({false, integer, {}}, &number, &fresh).ok());
  }
  const auto add_list = [&](ColumnKind kind, std::vector<uint32_t> values) {
    writer.BeginColumn(ValueType::kList, static_cast<uint8_t>(kind));
    writer.AppendValues(std::span<const uint32_t>(values));
    if (kind == ColumnKind::kRoles) {
      writer.ShareOffsets(2);
      return;
    }
    if (values[0] == 70) writer.AddNodeKeys(small_keys);
    writer.SetOffsets(std::vector<uint32_t>{0, 2, 3});
  };
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  writer.AddF64(1, 0, std::vector<double>{10, 0.5});
  writer.AddI64(2, 0, std::vector<int64_t>{-1500, kMicrosMax});
  add_list(ColumnKind::kMembers, {0, 1, 2});
  add_list(ColumnKind::kRoles, {0, 2, 0});
  writer.AddU32(5, 0, std::vector<uint32_t>{1, 0});
  writer.AddText(9, 0, std::vector<std::string_view>{"k\\", ""}, std::vector<uint8_t>{1, 0});
  writer.AddU8(10, 0, std::vector<uint8_t>{1, 0});
  writer.AddI64(10, 1, std::vector<int64_t>{int64_t{1} << 60, -3});
  writer.AddF64(35, 0, std::vector<double>{kNan, 4});
  writer.AddU32(36, 0, std::vector<uint32_t>{UINT32_MAX, 1});
  add_list(ColumnKind::kMembers, {70, 71, 0});
  Guard guard(Budget{}, nullptr);
  CHECK(writer.Finish({.row_count = 2, .seq = 9, .cursor = {}}, guard).ok());
  return bytes;
}

std::vector<uint8_t> FullShape() {
  const ShapeField fields[] = {
      {0, JsonMeaning::kPlain, "{\"id\":"},     {1, JsonMeaning::kInstant, ",\"at\":"},
      {2, JsonMeaning::kNode, ",\"members\":"}, {3, JsonMeaning::kSymbol, ",\"roles\":"},
      {4, JsonMeaning::kSymbol, ",\"label\":"}, {5, JsonMeaning::kPlain, ",\"key\":"},
      {8, JsonMeaning::kOptional, ",\"via\":"}, {9, JsonMeaning::kNode, ",\"parent\":"},
      {9, JsonMeaning::kOptional, ",\"row\":"}, {4, JsonMeaning::kPlain, ",\"number\":"},
      {10, JsonMeaning::kNode, ",\"keys\":"},   {6, JsonMeaning::kPlain, ",\"props\":{\"yes\":"},
      {7, JsonMeaning::kPlain, ",\"count\":"},
  };
  return Shape(fields, "}}");
}

Status Write(const JsonRows& rows, const Names& names, size_t room_bytes, std::string* text) {
  const auto room = std::make_unique<uint8_t[]>(room_bytes);
  std::vector<uint8_t> more;
  ByteSink sink({room.get(), room_bytes}, &more);
  HG_RETURN_IF_ERROR(WriteJsonRows(rows, names.nodes, names.symbols, &sink));
  if (!sink.in_room()) sink.Finish();
  *text = AsText(sink.in_room() ? ByteView(room.get(), sink.size()) : ByteView(more));
  return Status::Ok();
}

TEST(Rows_are_written_as_JSON_wherever_the_room_ends) {
  const Names names;
  const std::vector<uint8_t> result = Result();
  const std::vector<uint8_t> shape = FullShape();
  const std::string first =
      "{\"id\":10,\"at\":\"1969-12-31T23:59:59.998500Z\",\"members\":[7,\"ann \\\"\\n\"],"
      "\"roles\":[null,\"gäst\"],\"label\":\"host\",\"key\":\"k\\\\\",\"via\":null,"
      "\"parent\":null,\"row\":null,\"number\":1,\"keys\":[70,71],"
      "\"props\":{\"yes\":true,\"count\":{\"int\":\"1152921504606846976\"}}}";
  const std::string second =
      "{\"id\":0.5,\"at\":null,\"members\":[{\"int\":\"18446744073709551615\"}],\"roles\":null,"
      "\"label\":null,\"key\":null,\"via\":4,\"parent\":\"ann \\\"\\n\",\"row\":1,\"number\":0,"
      "\"keys\":[4294967293],\"props\":{\"yes\":false,\"count\":-3}}";
  std::string text;
  for (size_t room = 0; room < first.size() + second.size() + 200; ++room) {
    CHECK(Write({result, shape, 9, '\n'}, names, room, &text).ok());
    CHECK_EQ(text, first + "\n" + second);
  }
  CHECK(Write({result, shape, 1, ','}, names, 0, &text).ok());
  CHECK_EQ(text, first);
  CHECK(Write({result, Shape({}, "{}"), 2, ','}, names, 9, &text).ok());
  CHECK_EQ(text, "{},{}");
}

TEST(Bytes_that_are_no_result_or_shape_are_refused) {
  const Names names;
  const std::vector<uint8_t> result = Result();
  const std::vector<uint8_t> shape = FullShape();
  std::string text;
  CHECK_EQ(Write({{}, shape, 2, ','}, names, 0, &text).code(), Code::kInvalid);
  CHECK_EQ(Write({result, {}, 2, ','}, names, 0, &text).code(), Code::kInvalid);
  const ShapeField absent[] = {{11, JsonMeaning::kPlain, "{"}};
  CHECK_EQ(Write({result, Shape(absent, "}"), 2, ','}, names, 0, &text).code(), Code::kInvalid);
  const ShapeField plain_list[] = {{2, JsonMeaning::kPlain, "{"}};
  CHECK_EQ(Write({result, Shape(plain_list, "}"), 2, ','}, names, 0, &text).code(), Code::kInvalid);
}

// A sanitizer sees what is read that is not there.
TEST(Changed_bytes_are_read_within_their_bounds) {
  const Names names;
  Random random(test::Seed());
  std::string text;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<uint8_t> result = Result();
    std::vector<uint8_t> shape = FullShape();
    for (uint64_t left = random.Below(4) + 1; left > 0; --left) {
      // Mostly in what describes the columns.
      const uint64_t end = random.Below(3) == 0 ? result.size() : 64 + 11 * 32;
      result[random.Below(end)] = static_cast<uint8_t>(random.Next());
    }
    if (round % 4 == 0) shape[random.Below(shape.size())] = static_cast<uint8_t>(random.Next());
    if (round % 8 == 0) result.resize(random.Below(result.size()));
    result.shrink_to_fit();
    static_cast<void>(Write({result, shape, 3, ','}, names, random.Below(500), &text));
  }
}

}  // namespace
}  // namespace hypergraph
