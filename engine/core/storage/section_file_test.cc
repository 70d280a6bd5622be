#include "core/storage/section_file.h"

#include <cstring>
#include <thread>

#include "core/base/crc32c.h"
#include "core/base/random.h"
#include "core/platform/memory_file_system.h"
#include "test/test.h"

namespace hypergraph {
namespace {

class ByteMapping : public Mapping {
 public:
  explicit ByteMapping(ByteView bytes) { content_.Write(0, bytes); }
  ByteView bytes() const override { return content_.bytes(); }

 private:
  MemoryContent content_;
};

struct Sample {
  std::vector<uint8_t> bytes;
  SectionFile::Expected expected{FileKind::kClock, 42, {}};
  std::vector<std::pair<uint32_t, std::vector<uint8_t>>> sections;
};

Sample MakeSample(const std::vector<std::pair<uint32_t, size_t>>& shape) {
  MemoryFileSystem files;
  Random random(test::Seed());
  Sample sample;
  StatusOr<std::unique_ptr<SectionFileWriter>> writer =
      SectionFileWriter::Create(files, "f", FileKind::kClock, 42);
  CHECK_OK(writer);
  for (const auto& [id, count] : shape) {
    std::vector<uint8_t> bytes(count);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Next());
    writer.value()->Begin(id);
    for (ByteView left = bytes; !left.empty();) {
      const size_t piece = std::min<size_t>(left.size(), 1 + random.Below(100000));
      writer.value()->Append(left.first(piece));
      left = left.subspan(piece);
    }
    CHECK_EQ(writer.value()->section_bytes(), count);
    sample.sections.emplace_back(id, std::move(bytes));
  }
  CHECK_OK(writer.value()->Finish(&sample.expected.info));
  const ByteView stored = files.Map("f").value()->bytes();
  CHECK_EQ(stored.size(), sample.expected.info.file_bytes);
  sample.bytes.assign(stored.begin(), stored.end());
  return sample;
}

StatusOr<std::unique_ptr<SectionFile>> OpenBytes(ByteView bytes,
                                                 const SectionFile::Expected& expected) {
  return SectionFile::Open(std::make_shared<ByteMapping>(bytes), "f", expected);
}

TEST(A_section_file_reads_back_its_sections) {
  const Sample sample = MakeSample({{7, 200000}, {2, 0}, {9, 65536}, {1, 1}, {3, 63}});
  StatusOr<std::unique_ptr<SectionFile>> file = OpenBytes(sample.bytes, sample.expected);
  CHECK_OK(file);
  for (const auto& [id, expected] : sample.sections) {
    ByteView bytes;
    CHECK_OK(file.value()->Section(id, &bytes));
    CHECK_EQ(reinterpret_cast<uintptr_t>(bytes.data()) % 64, 0u);
    CHECK(file.value()->Verified(bytes.data(), bytes.size()));
    CHECK_EQ(bytes, std::span<const uint8_t>(expected));
  }
  CHECK_OK(file.value()->VerifyAll());
  CHECK_OK(file.value()->Fault());
  ByteView none;
  CHECK_CODE(file.value()->Section(4, &none), Code::kCorrupt);
  CHECK(!file.value()->Has(4));
  std::span<const uint64_t> array;
  CHECK_OK(file.value()->SectionArray(9, &array));
  CHECK_EQ(array.size(), 8192);
  CHECK_CODE(file.value()->SectionArray(3, &array), Code::kCorrupt);
}

TEST(A_section_file_without_sections_is_whole) {
  const Sample sample = MakeSample({});
  CHECK_OK(OpenBytes(sample.bytes, sample.expected));
}

TEST(Any_byte_changed_is_refused_or_found_on_first_touch) {
  const Sample sample = MakeSample({{1, 100}, {2, 70000}, {3, 0}, {4, 3}});
  Random random(test::Seed());
  for (size_t at = 0; at < sample.bytes.size(); ++at) {
    // Every byte around the edges, some of the middle.
    if (at > 300 && at < 70000 && random.Below(400) != 0) continue;
    std::vector<uint8_t> bytes = sample.bytes;
    bytes[at] ^= static_cast<uint8_t>(1 + random.Below(255));
    StatusOr<std::unique_ptr<SectionFile>> file = OpenBytes(bytes, sample.expected);
    if (!file.ok()) {
      CHECK_CODE(file, Code::kCorrupt);
      continue;
    }
    CHECK_CODE(file.value()->VerifyAll(), Code::kCorrupt);
    for (const auto& [id, expected] : sample.sections) {
      ByteView section;
      CHECK_OK(file.value()->Section(id, &section));
      if (file.value()->Verified(section.data(), section.size())) {
        CHECK_EQ(section, std::span<const uint8_t>(expected));
      } else {
        const size_t block = at / kSectionBlockBytes;
        const std::string message = file.value()->Fault().message();
        CHECK(message.find("block " + std::to_string(block)) != std::string::npos);
      }
    }
  }
}

TEST(A_file_cut_short_or_lengthened_or_taken_for_another_is_refused) {
  const Sample sample = MakeSample({{1, 1000}});
  for (size_t count = 0; count < sample.bytes.size(); count += 7) {
    SectionFile::Expected expected = sample.expected;
    CHECK_CODE(OpenBytes(ByteView(sample.bytes).first(count), expected), Code::kCorrupt);
    expected.info.file_bytes = count;
    CHECK_CODE(OpenBytes(ByteView(sample.bytes).first(count), expected), Code::kCorrupt);
  }
  SectionFile::Expected other = sample.expected;
  other.file_id = 43;
  CHECK_CODE(OpenBytes(sample.bytes, other), Code::kCorrupt);
  other = sample.expected;
  other.kind = FileKind::kSegment;
  CHECK_CODE(OpenBytes(sample.bytes, other), Code::kCorrupt);
  other = sample.expected;
  other.info.footer_crc ^= 1;
  CHECK_CODE(OpenBytes(sample.bytes, other), Code::kCorrupt);
}

TEST(A_later_version_is_told) {
  Sample sample = MakeSample({{1, 10}});
  sample.bytes[8] = 2;
  const uint32_t crc = Crc32c(ByteView(sample.bytes).first(60));
  std::memcpy(sample.bytes.data() + 60, &crc, sizeof crc);
  CHECK_CODE(OpenBytes(sample.bytes, sample.expected), Code::kNewerFormat);
}

// What passes the footer's checksum may still lie: sections must stay inside the file.
TEST(A_forged_footer_with_a_right_checksum_leads_nowhere) {
  const Sample sample = MakeSample({{1, 100}, {2, 3000}, {5, 64}});
  Random random(test::Seed());
  const size_t footer = 64 + 128 + 3008 + 64;
  const uint64_t edges[] = {0, 1, 63, 64, 65, 128, 1ull << 32, UINT64_MAX, UINT64_MAX - 63, 3264};
  int opened = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<uint8_t> bytes = sample.bytes;
    const size_t at = footer + random.Below((bytes.size() - footer) / 4 - 2) * 4;
    const uint64_t value = edges[random.Below(std::size(edges))];
    std::memcpy(bytes.data() + at, &value, random.Chance(0.5) ? 8 : 4);
    SectionFile::Expected expected = sample.expected;
    expected.info.footer_crc =
        Crc32c(ByteView(bytes).subspan(footer, bytes.size() - footer - sizeof(uint32_t)));
    std::memcpy(bytes.data() + bytes.size() - 4, &expected.info.footer_crc, 4);
    StatusOr<std::unique_ptr<SectionFile>> file = OpenBytes(bytes, expected);
    if (!file.ok()) continue;
    ++opened;
    for (const SectionEntry& entry : file.value()->sections()) {
      ByteView section;
      CHECK_OK(file.value()->Section(entry.id, &section));
      CHECK_LE(entry.offset + entry.bytes, footer);
      (void)file.value()->Verified(section.data(), section.size());
    }
    (void)file.value()->VerifyAll();
  }
  CHECK_LT(0, opened);
}

