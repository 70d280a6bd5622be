/** A constant as DuckDB writes it, with its DuckDB type. */
export interface ScanValue {
  readonly type: string
  readonly text: string | null
}

/** What is known of the rows that a scan needs. Columns are top-level names of the schema. */
export type ScanPredicate =
  | {
      readonly op: '=' | '!=' | '<' | '<=' | '>' | '>='
      readonly column: string
      readonly value: ScanValue
    }
  | { readonly op: 'in'; readonly column: string; readonly values: readonly ScanValue[] }
  | { readonly op: 'is-null' | 'is-not-null'; readonly column: string }
  | { readonly op: 'and' | 'or'; readonly children: readonly ScanPredicate[] }
