/**
 * SQLite with full-text search, as WebAssembly that opens files. It locks a file by creating a folder next to it, which
 * a killed process leaves behind. So spanforge writes a database only under its own lock, and reads it through a link of its own.
 */

import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type sqlite from 'node-sqlite3-wasm'

export type Database = InstanceType<typeof sqlite.Database>

/** Path of the index in its folder. The file is always complete. */
export const indexFile = (folder: string): string => join(folder, 'index.db')

/** Loaded on demand, because compiling it takes a moment that other commands and programs need not wait for. */
const load = (): typeof sqlite => createRequire(import.meta.url)('node-sqlite3-wasm')

/** Cached pages in kB, beside which SQLite needs little memory. */
const CACHE = 32_768

/** A database that cannot change while it is open: its file is replaced as a whole. */
export interface OpenDatabase {
  readonly database: Database
  close(): void
}

/**
 * Opens a database for reading. Any number of processes may do so, also from a read-only file system, and while another
 * process replaces the file.
 */
export function openToRead(path: string): OpenDatabase {
  const folder = mkdtempSync(join(tmpdir(), 'spanforge-index-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    const link = join(folder, 'index.db')
    symlinkSync(resolve(path), link)
    const database = new (load().Database)(link, { readOnly: true, fileMustExist: true })
    process.once('exit', remove)
    database.exec(`pragma cache_size = -${CACHE}`)
    return {
      database,
      close() {
        if (database.isOpen) database.close()
        process.off('exit', remove)
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

/** Opens a database for writing. The caller must hold a lock that guards `path`. */
export function openToWrite(path: string): Database {
  rmSync(`${path}.lock`, { recursive: true, force: true })
  const database = new (load().Database)(path)
  database.exec(`pragma cache_size = -${CACHE}; pragma journal_mode = delete; pragma synchronous = full`)
  return database
}

/** Runs `body` in a transaction. */
export function inTransaction<T>(database: Database, body: () => T): T {
  database.exec('begin immediate')
  try {
    const result = body()
    database.exec('commit')
    return result
  } catch (error) {
    if (database.inTransaction) database.exec('rollback')
    throw error
  }
}
