// Random batches that fit a model's state, most of them valid; small pools of values, so that they
// meet often.
//
// Threads: one at a time.
#ifndef HYPERGRAPH_TEST_MODEL_GENERATOR_H_
#define HYPERGRAPH_TEST_MODEL_GENERATOR_H_

#include "core/base/random.h"
#include "test/model.h"

namespace hypergraph::test {

struct GeneratorOptions {
  uint32_t rows_max = 4;  // Of one operation.
  uint64_t node_count = 12;
  Micros ts_max = 100;
  double schema_chance = 0.1;  // Of a batch that changes the schema.
  // When not 0, the clock's start: tables may have a time to live, which ends for one time after
  // the other as the clock goes on, and a short history.
  Micros clock_start = 0;
  double invalid_chance = 0.0;  // Of one that the model refuses too.
};

class BatchGenerator {
 public:
  BatchGenerator(uint64_t seed, const GeneratorOptions& options)
      : random_(seed), options_(options) {}

  // The first batch of a database: a table with a property of every type and an index, and
  // properties of nodes.
  static ModelBatch FirstTables();
  ModelBatch Next(const Model& model);
  Random& random() { return random_; }
  BatchNode Node();
  std::string Role();
  std::string Label();

 private:
  void AddEdges(const Model& model, ModelBatch* batch);
  void AddNodes(ModelBatch* batch);
  void AddSchemaChange(const Model& model, ModelBatch* batch);
  BatchTableOptions TableOptions(Micros ttl);
  BatchRow Row(const TableSchema& table);
  BatchRow Patch(const TableSchema& table, uint32_t fields);
  void SetMembers(BatchRow* row);
  void SetProperties(const TableSchema& table, BatchRow* row);
  BatchValue PropertyValue(PropertyType type);
  const TableSchema* AnyTable(const Model& model);

  Random random_;
  const GeneratorOptions options_;
  uint64_t names_ = 0;
};

}  // namespace hypergraph::test

#endif  // HYPERGRAPH_TEST_MODEL_GENERATOR_H_
