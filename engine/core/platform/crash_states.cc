#include "core/platform/crash_states.h"

#include <algorithm>
#include <cassert>

#include "core/base/random.h"

namespace hypergraph {
namespace {

constexpr CrashKind kEnumerable[] = {
    CrashKind::kKeepAll,    CrashKind::kLoseAll,       CrashKind::kPrefix,
    CrashKind::kTornAfter,  CrashKind::kTornBefore,    CrashKind::kDropOne,
    CrashKind::kDropSector, CrashKind::kEntriesPrefix, CrashKind::kDataPrefix};

// The write that holds the sector numbered `index` over all pending writes.
struct SectorPlace {
  size_t operation = 0;
  uint64_t sector = 0;
};
SectorPlace FindSector(const std::vector<const Operation*>& pending, uint64_t index) {
  for (size_t at = 0; at < pending.size(); ++at) {
    const uint64_t count = pending[at]->SectorCount();
    if (index < count) return {at, index};
    index -= count;
  }
  assert(false);
  return {};
}

// What of one pending operation reaches the disk: sectors [from, to) of a write without `hole`; of
// others everything unless to is 0.
struct Kept {
  uint64_t from = 0;
  uint64_t to = UINT64_MAX;
  uint64_t hole = UINT64_MAX;
};

class Chooser {
 public:
  Chooser(const std::vector<const Operation*>& pending, CrashVariant variant)
      : pending_(pending), variant_(variant) {
    if (variant.kind == CrashKind::kTornAfter || variant.kind == CrashKind::kTornBefore ||
        variant.kind == CrashKind::kDropSector) {
      place_ = FindSector(pending, variant.index);
    }
  }

  Kept Choose(size_t at) {
    constexpr Kept kAll{};
    constexpr Kept kNone{0, 0, UINT64_MAX};
    const bool is_entry = pending_[at]->IsEntry();
    switch (variant_.kind) {
      case CrashKind::kKeepAll:
      case CrashKind::kRandom:
        return kAll;
      case CrashKind::kLoseAll:
        return kNone;
      case CrashKind::kPrefix:
        return at <= variant_.index ? kAll : kNone;
      case CrashKind::kDropOne:
        return at == variant_.index ? kNone : kAll;
      case CrashKind::kTornAfter:
        if (at == place_.operation) return {0, place_.sector, UINT64_MAX};
        return at < place_.operation ? kAll : kNone;
      case CrashKind::kTornBefore:
        if (at == place_.operation) return {place_.sector, UINT64_MAX, UINT64_MAX};
        return at < place_.operation ? kAll : kNone;
      case CrashKind::kDropSector:
        return at == place_.operation ? Kept{0, UINT64_MAX, place_.sector} : kAll;
      case CrashKind::kEntriesPrefix:
        return !is_entry || entries_++ < variant_.index ? kAll : kNone;
      case CrashKind::kDataPrefix:
        return is_entry || data_++ < variant_.index ? kAll : kNone;
    }
    return kAll;
  }

