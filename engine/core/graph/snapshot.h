// One consistent state of a database for readers: the commits up to `seq`, whatever is written,
// flushed or merged meanwhile. Cheap to copy; holding one keeps its files and memory alive.
#ifndef HYPERGRAPH_GRAPH_SNAPSHOT_H_
#define HYPERGRAPH_GRAPH_SNAPSHOT_H_

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "core/graph/schema.h"
#include "core/index/dictionary.h"
#include "core/index/row_source.h"

namespace hypergraph {

struct TableView {
  std::shared_ptr<const TableSchema> schema;
  std::vector<std::shared_ptr<const RowSource>> sources;  // Segments by ts_min, then memtables.
};

using TableViews = std::map<TableId, TableView>;

struct Snapshot {
  Seq seq = 0;
  Seq history_floor = 0;  // Reads below it are kGone.
  Micros now = 0;         // When it was taken, or first: what TTL is measured against.
  std::shared_ptr<const Schema> schema;
  std::shared_ptr<const TableViews> tables;  // Shared by all snapshots between two flushes.
  const Dictionary* nodes = nullptr;  // Owned by the database core, which `owner` keeps alive.
  const Dictionary* symbols = nullptr;
  std::array<uint8_t, 16> cursor_key{};  // Signs cursors: per database, secret, random.
  std::shared_ptr<const void> owner;
};

}  // namespace hypergraph

#endif  // HYPERGRAPH_GRAPH_SNAPSHOT_H_