TEST(A_failed_write_is_reported_by_finish) {
  for (uint64_t number = 0; number < 6; ++number) {
    MemoryFileSystem files;
    files.FailOperation(number, FaultKind::kStorageFull);
    StatusOr<std::unique_ptr<SectionFileWriter>> writer =
        SectionFileWriter::Create(files, "f", FileKind::kClock, 1);
    if (number == 0) {
      CHECK_CODE(writer, Code::kStorageFull);
      continue;
    }
    SectionFileInfo info;
    writer.value()->Add(1, std::vector<uint8_t>(3 * kSectionBlockBytes - 64));
    CHECK_CODE(writer.value()->Finish(&info), Code::kStorageFull);
  }
}

TEST(Blocks_may_be_verified_from_many_threads_at_once) {
  Sample sample = MakeSample({{1, 1000000}});
  sample.bytes[500000] ^= 1;
  StatusOr<std::unique_ptr<SectionFile>> opened = OpenBytes(sample.bytes, sample.expected);
  CHECK_OK(opened);
  const SectionFile& file = *opened.value();
  ByteView section;
  CHECK_OK(file.Section(1, &section));
  std::vector<std::thread> threads;
  for (uint64_t number = 0; number < 4; ++number) {
    threads.emplace_back([&file, section, number] {
      Random random(number);
      for (int round = 0; round < 2000; ++round) {
        const size_t at = random.Below(section.size());
        const bool damaged = (at + 64) / kSectionBlockBytes == 500000 / kSectionBlockBytes;
        CHECK_EQ(file.Verified(section.data() + at, 1), !damaged);
      }
      CHECK_CODE(file.Fault(), Code::kCorrupt);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace hypergraph