 private:
  const std::vector<const Operation*>& pending_;
  CrashVariant variant_;
  SectorPlace place_;
  uint64_t entries_ = 0;
  uint64_t data_ = 0;
};

void ApplyKept(const Operation& operation, const Kept& kept, MemoryImage* image) {
  if (operation.kind != OperationKind::kWrite) {
    if (kept.to != 0) image->Apply(operation);
    return;
  }
  const uint64_t to = std::min(kept.to, operation.SectorCount());
  image->ApplySectors(operation, kept.from, std::min(to, kept.hole));
  if (kept.hole < to) image->ApplySectors(operation, kept.hole + 1, to);
}

void ApplyRandomly(const Operation& operation, Random* random, MemoryImage* image) {
  const uint64_t dice = random->Below(4);
  if (dice == 0) return;
  if (dice == 1 && operation.kind == OperationKind::kWrite) {
    for (uint64_t sector = 0; sector < operation.SectorCount(); ++sector) {
      if (random->Chance(0.5)) image->ApplySectors(operation, sector, sector + 1);
    }
    return;
  }
  image->Apply(operation);
}

}  // namespace

void CrashStates::MoveTo(size_t point) {
  assert(point < point_count());
  if (!begun_ || point < point_) {
    begun_ = true;
    point_ = 0;
    durable_ = initial_;
    pending_.clear();
    unsure_files_.clear();
    unsure_directories_.clear();
  }
  for (; point_ < point; ++point_) Take(record_[point_]);
}

void CrashStates::Take(const Operation& operation) {
  if (operation.kind == OperationKind::kSync) {
    if (operation.failed) unsure_files_.insert(operation.inode);
    if (unsure_files_.count(operation.inode) != 0) return;
    Settle(
        [&](const Operation& other) { return other.IsData() && other.inode == operation.inode; });
  } else if (operation.kind == OperationKind::kSyncDirectory) {
    if (operation.failed) unsure_directories_.insert(operation.path);
    if (unsure_directories_.count(operation.path) != 0) return;
    Settle([&](const Operation& other) {
      return other.IsEntry() && other.Directory() == operation.path;
    });
  } else {
    // The file is there from its making; only its name is at stake.
    if (operation.kind == OperationKind::kCreate) durable_.Writable(operation.inode);
    pending_.push_back(&operation);
  }
}

void CrashStates::Settle(const std::function<bool(const Operation&)>& is_durable) {
  size_t kept = 0;
  for (const Operation* operation : pending_) {
    if (is_durable(*operation)) {
      durable_.Apply(*operation);
    } else {
      pending_[kept++] = operation;
    }
  }
  pending_.resize(kept);
}

uint64_t CrashStates::Count(size_t point, CrashKind kind) {
  MoveTo(point);
  uint64_t entries = 0;
  uint64_t sectors = 0;
  for (const Operation* operation : pending_) {
    entries += operation->IsEntry() ? 1 : 0;
    sectors += operation->SectorCount();
  }
  const uint64_t count = pending_.size();
  switch (kind) {
    case CrashKind::kKeepAll:
      return 1;
    case CrashKind::kLoseAll:
      return count > 0 ? 1 : 0;
    case CrashKind::kPrefix:
      return count > 0 ? count - 1 : 0;
    case CrashKind::kTornAfter:
    case CrashKind::kTornBefore:
    case CrashKind::kDropSector:
      return sectors;
    case CrashKind::kDropOne:
      return count;
    case CrashKind::kEntriesPrefix:
      return entries;
    case CrashKind::kDataPrefix:
      return count - entries;
    case CrashKind::kRandom:
      return count > 0 ? UINT64_MAX : 0;
  }
  return 0;
}

std::vector<CrashVariant> CrashStates::Variants(size_t point, uint64_t each_max, uint64_t seed) {
  assert(each_max >= 2);
  Random random(seed ^ point);
  std::vector<CrashVariant> variants;
  for (const CrashKind kind : kEnumerable) {
    const uint64_t count = Count(point, kind);
    if (count <= each_max) {
      for (uint64_t index = 0; index < count; ++index) variants.push_back({kind, index});
      continue;
    }
    variants.push_back({kind, 0});
    variants.push_back({kind, count - 1});
    for (uint64_t drawn = 2; drawn < each_max; ++drawn) {
      variants.push_back({kind, random.Below(count)});
    }
  }
  if (!pending_.empty()) {
    for (uint64_t drawn = 0; drawn < each_max; ++drawn) {
      variants.push_back({CrashKind::kRandom, random.Next() >> 1});
    }
  }
  return variants;
}

std::unique_ptr<MemoryFileSystem> CrashStates::Materialize(size_t point, CrashVariant variant) {
  MoveTo(point);
  MemoryImage image = durable_;
  Chooser chooser(pending_, variant);
  Random random(variant.index);
  for (size_t at = 0; at < pending_.size(); ++at) {
    if (variant.kind == CrashKind::kRandom) {
      ApplyRandomly(*pending_[at], &random, &image);
    } else {
      ApplyKept(*pending_[at], chooser.Choose(at), &image);
    }
  }
  image.DropOrphans();
  std::set<uint64_t> named;
  for (const auto& [path, inode] : image.entries) named.insert(inode);
  std::erase_if(image.contents,
                [&](const auto& content) { return named.count(content.first) == 0; });
  return std::make_unique<MemoryFileSystem>(std::move(image));
}

}  // namespace hypergraph
