#include "core/storage/manifest_file.h"

#include <algorithm>

#include "core/base/bytes.h"
#include "core/base/crc32c.h"

namespace hypergraph {
namespace {

constexpr uint64_t kMagic = 0x0a0d464e414d4748;  // "HGMANF\r\n"
constexpr size_t kManifestHeaderBytes = 32;

std::vector<uint8_t> EncodeHeader(ByteView content) {
  ByteWriter out;
  out.Put(kMagic);
  out.Put(kManifestVersion);
  out.Put(~kManifestVersion);
  out.Put(uint64_t{content.size()});
  out.Put(uint32_t{0});
  out.Put(Crc32cExtend(Crc32c(out.view()), content));
  return std::move(out.bytes());
}

Status WriteTemporary(FileSystem& files, const std::string& path, ByteView content) {
  const Status removed = files.Remove(path);  // What an earlier process left.
  if (!removed.ok() && removed.code() != Code::kNotFound) return removed;
  StatusOr<std::unique_ptr<File>> file = files.Create(path);
  if (!file.ok()) return file.status();
  HG_RETURN_IF_ERROR(file.value()->WriteAt(0, EncodeHeader(content)));
  HG_RETURN_IF_ERROR(file.value()->WriteAt(kManifestHeaderBytes, content));
  return file.value()->SyncData();
}

Status ReadWhole(FileSystem& files, const std::string& path, std::vector<uint8_t>* bytes) {
  StatusOr<std::unique_ptr<File>> file = files.OpenForRead(path);
  if (!file.ok()) return file.status();
  const StatusOr<uint64_t> file_bytes = file.value()->Size();
  if (!file_bytes.ok()) return file_bytes.status();
  if (file_bytes.value() > kManifestHeaderBytes + kManifestContentBytesMax) {
    return {Code::kCorrupt, path + " has " + std::to_string(file_bytes.value()) + " bytes"};
  }
  bytes->resize(file_bytes.value());
  size_t count = 0;
  HG_RETURN_IF_ERROR(file.value()->ReadAt(0, *bytes, &count));
  bytes->resize(count);
  return Status::Ok();
}

}  // namespace

Status ReplaceManifest(FileSystem& files, const std::string& directory, ByteView content) {
  if (content.size() > kManifestContentBytesMax) {
    return {Code::kTooLarge,
            "the manifest would have " + std::to_string(content.size()) + " bytes"};
  }
  const std::string path = directory + "/" + kManifestName;
  const std::string temporary = directory + "/" + kManifestTemporaryName;
  const Status written = WriteTemporary(files, temporary, content);
  if (!written.ok()) {
    (void)files.Remove(temporary);  // Best effort: it is replaced or ignored.
    return written;
  }
  Status status = files.Rename(temporary, path);
  if (status.ok()) status = files.SyncDirectory(directory);
  // Not kStorageFull: that promises that the old one stands.
  if (status.code() == Code::kStorageFull) return {Code::kIo, status.message()};
  return status;
}

Status ReadManifest(FileSystem& files, const std::string& directory,
                    std::vector<uint8_t>* content) {
  const std::string path = directory + "/" + kManifestName;
  std::vector<uint8_t> bytes;
  HG_RETURN_IF_ERROR(ReadWhole(files, path, &bytes));
  const Status damaged{Code::kCorrupt, path + " is damaged; restore a backup"};
  const Status foreign{Code::kNotADatabase, path + " is no manifest of this engine"};
  if (bytes.size() < kManifestHeaderBytes) {
    const bool ours = bytes.size() >= 8 && LoadUnaligned<uint64_t>(bytes.data()) == kMagic;
    return ours ? damaged : foreign;
  }
  const bool has_magic = LoadUnaligned<uint64_t>(bytes.data()) == kMagic;
  const auto version = LoadUnaligned<uint32_t>(bytes.data() + 8);
  const bool has_version = LoadUnaligned<uint32_t>(bytes.data() + 12) == ~version;
  if (has_magic && has_version && version > kManifestVersion) {
    return {Code::kNewerFormat, path + " has format " + std::to_string(version) +
                                    ", this program reads up to " +
                                    std::to_string(kManifestVersion)};
  }
  const auto rest = ByteView(bytes).subspan(kManifestHeaderBytes);
  const std::vector<uint8_t> right = EncodeHeader(rest);
  const bool sound = std::equal(right.begin() + 8, right.end(), bytes.begin() + 8);
  if (!has_magic) return sound ? damaged : foreign;  // Sound but for its magic: it was ours.
  if (!sound) return damaged;
  content->assign(rest.begin(), rest.end());
  return Status::Ok();
}

}  // namespace hypergraph
