#include "image.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "failure.h"
#include "image_format.h"

namespace hypermesh::hnsw {
namespace {

size_t ElementBytes(Storage storage) { return storage == Storage::kF32 ? 4 : 2; }

[[noreturn]] void Corrupt(const std::string& what) {
  Fail("corrupt", "the image is damaged: " + what);
}

class PieceReader {
 public:
  explicit PieceReader(std::vector<std::span<const uint8_t>> pieces) : pieces_(std::move(pieces)) {
    for (const auto& piece : pieces_) left_ += piece.size();
  }

  size_t left() const { return left_; }

  void Read(void* into, size_t count) {
    if (count > left_) Corrupt("it ends early");
    left_ -= count;
    auto* to = static_cast<uint8_t*>(into);
    while (count > 0) {
      const std::span<const uint8_t> piece = pieces_[at_].subspan(offset_);
      const size_t taken = std::min(count, piece.size());
      if (taken != 0) std::memcpy(to, piece.data(), taken);
      to += taken;
      count -= taken;
      offset_ += taken;
      if (offset_ == pieces_[at_].size()) {
        ++at_;
        offset_ = 0;
      }
    }
  }

  template <typename T>
  T Read() {
    T value;
    Read(&value, sizeof value);
    return value;
  }

 private:
  std::vector<std::span<const uint8_t>> pieces_;
  size_t at_ = 0;
  size_t offset_ = 0;
  size_t left_ = 0;
};

IndexOptions OptionsOf(const ImageHeader& header) {
  if (header.magic != kImageMagic) Corrupt("it does not start as an image does");
  if (header.version != kImageVersion)
    Fail("unsupported", "the image has version " + std::to_string(header.version));
  const bool is_sound = header.metric <= static_cast<uint8_t>(Metric::kIp) &&
                        header.storage <= static_cast<uint8_t>(Storage::kI8) &&
                        header.dimension >= 1 && header.dimension <= kDimensionMax &&
                        header.m >= kMMin && header.m <= kMMax && header.ef_construction >= 1 &&
                        header.ef_construction <= kEfMax && header.count <= kSlotsMax &&
                        header.alive_count <= header.count && header.zero == 0 &&
                        header.zeros[0] == 0 && header.zeros[1] == 0 && header.zeros[2] == 0;
  if (!is_sound) Corrupt("its header says what no index has");
  IndexOptions options;
  options.metric = static_cast<Metric>(header.metric);
  options.storage = static_cast<Storage>(header.storage);
  options.dimension = header.dimension;
  options.graph = {header.m, header.ef_construction, header.seed};
  return options;
}

void CheckEntry(const ImageHeader& header, const std::vector<uint8_t>& levels) {
  if (header.count == 0) {
    if (header.entry != kNoSlot || header.top_level != -1) Corrupt("its entry is no slot");
    return;
  }
  if (header.entry >= header.count || header.top_level != levels[header.entry])
    Corrupt("its entry is no slot of the top level");
  for (const uint8_t level : levels)
    if (level > header.top_level || level > kLevelMax) Corrupt("a level is above the top");
}

void ReadAlive(const ImageHeader& header, PieceReader* reader, Index* index) {
  for (size_t at = 0; at < WordsOf(header.count); ++at) {
    const uint64_t word = reader->Read<uint64_t>();
    ForEachBit(word, at, [&](uint32_t slot) {
      if (slot >= header.count) Corrupt("a slot beyond the last is alive");
      index->MarkAlive(slot);
    });
  }
  if (index->alive_count() != header.alive_count) Corrupt("another number of slots is alive");
}

void ReadLinks(const ImageHeader& header, PieceReader* reader, Graph* graph) {
  std::vector<uint32_t> links;
  for (uint32_t slot = 0; slot < header.count; ++slot) {
    for (int level = 0; level <= graph->level(slot); ++level) {
      const size_t count = reader->Read<uint16_t>();
      if (count > graph->links_max(level))
        Corrupt("slot " + std::to_string(slot) + " has too many links");
      links.resize(count);
      reader->Read(links.data(), count * sizeof(uint32_t));
      for (const uint32_t link : links)
        if (link >= header.count || graph->level(link) < level || link == slot)
          Corrupt("slot " + std::to_string(slot) + " leads to none");
      graph->SetLinks(slot, level, links);
    }
  }
}

}  // namespace

std::shared_ptr<Index> Load(std::vector<std::span<const uint8_t>> pieces) {
  PieceReader reader(std::move(pieces));
  const auto header = reader.Read<ImageHeader>();
  const IndexOptions options = OptionsOf(header);
  const size_t vector_bytes = options.dimension * ElementBytes(options.storage);
  // Memory is taken for what is there, not for what the header says.
  const size_t slot_bytes = 1 + sizeof(uint16_t) + vector_bytes;
  if (reader.left() / slot_bytes < header.count) Corrupt("it ends early");
  std::vector<uint8_t> levels(header.count);
  reader.Read(levels.data(), levels.size());
  CheckEntry(header, levels);
  size_t lists = 0;
  for (const uint8_t level : levels) lists += level;
  if (reader.left() / sizeof(uint16_t) < lists) Corrupt("it ends early");
  auto index = std::make_shared<Index>(options);
  Graph& graph = index->graph();
  index->Reserve(header.count);
  for (uint32_t slot = 0; slot < header.count; ++slot) graph.Place(slot, levels[slot]);
  ReadAlive(header, &reader, index.get());
  ReadLinks(header, &reader, &graph);
  for (uint32_t slot = 0; slot < header.count; ++slot) {
    reader.Read(graph.Data(slot), vector_bytes);
    if (!index->space().IsSound(graph.Data(slot)))
      Corrupt("slot " + std::to_string(slot) + " has no finite vector");
    index->space().DeriveCoarse(graph.Data(slot));
  }
  if (reader.left() != 0) Corrupt("it goes on behind its end");
  graph.set_count(header.count);
  if (header.count != 0) graph.set_entry(header.entry);
  return index;
}

}  // namespace hypermesh::hnsw
