#include "core/index/local_keys.h"

#include <algorithm>
#include <string>
#include <thread>

#include "core/index/random_records.h"
#include "core/index/segment.h"
#include "core/platform/memory_file_system.h"
#include "test/test.h"

namespace hypergraph {
namespace {

uint32_t KeyOf(NodeNumber node) { return node * 7 + 3; }

void Fill(NodeNumber node_end, bool has_texts, Dictionary* dictionary) {
  for (NodeNumber node = 0; node < node_end; ++node) {
    const std::string text = "node " + std::to_string(node);
    const bool is_text = has_texts && node % 5 == 3;
    uint32_t number = 0;
    bool fresh = false;
    CHECK_OK(dictionary->Intern({is_text, KeyOf(node), text}, &number, &fresh));
    CHECK_EQ(number, node);
  }
}

// Asks for rows in two parts; gives how many keys came with the members, of which all are right.
size_t AskTwice(const Segment& segment, const Dictionary& dictionary, Rows rows, bool has_texts) {
  MemberColumns plain;
  MemberColumns members;
  plain.Clear();
  members.Clear();
  members.wants_keys = &dictionary;
  const uint32_t half = rows.size() / 2;
  CHECK_OK(segment.Members(rows, &plain));
  CHECK_OK(segment.Members(rows.Slice(0, half), &members));
  CHECK_OK(segment.Members(rows.Slice(half, rows.size() - half), &members));
  CHECK(members.nodes == plain.nodes);
  CHECK(members.offsets == plain.offsets);
  CHECK(members.roles == plain.roles);
  CHECK_LE(members.keys.size(), members.nodes.size());
  for (size_t i = 0; i < members.keys.size(); ++i) {
    CHECK(!has_texts || members.nodes[i] % 5 != 3);
    CHECK_EQ(members.keys[i], KeyOf(members.nodes[i]));
  }
  return members.keys.size();
}

}  // namespace

TEST(LocalKeys_members_come_with_keys_that_are_small_integers) {
  Random random(test::Seed());
  for (test::RecordShape shape : test::RecordShapes()) {
    shape.node_step = std::min(shape.node_step, 1009u);  // Each number has a key here.
    const RecordColumns records = test::RecordMaker(&random, shape).Make();
    const NodeNumber node_end =
        *std::max_element(records.members.begin(), records.members.end()) + 1;
    MemoryFileSystem files;
    SegmentInfo info;
    CHECK_OK(WriteSegment(files, "seg", 7, records, &info));
    for (const bool has_texts : {false, true}) {
      const size_t bytes_before = LocalKeys::ServingBytes();
      // A segment of its own: one always meets the same dictionary.
      auto opened = Segment::Open(files, "seg", info);
      CHECK_OK(opened);
      Dictionary dictionary;
      Fill(node_end, has_texts, &dictionary);
      size_t keys = 0;
      // They come once many rows were asked for.
      for (int round = 0; round < 8 || (!has_texts && keys == 0); ++round) {
        CHECK_LT(round, 100'000);
        const auto first = static_cast<uint32_t>(random.Below(records.record_count));
        const auto count = static_cast<uint32_t>(random.Below(records.record_count - first + 1));
        keys += AskTwice(*opened.value(), dictionary, Rows::Range(first, count), has_texts);
        std::vector<uint32_t> some;
        for (uint32_t row = 0; row < records.record_count; ++row) {
          if (random.Chance(0.5)) some.push_back(row);
        }
        keys += AskTwice(*opened.value(), dictionary, Rows::List(some), has_texts);
      }
      if (has_texts) {
        const Rows all = Rows::Range(0, records.record_count);
        for (uint64_t asked = 0; asked <= 2 * uint64_t{node_end}; asked += records.record_count) {
          AskTwice(*opened.value(), dictionary, all, has_texts);
        }
        const bool met_text = std::any_of(records.members.begin(), records.members.end(),
                                          [](NodeNumber node) { return node % 5 == 3; });
        if (met_text) CHECK_EQ(LocalKeys::ServingBytes(), bytes_before);
      } else {
        CHECK_LT(bytes_before, LocalKeys::ServingBytes());
      }
      opened.value().reset();
      CHECK_EQ(LocalKeys::ServingBytes(), bytes_before);
    }
  }
}

// Whoever is first makes the table, and all fill it in.
TEST(LocalKeys_come_to_many_threads_at_once) {
  Random random(test::Seed());
  test::RecordShape shape = test::RecordShapes().front();
  shape.node_step = 1;
  const RecordColumns records = test::RecordMaker(&random, shape).Make();
  MemoryFileSystem files;
  SegmentInfo info;
  CHECK_OK(WriteSegment(files, "seg", 7, records, &info));
  Dictionary dictionary;
  Fill(*std::max_element(records.members.begin(), records.members.end()) + 1, false, &dictionary);
  for (int segment = 0; segment < 20; ++segment) {
    auto opened = Segment::Open(files, "seg", info);
    CHECK_OK(opened);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        const Rows all = Rows::Range(0, records.record_count);
        size_t keys = 0;
        for (int round = 0; round < 4 || keys == 0; ++round) {
          CHECK_LT(round, 100'000);
          keys += AskTwice(*opened.value(), dictionary, all, false);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
}

}  // namespace hypergraph
