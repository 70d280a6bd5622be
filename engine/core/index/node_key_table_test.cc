#include "core/index/node_key_table.h"

#include <memory>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/index/dictionary.h"
#include "test/test.h"

namespace hypergraph {
namespace {

constexpr uint32_t kNodes = 3000;

// Node n of the dictionary has the key 5 + 3 × n; every hundredth a text where some have one.
void Intern(bool some_texts, Dictionary* dictionary) {
  for (uint32_t node = 0; node < kNodes; ++node) {
    const std::string text = "node " + std::to_string(node);
    const bool is_text = some_texts && node % 100 == 99;
    uint32_t number = 0;
    bool fresh = false;
    CHECK_OK(dictionary->Intern({is_text, is_text ? 0 : 5 + uint64_t{3} * node,
                                 is_text ? std::string_view(text) : std::string_view()},
                                &number, &fresh));
    CHECK_EQ(number, node);
  }
}

// Local numbers count the nodes from the other end.
NodeNumber NodeOf(uint32_t local) { return kNodes - 1 - local; }

}  // namespace

TEST(Node_key_table_gives_nodes_and_their_keys_or_says_that_it_cannot) {
  Random random(test::Seed());
  for (const bool some_texts : {false, true}) {
    Dictionary dictionary;
    Intern(some_texts, &dictionary);
    const NodeKeyTable table;
    CHECK(table.Ready(kNodes, 1000));
    for (int round = 0; round < 300; ++round) {
      std::vector<uint32_t> locals(random.Below(500));
      for (uint32_t& local : locals) local = static_cast<uint32_t>(random.Below(kNodes));
      std::vector<uint32_t> nodes = locals;
      std::vector<uint32_t> keys(locals.size());
      size_t done = 0;
      bool has_text = false;
      for (const uint32_t local : locals) {
        has_text = has_text || (some_texts && NodeOf(local) % 100 == 99);
      }
      CHECK_EQ(table.Resolve(nodes, dictionary, NodeOf, keys.data(), &done), !has_text);
      if (!has_text) CHECK_EQ(done, locals.size());
      for (size_t i = 0; i < locals.size(); ++i) {
        CHECK_EQ(nodes[i], i < done ? NodeOf(locals[i]) : locals[i]);
        if (!has_text) CHECK_EQ(keys[i], 5 + 3 * NodeOf(locals[i]));
      }
    }
    CHECK_EQ(table.Ready(kNodes, 1000), !some_texts);
  }
}

TEST(Node_key_tables_take_no_more_memory_than_they_may) {
  const NodeKeyTable large;
  CHECK(!large.Ready(1 << 20, 1000));
  const NodeKeyTable rarely_read;
  CHECK(!rarely_read.Ready(kNodes, 1));
  std::vector<std::unique_ptr<NodeKeyTable>> tables;
  bool ready = true;
  while (ready && tables.size() < 1000) {
    tables.push_back(std::make_unique<NodeKeyTable>());
    ready = tables.back()->Ready(1 << 18, 1000);
  }
  CHECK(!ready);
  tables.clear();
  const NodeKeyTable again;
  CHECK(again.Ready(1 << 18, 1000));
}

}  // namespace hypergraph
