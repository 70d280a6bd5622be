#include "core/index/dictionary.h"

#include <map>
#include <string>

#include "core/base/random.h"
#include "core/index/segment.h"
#include "core/platform/memory_file_system.h"
#include "test/test.h"

namespace hypergraph {

namespace {

struct OwnKey {
  bool is_text = false;
  uint64_t integer = 0;
  std::string text;
  auto operator<=>(const OwnKey&) const = default;
  NodeKey view() const { return {is_text, integer, text}; }
};

OwnKey Draw(Random* random, bool texts) {
  if (texts && random->Chance(0.5)) {
    const size_t padding = random->Chance(0.01) ? 30'000 : 0;
    return {true, 0, std::to_string(random->Below(4000)) + std::string(padding, 'x')};
  }
  return {false, random->Chance(0.8) ? random->Below(4000) : random->Next(), ""};
}

void CheckSame(const Dictionary& dictionary, const std::map<OwnKey, uint32_t>& numbers) {
  for (const auto& [key, number] : numbers) {
    std::optional<uint32_t> found;
    CHECK_OK(dictionary.Find(key.view(), &found));
    CHECK(found == number);
    NodeKey back;
    CHECK_OK(dictionary.KeyOf(number, &back));
    CHECK(back == key.view());
  }
  NodeKey none;
  CHECK_CODE(dictionary.KeyOf(dictionary.end(), &none), Code::kNotFound);
}

}  // namespace

TEST(Dictionary_gives_numbers_in_order_through_files) {
  for (const bool texts : {false, true}) {
    Random random(test::Seed());
    MemoryFileSystem files;
    Dictionary dictionary(1);
    std::map<OwnKey, uint32_t> numbers;
    std::vector<std::shared_ptr<const DictionaryFile>> installed;
    uint32_t next = 1;
    uint32_t filed = 1;
    for (uint64_t round = 0; round < 6; ++round) {
      for (int i = 0; i < 1500; ++i) {
        const OwnKey key = Draw(&random, texts);
        uint32_t number = 0;
        bool fresh = false;
        CHECK_OK(dictionary.Intern(key.view(), &number, &fresh));
        const auto [at, added] = numbers.emplace(key, next);
        CHECK_EQ(number, at->second);
        CHECK_EQ(fresh, added);
        next += added ? 1 : 0;
      }
      CHECK_EQ(dictionary.end(), next);
      // Not all that is in memory goes to a file, as when writes go on during a flush.
      const uint32_t end = next - static_cast<uint32_t>(random.Below((next - filed) / 4 + 1));
      DictionaryFileInfo info;
      const std::string path = "dict-" + std::to_string(round);
      CHECK_OK(dictionary.WriteFile(files, path, round, filed, end, &info));
      auto file = DictionaryFile::Open(files, path, info);
      CHECK_OK(file);
      CHECK_OK((*file)->Verify());
      installed.push_back(*file);
      CHECK_OK(dictionary.Install(installed));
      filed = end;
      CheckSame(dictionary, numbers);
    }
    Dictionary reopened(1);
    CHECK_OK(reopened.Install(installed));
    CHECK_EQ(reopened.end(), filed);
    CHECK_CODE(reopened.Install({installed[1]}), Code::kInvalid);
  }
}

TEST(Dictionary_interns_integers_in_bulk) {
  Random random(test::Seed());
  Dictionary dictionary;
  std::vector<uint64_t> keys;
  for (int i = 0; i < 20'000; ++i) keys.push_back(random.Below(3000) * 1'000'003);
  std::vector<uint32_t> numbers(keys.size());
  CHECK_OK(dictionary.InternIntegers(keys, numbers.data()));
  std::vector<uint32_t> back(keys.size());
  bool all_small = false;
  CHECK_OK(dictionary.SmallKeysOf(numbers, back.data(), &all_small));
  CHECK(all_small);
  for (size_t i = 0; i < keys.size(); ++i) CHECK_EQ(back[i], keys[i]);
  uint32_t number = 0;
  bool fresh = false;
  CHECK_OK(dictionary.Intern({true, 0, "7"}, &number, &fresh));
  CHECK(fresh);
  numbers.push_back(number);
  back.resize(numbers.size());
  CHECK_OK(dictionary.SmallKeysOf(numbers, back.data(), &all_small));
  CHECK(!all_small);
}

TEST(Dictionary_finds_integers_again_in_bulk_whichever_file_has_them) {
  Random random(test::Seed());
  MemoryFileSystem files;
  Dictionary dictionary;
  std::map<uint64_t, uint32_t> known;
  std::vector<std::shared_ptr<const DictionaryFile>> installed;
  for (uint64_t round = 0; round < 4; ++round) {
    std::vector<uint64_t> wide;
    for (int i = 0; i < 5000; ++i) {
      // Close together, further apart than there are numbers, and no u32.
      wide.push_back(random.Below(2000) << (random.Chance(0.2) ? 20 : 0)
                                        << (round == 3 && random.Chance(0.1) ? 20 : 0));
    }
    std::vector<uint32_t> numbers(wide.size());
    if (round % 2 == 0) {
      std::vector<uint32_t> narrow;
      for (const uint64_t key : wide) narrow.push_back(static_cast<uint32_t>(key));
      CHECK_OK(dictionary.InternIntegers(narrow, numbers.data()));
    } else {
      CHECK_OK(dictionary.InternIntegers(wide, numbers.data()));
    }
    for (size_t i = 0; i < wide.size(); ++i) {
      const auto next = static_cast<uint32_t>(known.size());
      CHECK_EQ(numbers[i], known.emplace(wide[i], next).first->second);
    }
    CHECK_EQ(dictionary.end(), known.size());
    const std::string path = "numbers" + std::to_string(round);
    const uint32_t first = installed.empty() ? 0
                                             : installed.back()->info().first_number +
                                                   installed.back()->info().key_count;
    DictionaryFileInfo info;
    CHECK_OK(dictionary.WriteFile(files, path, round + 1, first, dictionary.end(), &info));
    auto file = DictionaryFile::Open(files, path, info);
    CHECK_OK(file);
    installed.push_back(file.value());
    CHECK_OK(dictionary.Install(installed));
  }
}

TEST(Clock_file_finds_the_last_commit_before) {
  Random random(test::Seed());
  for (const size_t count : {1u, 2u, 1000u}) {
    std::vector<CommitInstant> instants;
    Seq seq = 5;
    Micros at = -1000;
    for (size_t i = 0; i < count; ++i) {
      instants.push_back({seq, at});
      seq += 1 + random.Below(9);
      at += random.Between(0, 20);
    }
    MemoryFileSystem files;
    ClockFileInfo info;
    CHECK_OK(WriteClockFile(files, "clock", 4, instants, &info));
    auto file = ClockFile::Open(files, "clock", info);
    CHECK_OK(file);
    CHECK_OK((*file)->Verify());
    for (int64_t probe = -1010; probe <= at + 5; ++probe) {
      CommitInstant expected;
      CommitInstant expected_seq;
      for (const CommitInstant& instant : instants) {
        if (instant.committed_at <= probe) expected = instant;
        if (probe >= 0 && instant.seq <= static_cast<Seq>(probe)) expected_seq = instant;
      }
      CommitInstant found;
      CHECK_OK((*file)->LastAtOrBefore(probe, &found));
      CHECK_EQ(found.seq, expected.seq);
      if (probe < 0) continue;
      CHECK_OK((*file)->LastUpTo(static_cast<Seq>(probe), &found));
      CHECK_EQ(found.seq, expected_seq.seq);
    }
    std::vector<CommitInstant> all;
    CHECK_OK((*file)->ReadAll(&all));
    CHECK_EQ(all.size(), count);
  }
}

TEST(Dictionary_gives_small_keys_of_fresh_and_filed_numbers_and_tells_others) {
  MemoryFileSystem files;
  Dictionary dictionary;
  const std::vector<OwnKey> keys = {
      {false, 7, ""}, {false, 0, ""}, {false, UINT32_MAX - 2, ""}, {false, UINT32_MAX - 1, ""},
      {true, 0, "7"}, {false, 9, ""}};
  for (const OwnKey& key : keys) {
    uint32_t number = 0;
    bool fresh = false;
    CHECK_OK(dictionary.Intern(key.view(), &number, &fresh));
  }
  const auto check = [&] {
    // Twice: what was looked up once is at hand.
    for (int round = 0; round < 2; ++round) {
      const std::vector<uint32_t> small = {2, 0, 1, 0, 5};
      std::vector<uint32_t> found(small.size());
      bool all_small = false;
      CHECK_OK(dictionary.SmallKeysOf(small, found.data(), &all_small));
      CHECK(all_small);
      CHECK(found == (std::vector<uint32_t>{UINT32_MAX - 2, 7, 0, 7, 9}));
      for (const uint32_t other : {3u, 4u}) {
        CHECK_OK(
            dictionary.SmallKeysOf(std::vector<uint32_t>{0, other, 1}, found.data(), &all_small));
        CHECK(!all_small);
      }
    }
  };
  check();
  DictionaryFileInfo info;
  CHECK_OK(dictionary.WriteFile(files, "dict", 1, 0, dictionary.end(), &info));
  auto file = DictionaryFile::Open(files, "dict", info);
  CHECK_OK(file.status());
  Dictionary again;
  CHECK_OK(again.Install({file.value()}));
  CHECK_OK(dictionary.Install({file.value()}));
  check();
  std::vector<uint32_t> found(2);
  bool all_small = false;
  CHECK_OK(again.SmallKeysOf(std::vector<uint32_t>{5, 2}, found.data(), &all_small));
  CHECK(all_small && found[0] == 9 && found[1] == UINT32_MAX - 2);
  CHECK_OK(again.SmallKeysOf(std::vector<uint32_t>{Dictionary::kSmallNumbersEnd}, found.data(),
                             &all_small));
  CHECK(!all_small);
  CHECK_CODE(again.SmallKeysOf(std::vector<uint32_t>{99}, found.data(), &all_small),
             Code::kNotFound);
}

}  // namespace hypergraph
