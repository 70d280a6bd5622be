#include "image_writer.h"

#include <algorithm>
#include <utility>

#include "bits.h"
#include "image_format.h"

namespace hypermesh::hnsw {
namespace {

constexpr size_t kPieceBytes = size_t{1} << 20;

void Append(const void* data, size_t count, std::vector<uint8_t>* piece) {
  const auto* from = static_cast<const uint8_t*>(data);
  piece->insert(piece->end(), from, from + count);
}

ImageHeader HeaderOf(Index& index) {
  const IndexOptions& options = index.options();
  const Graph& graph = index.graph();
  ImageHeader header{};
  header.magic = kImageMagic;
  header.version = kImageVersion;
  header.metric = static_cast<uint8_t>(options.metric);
  header.storage = static_cast<uint8_t>(options.storage);
  header.dimension = options.dimension;
  header.m = options.graph.m;
  header.ef_construction = options.graph.ef_construction;
  header.seed = options.graph.seed;
  header.count = graph.count();
  header.alive_count = 0;
  header.entry = graph.entry();
  header.top_level = graph.top_level();
  return header;
}

size_t ElementBytes(Storage storage) { return storage == Storage::kF32 ? 4 : 2; }

}  // namespace

ImageWriter::ImageWriter(std::shared_ptr<Index> index, Stop stop)
    : index_(std::move(index)), stop_(std::move(stop)) {
  const SharedLock lock(index_->lock());
  Graph& graph = index_->graph();
  ImageHeader header = HeaderOf(*index_);
  count_ = header.count;
  // Slots may be removed meanwhile: one reading decides.
  std::vector<uint64_t> alive(WordsOf(count_), 0);
  size_t links_bytes = 0;
  std::vector<uint8_t> levels(count_);
  for (uint32_t slot = 0; slot < count_; ++slot) {
    if (slot % 4096 == 0) stop_.Check();
    levels[slot] = static_cast<uint8_t>(graph.level(slot));
    for (int level = 0; level <= graph.level(slot); ++level)
      links_bytes += sizeof(uint16_t) + graph.Links(slot, level).size_bytes();
    if (!index_->IsAlive(slot)) continue;
    SetBit(alive.data(), slot);
    ++header.alive_count;
  }
  const Space& space = index_->space();
  vector_bytes_ = space.dimension() * ElementBytes(space.storage());
  head_.reserve(sizeof header + levels.size() + alive.size() * sizeof(uint64_t));
  Append(&header, sizeof header, &head_);
  Append(levels.data(), levels.size(), &head_);
  Append(alive.data(), alive.size() * sizeof(uint64_t), &head_);
  bytes_ = head_.size() + links_bytes + count_ * vector_bytes_;
  kept_ = std::make_unique<KeptLinks>(count_);
  graph.Watch(kept_.get());
}

ImageWriter::~ImageWriter() {
  const SharedLock lock(index_->lock());
  index_->graph().Unwatch(kept_.get());
}

std::vector<uint8_t> ImageWriter::Next() {
  const std::lock_guard one(mutex_);
  stop_.Check();
  std::vector<uint8_t> piece;
  piece.reserve(kPieceBytes + kPieceBytes / 8);
  AppendHead(&piece);
  const SharedLock lock(index_->lock());
  AppendLinks(&piece);
  AppendVectors(&piece);
  return piece;
}

void ImageWriter::AppendHead(std::vector<uint8_t>* piece) {
  const size_t taken = std::min(head_.size() - head_at_, kPieceBytes);
  Append(head_.data() + head_at_, taken, piece);
  head_at_ += taken;
}

void ImageWriter::AppendLinks(std::vector<uint8_t>* piece) {
  const Graph& graph = index_->graph();
  for (; links_at_ < count_ && piece->size() < kPieceBytes; ++links_at_) {
    for (int level = 0; level <= graph.level(links_at_); ++level) {
      std::span<const uint32_t> links = graph.Links(links_at_, level);
      if (kept_->Take(links_at_, level, &links_)) links = links_;
      const auto links_count = static_cast<uint16_t>(links.size());
      Append(&links_count, sizeof links_count, piece);
      Append(links.data(), links.size_bytes(), piece);
    }
  }
  kept_->Pass(links_at_);
}

void ImageWriter::AppendVectors(std::vector<uint8_t>* piece) {
  for (; vectors_at_ < count_ && piece->size() < kPieceBytes; ++vectors_at_)
    Append(index_->graph().Data(vectors_at_), vector_bytes_, piece);
}

}  // namespace hypermesh::hnsw
