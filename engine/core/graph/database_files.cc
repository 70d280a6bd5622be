#include "core/graph/database_files.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace hypergraph {
namespace {

constexpr std::string_view kImmutableSuffix = ".hg";
constexpr std::string_view kLogPrefix = "wal-";
constexpr std::string_view kLogSuffix = ".log";
constexpr std::string_view kTemporarySuffix = ".tmp";
constexpr size_t kDigits = 16;
constexpr size_t kCopyBytes = 1 << 20;
constexpr std::array<std::string_view, 5> kImmutablePrefixes = {"seg-", "psi-", "del-", "dict-",
                                                                "clock-"};

std::string Hexadecimal(uint64_t number) {
  std::string text(kDigits, '0');
  for (size_t at = kDigits; number != 0; number >>= 4) text[--at] = "0123456789abcdef"[number & 15];
  return text;
}

// Of exactly the form that Hexadecimal gives, so that no two names mean one file.
bool ParseNumber(std::string_view text, uint64_t* number) {
  if (text.size() != kDigits) return false;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), *number, 16);
  return result.ec == std::errc() && Hexadecimal(*number) == text;
}

bool ParseBetween(std::string_view name, std::string_view prefix, std::string_view suffix,
                  uint64_t* number) {
  return name.size() > prefix.size() + suffix.size() && name.starts_with(prefix) &&
         name.ends_with(suffix) &&
         ParseNumber(name.substr(prefix.size(), name.size() - prefix.size() - suffix.size()),
                     number);
}

std::string ImmutableName(size_t prefix, uint64_t file_id) {
  return std::string(kImmutablePrefixes[prefix]) + Hexadecimal(file_id) +
         std::string(kImmutableSuffix);
}

}  // namespace

std::string SegmentName(uint64_t file_id) { return ImmutableName(0, file_id); }
std::string PropertyIndexName(uint64_t file_id) { return ImmutableName(1, file_id); }
std::string DeletionsName(uint64_t file_id) { return ImmutableName(2, file_id); }
std::string DictionaryName(uint64_t file_id) { return ImmutableName(3, file_id); }
std::string ClockName(uint64_t file_id) { return ImmutableName(4, file_id); }
std::string LogName(uint64_t log_number) {
  return std::string(kLogPrefix) + Hexadecimal(log_number) + std::string(kLogSuffix);
}

ParsedName ParseName(std::string_view name) {
  ParsedName parsed;
  if (name == kManifestName) parsed.kind = NameKind::kManifest;
  if (name == kLockName) parsed.kind = NameKind::kLock;
  if (name == kQuarantineName) parsed.kind = NameKind::kQuarantine;
  if (ParseBetween(name, kLogPrefix, kLogSuffix, &parsed.number)) parsed.kind = NameKind::kLog;
  for (const std::string_view prefix : kImmutablePrefixes) {
    if (ParseBetween(name, prefix, kImmutableSuffix, &parsed.number)) {
      parsed.kind = NameKind::kImmutable;
    }
  }
  if (name.ends_with(kTemporarySuffix)) {
    // Only of what is made under such a name: others' files are not ours to remove.
    const ParsedName whole = ParseName(name.substr(0, name.size() - kTemporarySuffix.size()));
    const bool ours = whole.kind == NameKind::kManifest || whole.kind == NameKind::kImmutable;
    if (ours) parsed.kind = NameKind::kTemporary;
  }
  return parsed;
}

Status SyncParent(FileSystem& files, const std::string& directory) {
  const size_t end = directory.find_last_not_of('/');
  if (end == std::string::npos) return Status::Ok();  // The root.
  const size_t slash = directory.rfind('/', end);
  const std::string parent =
      slash == std::string::npos ? "." : directory.substr(0, std::max<size_t>(slash, 1));
  // A file system in memory may know no parent.
  return parent == "/" || files.Exists(parent) ? files.SyncDirectory(parent) : Status::Ok();
}

Status CopyFile(FileSystem& files, const std::string& from, const std::string& to,
                uint64_t* copied) {
  const std::string temporary = to + std::string(kTemporarySuffix);
  if (files.Exists(temporary)) HG_RETURN_IF_ERROR(files.Remove(temporary));
  auto source = files.OpenForRead(from);
  if (!source.ok()) return source.status();
  auto target = files.Create(temporary);
  if (!target.ok()) return target.status();
  std::vector<uint8_t> bytes(kCopyBytes);
  uint64_t offset = 0;
  while (true) {
    size_t count = 0;
    HG_RETURN_IF_ERROR((*source)->ReadAt(offset, bytes, &count));
    if (count == 0) break;
    HG_RETURN_IF_ERROR((*target)->WriteAt(offset, ByteView(bytes).first(count)));
    offset += count;
  }
  HG_RETURN_IF_ERROR((*target)->SyncData());
  *copied += offset;
  return files.Rename(temporary, to);
}

std::string JoinPath(const std::string& directory, std::string_view name) {
  std::string path = directory;
  if (path.empty() || path.back() != '/') path += '/';
  return path.append(name);
}

}  // namespace hypergraph
