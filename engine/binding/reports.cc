#include "binding/reports.h"

#include <cstdio>
#include <string_view>

namespace hypergraph::binding {
namespace {

class JsonObject {
 public:
  JsonObject& Put(std::string_view name, uint64_t number) {
    Name(name);
    text_ += std::to_string(number);
    return *this;
  }
  JsonObject& Put(std::string_view name, bool flag) {
    Name(name);
    text_ += flag ? "true" : "false";
    return *this;
  }
  JsonObject& Put(std::string_view name, const std::string& text) {
    Name(name);
    PutText(text);
    return *this;
  }
  JsonObject& Put(std::string_view name, const std::vector<std::string>& texts) {
    Name(name);
    text_ += '[';
    for (const std::string& text : texts) {
      if (text_.back() != '[') text_ += ',';
      PutText(text);
    }
    text_ += ']';
    return *this;
  }
  JsonObject& PutObjects(std::string_view name, const std::vector<std::string>& objects) {
    Name(name);
    text_ += '[';
    for (const std::string& object : objects) {
      if (text_.back() != '[') text_ += ',';
      text_ += object;
    }
    text_ += ']';
    return *this;
  }
  std::string Take() { return std::move(text_) + '}'; }

 private:
  void Name(std::string_view name) {
    if (text_.size() > 1) text_ += ',';
    PutText(name);
    text_ += ':';
  }
  void PutText(std::string_view text) {
    text_ += '"';
    for (const char byte : text) {
      if (static_cast<unsigned char>(byte) < 0x20) {
        char escaped[8];
        std::snprintf(escaped, sizeof escaped, "\\u%04x", byte);
        text_ += escaped;
        continue;
      }
      if (byte == '"' || byte == '\\') text_ += '\\';
      text_ += byte;
    }
    text_ += '"';
  }
  std::string text_ = "{";
};

}  // namespace

std::string ToJson(const OpenReport& report) {
  return JsonObject()
      .Put("created", report.created)
      .Put("commitsReplayed", report.commits_replayed)
      .Put("logBytesTruncated", report.log_bytes_truncated)
      .Put("damagedLog", report.damaged_log)
      .Put("damagedFile", report.damaged_file)
      .Put("damageOffset", report.damage_offset)
      .Put("unknownFiles", report.unknown_files)
      .Take();
}

std::string ToJson(const DatabaseStats& stats) {
  std::vector<std::string> tables;
  for (const DatabaseStats::Table& table : stats.tables) {
    tables.push_back(JsonObject()
                         .Put("name", table.name)
                         .Put("segments", table.segments)
                         .Put("records", table.records)
                         .Put("deleted", table.deleted)
                         .Put("bytes", table.bytes)
                         .Take());
  }
  return JsonObject()
      .Put("seq", stats.seq)
      .Put("historyFloor", stats.history_floor)
      .Put("nodeCount", stats.node_count)
      .Put("symbolCount", stats.symbol_count)
      .Put("segmentCount", stats.segment_count)
      .Put("segmentBytes", stats.segment_bytes)
      .Put("segmentRecords", stats.segment_records)
      .Put("memtableRecords", stats.memtable_records)
      .Put("memtableBytes", stats.memtable_bytes)
      .Put("logBytes", stats.log_bytes)
      .Put("diskBytes", stats.disk_bytes)
      .Put("flushes", stats.flushes)
      .Put("merges", stats.merges)
      .Put("commits", stats.commits)
      .Put("groupSyncs", stats.group_syncs)
      .PutObjects("tables", tables)
      .Take();
}

std::string ToJson(const CheckReport& report) {
  return JsonObject()
      .Put("filesChecked", report.files_checked)
      .Put("bytesChecked", report.bytes_checked)
      .Put("recordsChecked", report.records_checked)
      .Put("faults", report.faults)
      .Take();
}

std::string ToJson(const BackupReport& report) {
  return JsonObject()
      .Put("filesLinked", report.files_linked)
      .Put("filesCopied", report.files_copied)
      .Put("filesKept", report.files_kept)
      .Put("bytesCopied", report.bytes_copied)
      .Put("seq", report.seq)
      .Take();
}

std::string ToJson(const RepairReport& report) {
  return JsonObject()
      .Put("lastKept", report.last_kept)
      .Put("bytesQuarantined", report.bytes_quarantined)
      .Put("quarantined", report.quarantined)
      .Take();
}

}  // namespace hypergraph::binding
