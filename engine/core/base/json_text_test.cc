#include "core/base/json_text.h"

#include <memory>
#include <string>

#include "core/base/bytes.h"
#include "test/test.h"

namespace hypergraph {
namespace {

std::string QuotedText(std::string_view text, size_t room_bytes) {
  const auto room = std::make_unique<uint8_t[]>(room_bytes);
  std::vector<uint8_t> more(3, 'x');
  ByteSink sink({room.get(), room_bytes}, &more);
  PutJsonText(text, &sink);
  if (!sink.in_room()) {
    sink.Finish();
    return std::string(AsText(more));
  }
  return std::string(AsText({room.get(), sink.size()}));
}

TEST(Texts_are_escaped_wherever_the_room_ends) {
  std::string text;
  std::string wanted = "\"";
  for (int c = 0; c < 128; ++c) {
    text += static_cast<char>(c);
    const std::string_view known = c == '"'    ? "\\\""
                                   : c == '\\' ? "\\\\"
                                   : c == '\b' ? "\\b"
                                   : c == '\t' ? "\\t"
                                   : c == '\n' ? "\\n"
                                   : c == '\f' ? "\\f"
                                   : c == '\r' ? "\\r"
                                               : "";
    if (!known.empty()) {
      wanted += known;
    } else if (c < 32) {
      constexpr std::string_view kHex = "0123456789abcdef";
      wanted += "\\u00";
      wanted += kHex[static_cast<size_t>(c) / 16];
      wanted += kHex[static_cast<size_t>(c) % 16];
    } else {
      wanted += static_cast<char>(c);
    }
  }
  const std::string plain = "äöü, \xe2\x80\xa8 and all that is no escape at all \xf0\x9f\x98\x80";
  text += plain;
  wanted += plain + '"';
  for (size_t room = 0; room < wanted.size() + 10; ++room) CHECK_EQ(QuotedText(text, room), wanted);
  CHECK_EQ(QuotedText(std::string(5000, '\1'), 100).size(), size_t{30002});
  CHECK_EQ(QuotedText("", 2), "\"\"");
}

}  // namespace
}  // namespace hypergraph
