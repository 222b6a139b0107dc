/** What a search needs of SQLite, which is another build in browsers than in Node.js. */
import { SpanforgeError } from '../errors.ts'

export type SqlValue = string | number | null

export interface SearchDatabase {
  exec(sql: string): void
  run(sql: string, values: SqlValue[]): void
  all(sql: string, values: SqlValue[]): unknown[]
}

/** Returns rows of a query whose columns are known. */
export const rowsOf = <Row>(database: SearchDatabase, sql: string, values: SqlValue[] = []): Row[] =>
  database.all(sql, values) as Row[]

/** Runs `body`, and explains errors of SQLite as those of a corrupted index. */
export function reading<T>(path: string, body: () => T): T {
  try {
    return body()
  } catch (error) {
    if (error instanceof SpanforgeError) throw error
    throw new SpanforgeError(`${path}: cannot be read as an index (${(error as Error).message})`, {
      remedy: 'The file is truncated or corrupted. Remove it and create the index again.',
      cause: error,
    })
  }
}
