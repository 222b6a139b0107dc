/** The search in the index of a site. Loaded by the reader if the site has one. */
import sqlite3InitModule, { type Database } from '@sqlite.org/sqlite-wasm'
import { PassageSearch } from '../../src/search/passage-search.ts'
import type { SqlValue } from '../../src/search/search-database.ts'

/** Storage of the browser, which is not used. Without this, SQLite would look for it and start a worker. */
const disable = { vfs: { kvvfs: true, opfs: true, 'opfs-vfs': true, 'opfs-sahpool': true, 'opfs-wl': true } }

/**
 * Opens the database of an index with the WebAssembly code of SQLite. `path` names the index in errors.
 * @throws SpanforgeError if the database is not an index
 */
export async function openSearch(code: ArrayBuffer, database: ArrayBuffer, path: string): Promise<PassageSearch> {
  Object.assign(globalThis, { sqlite3ApiConfig: { disable } })
  const { oo1, capi, wasm } = await (sqlite3InitModule as (module: object) => ReturnType<typeof sqlite3InitModule>)({
    wasmBinary: code,
  })
  const opened = new oo1.DB()
  const bytes = wasm.allocFromTypedArray(new Uint8Array(database))
  const { byteLength: size } = database
  const flags = capi.SQLITE_DESERIALIZE_FREEONCLOSE | capi.SQLITE_DESERIALIZE_READONLY
  opened.checkRc(capi.sqlite3_deserialize(opened.pointer!, 'main', bytes, size, size, flags))
  return new SiteSearch(opened, path)
}

class SiteSearch extends PassageSearch {
  constructor(database: Database, path: string) {
    const adapter = {
      exec: (sql: string) => void database.exec(sql),
      run: (sql: string, values: SqlValue[]) => void database.exec({ sql, bind: values }),
      all: (sql: string, values: SqlValue[]) => database.selectObjects(sql, values),
    }
    super(adapter, path)
  }
}
