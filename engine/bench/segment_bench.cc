// Bytes and speed of segments on the synthetic set of the design notes: 1,000,000 hyperedges, arity 2
// to 20 falling as s^-1.8, Zipf(0.9) popularity, half of them reusing members of a recent one, bursts,
// 1 % late arrivals. Prints; asserts nothing. Built by hand, not by the tests:
//   make BUILD=release test DIRS="base platform storage index" FILTER=none
//   g++ -std=c++20 -O3 -I. bench/segment_bench.cc <objects but tests and main> -pthread
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "core/base/random.h"
#include "core/index/dictionary.h"
#include "core/index/segment.h"
#include "core/platform/file.h"
#include "core/storage/section_file.h"

namespace hypergraph {

namespace {

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <typename Work>
double Best(int repeats, Work work) {
  double best = 1e9;
  for (int i = 0; i < repeats; ++i) {
    const double begin = Now();
    work();
    best = std::min(best, Now() - begin);
  }
  return best;
}

void Must(const Status& status) {
  if (status.ok()) return;
  std::printf("failed: %s\n", status.message().c_str());
  std::exit(1);
}

std::vector<double> Cumulative(size_t count, double exponent, size_t first) {
  std::vector<double> sums;
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    sum += std::pow(static_cast<double>(i + first), -exponent);
    sums.push_back(sum);
  }
  return sums;
}

size_t DrawFrom(const std::vector<double>& sums, Random* random) {
  const double at = random->Fraction() * sums.back();
  return static_cast<size_t>(std::lower_bound(sums.begin(), sums.end(), at) - sums.begin());
}

RecordColumns Generate(uint32_t rows, uint32_t nodes) {
  Random random(20260821);
  const std::vector<double> arities = Cumulative(19, 1.8, 2);
  const std::vector<double> popular = Cumulative(nodes, 0.9, 1);
  std::vector<uint32_t> number(nodes);  // So that popularity and number do not run together.
  std::iota(number.begin(), number.end(), 0u);
  for (uint32_t i = nodes; i > 1; --i) std::swap(number[i - 1], number[random.Below(i)]);
  std::vector<std::vector<NodeNumber>> lists(rows);
  std::vector<std::pair<Micros, uint32_t>> order(rows);
  Micros now = 1'600'000'000'000'000;
  for (uint32_t i = 0; i < rows; ++i) {
    const double gap = random.Chance(0.02) ? 20e6 : 2e4;
    now += static_cast<Micros>(gap * (std::pow(1 - random.Fraction(), -1 / 1.5) - 1)) + 1;
    const bool late = random.Chance(0.01);
    order[i] = {late ? now - static_cast<Micros>(random.Below(3'600'000'000)) : now, i};
    const size_t arity = 2 + DrawFrom(arities, &random);
    std::vector<NodeNumber>& list = lists[i];
    const auto add = [&](NodeNumber node) {
      if (std::find(list.begin(), list.end(), node) == list.end()) list.push_back(node);
    };
    if (i > 0 && random.Chance(0.5)) {
      const auto& recent = lists[i - 1 - random.Below(std::min(i, 1000u))];
      const size_t reused = 1 + random.Below(recent.size());
      for (size_t k = 0; k < reused && list.size() < arity; ++k) {
        add(recent[random.Below(recent.size())]);
      }
    }
    while (list.size() < arity) add(number[DrawFrom(popular, &random)]);
  }
  std::sort(order.begin(), order.end());
  RecordColumns r;
  r.record_count = rows;
  r.properties.resize(3);
  for (uint32_t k = 0; k < 3; ++k) r.properties[k].property = static_cast<PropertyIndex>(k);
  r.properties[2].type = PropertyType::kFloat64;
  for (const auto& [ts, i] : order) {
    r.event_ts.push_back(ts);
    r.seq.push_back(i + 1);
    r.id.push_back(i + 1);
    r.weight.push_back(static_cast<double>(static_cast<float>(random.Fraction() * 10)));
    r.label.push_back(static_cast<Symbol>(1 + random.Below(16)));
    r.members.insert(r.members.end(), lists[i].begin(), lists[i].end());
    r.member_ends.push_back(r.members.size());
    r.properties[0].integers.push_back(static_cast<int64_t>(random.Below(32)));
    r.properties[1].integers.push_back(static_cast<int64_t>(random.Below(1000)));
    r.properties[2].floats.push_back(static_cast<double>(random.Below(100'000)) / 100);
  }
  return r;
}

void BenchNodes(const Segment& segment, const RecordColumns& r, uint32_t nodes) {
  std::vector<uint32_t> degrees(nodes);
  for (const NodeNumber node : r.members) ++degrees[node];
  std::vector<NodeNumber> order(nodes);
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return degrees[a] > degrees[b]; });
  std::vector<uint32_t> rows;
  const auto time_node = [&](const char* name, NodeNumber node, TimeWindow window) {
    const double seconds = Best(50, [&] {
      rows.clear();
      Must(segment.RowsOfNode(node, window, &rows));
    });
    std::printf("%-34s %10.2f us  (%zu rows)\n", name, seconds * 1e6, rows.size());
  };
  const Micros middle = r.event_ts[r.record_count / 2];
  const TimeWindow window{middle, r.event_ts[r.record_count / 2 + r.record_count / 100]};
  time_node("rows of the first hub", order[0], {});
  time_node("rows of hub 20", order[20], {});
  time_node("hub in 1 % of time", order[0], window);
  time_node("hub 20 in 1 % of time", order[20], window);
  time_node("rows of a middle node", order[2000], {});
  time_node("rows of a tail node", order[nodes / 2], {});
  time_node("an absent node", nodes + 5, {});
  const auto time_all = [&](const char* name, std::vector<NodeNumber> wanted, uint32_t at_least) {
    const double seconds = Best(20, [&] {
      rows.clear();
      Must(segment.RowsOfNodes(wanted, at_least, {}, &rows));
    });
    std::printf("%-34s %10.2f us  (%zu rows)\n", name, seconds * 1e6, rows.size());
  };
  time_all("hub and hub", {order[0], order[1]}, 2);
  time_all("hub 20 and hub 21", {order[20], order[21]}, 2);
  time_all("hub and middle", {order[0], order[2000]}, 2);
  time_all("any of three hubs", {order[0], order[1], order[2]}, 1);
  time_all("two of ten hubs", {order.begin(), order.begin() + 10}, 2);
}

void BenchColumns(const Segment& segment, uint32_t rows, uint32_t nodes) {
  const auto time = [&](const char* name, auto work) {
    std::printf("%-34s %10.3f ms\n", name, Best(10, work) * 1e3);
  };
  double sum = 0;
  time("sum of all weights", [&] { Must(segment.SumWeights(Rows::Range(0, rows), &sum)); });
  time("1,000 sums of 1/1,000 each", [&] {
    for (uint32_t i = 0; i < 1000; ++i) {
      Must(segment.SumWeights(Rows::Range(i * (rows / 1000), rows / 1000), &sum));
    }
  });
  MemberColumns members;
  const Rows some = Rows::Range(rows / 3, rows / 10);
  std::vector<int64_t> numbers(rows);
  std::vector<double> weights(rows);
  std::vector<Symbol> labels(rows);
  time("members of a tenth", [&] {
    members.Clear();
    Must(segment.Members(some, &members));
  });
  time("id, ts, weight, label of a tenth", [&] {
    Must(segment.Ids(some, reinterpret_cast<uint64_t*>(numbers.data())));
    Must(segment.EventTs(some, numbers.data()));
    Must(segment.Weights(some, weights.data()));
    Must(segment.Labels(some, labels.data()));
  });
  std::vector<uint32_t> counts(nodes);
  time("count members of a tenth", [&] { Must(segment.CountMembers(some, counts)); });
  std::vector<uint32_t> scattered;
  for (uint32_t row = 0; row < rows; row += 97) scattered.push_back(row);
  time("members of every 97th row", [&] {
    members.Clear();
    Must(segment.Members(Rows::List(scattered), &members));
  });
  std::vector<uint32_t> selected;
  time("kind = 3 of all", [&] {
    selected.clear();
    Must(segment.Select({{ColumnKind::kProperty, 0}, CompareOp::kEq, {Value(int64_t{3})}},
                        Rows::Range(0, rows), &selected));
  });
  time("amount > 990 of all", [&] {
    selected.clear();
    Must(segment.Select({{ColumnKind::kProperty, 2}, CompareOp::kGt, {Value(990.0)}},
                        Rows::Range(0, rows), &selected));
  });
  time("weight > 9.9 of all", [&] {
    selected.clear();
    Must(segment.Select({{ColumnKind::kWeight, 0}, CompareOp::kGt, {Value(9.9)}},
                        Rows::Range(0, rows), &selected));
  });
  std::vector<uint32_t> found;
  time("1,000 ids", [&] {
    for (uint64_t id = 1; id <= 1000; ++id) {
      found.clear();
      Must(segment.FindId(id * (rows / 1000), &found));
    }
  });
}

void Run(uint32_t rows, uint32_t nodes, const char* directory) {
  const RecordColumns records = Generate(rows, nodes);
  std::printf("%u rows, %zu members\n", rows, records.members.size());
  FileSystem& files = PosixFileSystem();
  const std::string prefix = std::string(directory) + "/bench-";
  for (const char* name : {"seg", "dict"}) {
    const Status removed = files.Remove(prefix + name);
    if (removed.code() != Code::kNotFound) Must(removed);
  }
  SegmentInfo info;
  double begin = Now();
  Must(WriteSegment(files, prefix + "seg", 1, records, &info));
  std::printf("write: %.2f M rows/s\n", rows / (Now() - begin) / 1e6);
  std::shared_ptr<Segment> segment;
  std::printf("open: %.3f ms\n", Best(5, [&] {
                auto opened = Segment::Open(files, prefix + "seg", info);
                Must(opened.ok() ? Status::Ok() : opened.status());
                segment = std::move(opened).value();
              }) * 1e3);
  begin = Now();
  Must(segment->Verify());
  std::printf("verify: %.3f s\n", Now() - begin);
  Dictionary dictionary;
  std::vector<uint64_t> keys(records.members.begin(), records.members.end());
  std::vector<uint32_t> numbers(keys.size());
  Must(dictionary.InternIntegers(keys, numbers.data()));
  const double known = Best(3, [&] { Must(dictionary.InternIntegers(keys, numbers.data())); });
  std::printf("intern known integers: %.1f M/s in memory", static_cast<double>(keys.size()) / known / 1e6);
  DictionaryFileInfo dictionary_info;
  Must(dictionary.WriteFile(files, prefix + "dict", 2, 0, dictionary.end(), &dictionary_info));
  auto file = DictionaryFile::Open(files, prefix + "dict", dictionary_info);
  Must(dictionary.Install({*file}));
  const double filed = Best(3, [&] { Must(dictionary.InternIntegers(keys, numbers.data())); });
  std::printf(", %.1f M/s in a file\n", static_cast<double>(keys.size()) / filed / 1e6);
  std::printf("bytes a hyperedge: segment %.2f, dictionary %.2f\n",
              static_cast<double>(info.file_bytes) / rows,
              static_cast<double>(dictionary_info.file_bytes) / rows);
  auto sections = SectionFile::Open(files, prefix + "seg", {FileKind::kSegment, 1, {info.file_bytes, info.footer_crc}});
  for (const SectionEntry& entry : (*sections)->sections()) {
    std::printf("  section %3u: %.2f\n", entry.id, static_cast<double>(entry.bytes) / rows);
  }
  BenchNodes(*segment, records, nodes);
  BenchColumns(*segment, rows, nodes);
}

}  // namespace

}  // namespace hypergraph

int main(int argc, char** argv) {
  const auto rows = static_cast<uint32_t>(argc > 1 ? std::atoi(argv[1]) : 1'000'000);
  hypergraph::Run(rows, rows / 5, argc > 2 ? argv[2] : ".");
}
