#include "core/storage/wal_writer.h"

#include "core/platform/memory_file_system.h"
#include "core/storage/wal_reader.h"
#include "test/test.h"

namespace hypergraph {
namespace {

uint64_t SizeOf(FileSystem& files, const std::string& path) {
  auto file = files.OpenForRead(path);
  CHECK_OK(file);
  auto size = file.value()->Size();
  CHECK_OK(size);
  return size.value();
}

TEST(A_log_takes_space_ahead_in_steps_that_double) {
  MemoryFileSystem files;
  CHECK_OK(files.MakeDirectory("db"));
  WalHeader header;
  header.log_number = 1;
  header.first_seq = 1;
  constexpr uint64_t kFull = 4 << 20;
  auto writer = WalWriter::Create(files, "db", "log", header, kFull);
  CHECK_OK(writer);
  std::vector<uint64_t> sizes;
  const std::string payload(100'000, 'x');
  for (Seq seq = 1; seq <= 200; ++seq) {
    CHECK_OK((*writer)->Reserve(payload.size(), 1));
    (*writer)->Append(seq, 1, AsBytes(payload));
    CHECK_OK((*writer)->Write());
    const uint64_t bytes = SizeOf(files, "db/log");
    if (sizes.empty() || sizes.back() != bytes) sizes.push_back(bytes);
  }
  const std::vector<uint64_t> expected = {128u << 10, 256u << 10, 512u << 10, 1u << 20,  2u << 20,
                                          4u << 20,   8u << 20,   12u << 20,  16u << 20, 20u << 20};
  CHECK(sizes == expected);
}

TEST(A_frame_written_from_where_its_payload_lies_reads_as_any_other) {
  MemoryFileSystem files;
  CHECK_OK(files.MakeDirectory("db"));
  WalHeader header;
  header.log_number = 1;
  auto writer = WalWriter::Create(files, "db", "log", header, 4096);
  CHECK_OK(writer);
  const std::string large(100'000, 'x');
  CHECK_OK((*writer)->Reserve(large.size() + 10, 3));
  (*writer)->Append(1, 1, AsBytes("one"));
  CHECK_OK((*writer)->WriteThrough(5, 1, AsBytes(large)));
  CHECK_OK((*writer)->Sync());
  CHECK_EQ((*writer)->durable_seq(), 5u);
  (*writer)->Append(6, 1, AsBytes("six"));
  CHECK_OK((*writer)->Write());
  auto reader = WalReader::Open(files, "db/log", header, 1 << 20);
  CHECK_OK(reader);
  const std::vector<std::pair<Seq, std::string>> expected = {{1, "one"}, {5, large}, {6, "six"}};
  for (const auto& [seq, payload] : expected) {
    WalFrame frame;
    bool found = false;
    CHECK_OK(reader.value()->Next(&frame, &found));
    CHECK(found);
    CHECK_EQ(frame.last_seq, seq);
    CHECK(AsText(frame.payload) == payload);
  }
}

}  // namespace
}  // namespace hypergraph
