/** What opening found. */
export interface OpenReport {
  readonly created: boolean
  readonly commitsReplayed: number
  /** The torn end of the log: never acknowledged as `sync`. */
  readonly logBytesTruncated: number
  /** Acknowledged commits are unreadable; opened read-only. `Database.repair` keeps what is before. */
  readonly damagedLog: boolean
  readonly damagedFile: string
  readonly damageOffset: number
  /** Files in the directory that are none of the database's; left alone. */
  readonly unknownFiles: readonly string[]
}

/** Figures of a table; `records` are versions, `deleted` those replaced or deleted. */
export interface TableStats {
  readonly name: string
  readonly segments: number
  readonly records: number
  readonly deleted: number
  readonly bytes: number
}

/** Figures of an open database. */
export interface DatabaseStats {
  readonly seq: number
  /** The oldest commit that `asOf` reaches. */
  readonly historyFloor: number
  readonly nodeCount: number
  readonly symbolCount: number
  readonly segmentCount: number
  readonly segmentBytes: number
  readonly segmentRecords: number
  readonly memtableRecords: number
  readonly memtableBytes: number
  readonly logBytes: number
  readonly diskBytes: number
  readonly flushes: number
  readonly merges: number
  readonly commits: number
  readonly groupSyncs: number
  readonly tables: readonly TableStats[]
}

/** What reading everything found. */
export interface CheckReport {
  readonly filesChecked: number
  readonly bytesChecked: number
  readonly recordsChecked: number
  /** Empty: sound. */
  readonly faults: readonly string[]
}

/** What a backup did. */
export interface BackupReport {
  readonly filesLinked: number
  readonly filesCopied: number
  /** There already, from an earlier backup. */
  readonly filesKept: number
  readonly bytesCopied: number
  /** The last commit in it. */
  readonly seq: number
}

/** What a repair did. */
export interface RepairReport {
  readonly lastKept: number
  readonly bytesQuarantined: number
  /** Files in `quarantine/` with what could not be kept. */
  readonly quarantined: readonly string[]
}
