#include "test/fuzz/support/small_database.h"

#include <algorithm>
#include <numeric>

#include "core/base/bytes.h"
#include "core/graph/batch_writer.h"

namespace hypergraph::fuzz {
namespace {

const std::vector<PropertySchema>& Properties() {
  static const std::vector<PropertySchema> properties = {{"size", PropertyType::kInt64},
                                                         {"ratio", PropertyType::kFloat64},
                                                         {"name", PropertyType::kString},
                                                         {"flag", PropertyType::kBool},
                                                         {"at", PropertyType::kTimestamp}};
  return properties;
}

BatchRow Row(int i) {
  BatchRow row(1000 + i * 10);
  row.Member(i % 7, i % 2 == 0 ? "author" : "");
  row.Member("n" + std::to_string(i % 5), "reviewer");
  if (i % 3 == 0) row.Member(100 + i);
  if (i % 4 == 0) row.Label("kind " + std::to_string(i % 3));
  if (i % 5 == 0) row.Key("key-" + std::to_string(i));
  if (i % 6 == 0) row.ValidTo(1000 + i * 20 + 1);
  row.Weight(i * 0.5);
  row.Set(kSize, int64_t{i} - 10);
  if (i % 2 == 0) row.Set(kRatio, i / 8.0);
  if (i % 3 != 0) row.SetText(kName, "name " + std::to_string(i % 4));
  row.Set(kFlag, i % 2 == 0);
  if (i % 5 != 0) row.Set(kAt, BatchTimestamp{Micros{1000} * i});
  return row;
}

void MustCommit(Database* database, BatchWriter* batch) {
  CommitReceipt receipt;
  FUZZ_CHECK_OK(database->Commit(batch->Finish(), Durability::kSync, &receipt));
  batch->Clear();
}

void InsertRows(Database* database, int from, int to) {
  std::vector<BatchRow> rows;
  for (int i = from; i < to; ++i) rows.push_back(Row(i));
  BatchWriter batch;
  batch.Insert(kTable, rows);
  MustCommit(database, &batch);
}

void Fill(Database* database) {
  BatchWriter batch;
  const ColumnRef label{ColumnKind::kLabel, 0};
  batch.CreateTable("events", Properties(),
                    {{"by_size", {{ColumnKind::kProperty, kSize}}},
                     {"by_label_name", {label, {ColumnKind::kProperty, kName}}}});
  batch.AddProperties(kNodeTable,
                      {{"title", PropertyType::kString}, {"age", PropertyType::kInt64}});
  MustCommit(database, &batch);
  batch.SetNodes({{BatchNode(1), BatchRow().SetText(0, "one").Set(1, int64_t{41})},
                  {BatchNode("n2"), BatchRow().SetText(0, "two")}});
  MustCommit(database, &batch);
  InsertRows(database, 0, 24);
  FUZZ_CHECK_OK(database->Flush());
  InsertRows(database, 24, 36);
  // Numbers begin at 1: the schema took one, the node properties two, so row 0 is hyperedge 4.
  batch.Delete(kTable, {5, 9}).Update(kTable, {{6, BatchRow(1234).SetText(kName, "changed")}});
  MustCommit(database, &batch);
  FUZZ_CHECK_OK(database->Flush());
  InsertRows(database, 36, 44);
  batch.Update(kTable, {{30, BatchRow().Weight(9)}}).Delete(kTable, {31});
  batch.DropNodes({BatchNode("n2")});
  MustCommit(database, &batch);
}

std::string TextOf(const Dictionary& dictionary, uint32_t number) {
  NodeKey key;
  FUZZ_CHECK_OK(dictionary.KeyOf(number, &key));
  return key.is_text ? "'" + std::string(key.text) + "'" : std::to_string(key.integer);
}

std::string PropertyText(const PropertySchema& schema, const PropertyColumn& column) {
  if (column.present[0] == 0) return "null";
  if (schema.type == PropertyType::kString) return "'" + std::string(column.strings[0]) + "'";
  if (schema.type == PropertyType::kFloat64) return std::to_string(column.floats[0]);
  return std::to_string(column.integers[0]);
}

std::string DumpRow(const Snapshot& snapshot, const TableSchema& schema, const RowSource& source,
                    uint32_t row) {
  const Rows one = Rows::Range(row, 1);
  EdgeId id = 0;
  Micros event_ts = 0, valid_to = 0;
  double weight = 0;
  Symbol label = 0;
  std::vector<std::string_view> keys;
  MemberColumns members;
  members.Clear();
  FUZZ_CHECK_OK(source.Ids(one, &id));
  FUZZ_CHECK_OK(source.EventTs(one, &event_ts));
  FUZZ_CHECK_OK(source.ValidTo(one, &valid_to));
  FUZZ_CHECK_OK(source.Weights(one, &weight));
  FUZZ_CHECK_OK(source.Labels(one, &label));
  FUZZ_CHECK_OK(source.Keys(one, &keys));
  FUZZ_CHECK_OK(source.Members(one, &members));
  std::string text = std::to_string(schema.id) + "/" + std::to_string(id) + " " +
                     std::to_string(event_ts) + ".." + std::to_string(valid_to) + " " +
                     std::to_string(weight) + " " +
                     (label == kSymbolNone ? "" : TextOf(*snapshot.symbols, label)) +
                     " key=" + std::string(keys.at(0));
  for (size_t i = 0; i < members.nodes.size(); ++i) {
    text += " " + TextOf(*snapshot.nodes, members.nodes[i]);
    const Symbol role = members.roles.empty() ? kSymbolNone : members.roles[i];
    if (role != kSymbolNone) text += ":" + TextOf(*snapshot.symbols, role);
  }
  for (PropertyIndex property = 0; property < schema.properties.size(); ++property) {
    PropertyColumn column;
    FUZZ_CHECK_OK(source.Property(property, one, &column));
    text += " | " + PropertyText(schema.properties[property], column);
  }
  return text;
}

// Whether a reader would hide it; merges may drop it or not.
bool IsExpired(const Snapshot& snapshot, const TableSchema& schema, const RowSource& source,
               uint32_t row) {
  Micros event_ts = 0;
  FUZZ_CHECK_OK(source.EventTs(Rows::Range(row, 1), &event_ts));
  return schema.ttl != 0 && static_cast<__int128>(event_ts) < __int128{snapshot.now} - schema.ttl;
}

}  // namespace

OpenOptions SmallOptions(FileSystem* files, Clock* clock) {
  OpenOptions options;
  options.files = files;
  options.clock = clock;
  options.background = false;
  options.log_allocate_bytes = 4096;
  options.commit_bytes_max = 1 << 20;
  options.text_bytes_max = 4096;
  return options;
}

const MemoryImage& SmallImage() {
  static const MemoryImage image = [] {
    MemoryFileSystem files;
    FixedClock clock;
    std::unique_ptr<Database> database;
    FUZZ_CHECK_OK(Database::Open(kPath, SmallOptions(&files, &clock), &database));
    Fill(database.get());
    FUZZ_CHECK_OK(database->Close());
    database.reset();
    return files.image();
  }();
  return image;
}

SmallDatabase::SmallDatabase() : files(SmallImage()) {
  files.StopRecording();
  FUZZ_CHECK_OK(Database::Open(kPath, SmallOptions(&files, &clock), &database));
}

std::string Dump(const Snapshot& snapshot) {
  std::vector<std::string> lines;
  for (const auto& [table, view] : *snapshot.tables) {
    for (const auto& source : view.sources) {
      std::vector<uint32_t> all(source->bounds().row_count), visible;
      std::iota(all.begin(), all.end(), 0);
      FUZZ_CHECK_OK(source->SelectVisible(snapshot.seq, Rows::List(all), &visible));
      for (const uint32_t row : visible) {
        if (IsExpired(snapshot, *view.schema, *source, row)) continue;
        lines.push_back(DumpRow(snapshot, *view.schema, *source, row));
      }
    }
  }
  std::sort(lines.begin(), lines.end());
  ByteWriter schema;
  EncodeSchema(*snapshot.schema, &schema);
  std::string text = std::to_string(snapshot.seq) + "\n" + std::string(AsText(schema.view()));
  for (const std::string& line : lines) text += "\n" + line;
  return text;
}

std::string DumpNow(Database* database) {
  std::shared_ptr<const Snapshot> snapshot;
  FUZZ_CHECK_OK(database->Read(&snapshot));
  return Dump(*snapshot);
}

namespace {

// The bytes of one value of a column's type, as WIRE.md has them; 0: unknown.
uint64_t ValueBytes(uint8_t type) {
  static constexpr uint64_t kBytes[] = {0, 8, 8, 4, 1, 1, 4};
  return type < std::size(kBytes) ? kBytes[type] : 0;
}

void CheckColumn(ByteView result, size_t at, uint32_t rows) {
  const auto type = LoadUnaligned<uint8_t>(&result[at]);
  const uint64_t values_at = LoadUnaligned<uint32_t>(&result[at + 4]);
  const uint64_t values_count = LoadUnaligned<uint32_t>(&result[at + 8]);
  const uint64_t offsets_at = LoadUnaligned<uint32_t>(&result[at + 12]);
  const uint64_t validity_at = LoadUnaligned<uint32_t>(&result[at + 16]);
  FUZZ_CHECK(ValueBytes(type) != 0);
  FUZZ_CHECK(values_at % 8 == 0 && offsets_at % 8 == 0 && validity_at % 8 == 0);
  FUZZ_CHECK(values_at + values_count * ValueBytes(type) <= result.size());
  FUZZ_CHECK(validity_at == 0 || validity_at + (rows + 7) / 8 <= result.size());
  if (type != 5 && type != 6) {
    FUZZ_CHECK(values_count == rows);
    return;
  }
  FUZZ_CHECK(offsets_at + 4 * (uint64_t{rows} + 1) <= result.size());
  uint32_t before = 0;
  for (uint64_t row = 0; row <= rows; ++row) {
    const auto offset = LoadUnaligned<uint32_t>(&result[offsets_at + 4 * row]);
    FUZZ_CHECK(offset >= before && (row != 0 || offset == 0));
    before = offset;
  }
  FUZZ_CHECK(before == values_count);
}

}  // namespace

void CheckResult(ByteView result) {
  FUZZ_CHECK(result.size() >= 64 && LoadUnaligned<uint32_t>(result.data()) == 0x31524748);
  const auto rows = LoadUnaligned<uint32_t>(&result[8]);
  const uint64_t columns = LoadUnaligned<uint32_t>(&result[12]);
  const uint64_t cursor_at = LoadUnaligned<uint32_t>(&result[20]);
  FUZZ_CHECK(cursor_at + LoadUnaligned<uint32_t>(&result[24]) <= result.size());
  FUZZ_CHECK(64 + columns * 32 <= result.size());
  for (size_t column = 0; column < columns; ++column) CheckColumn(result, 64 + column * 32, rows);
}

}  // namespace hypergraph::fuzz
