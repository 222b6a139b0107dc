import { constants, existsSync } from 'node:fs'
import { copyFile, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ReadDocument } from '../documents/document.ts'
import type { DocumentLimits } from '../documents/document-reader.ts'
import type { FoundDocument } from '../documents/find-documents.ts'
import { flushFolder } from '../files/atomic.ts'
import { assertLocksHeld } from '../files/lock.ts'
import { type Database, indexFile, inTransaction, openToWrite } from './database.ts'
import { cutPassages } from './passages.ts'
import { checkFormat, createTables, factOf, type IndexSettings, setFact } from './schema.ts'
import { rowsOf } from './search-database.ts'

/** The facts about a file that an index stores, to detect whether the file has changed. */
export interface KnownFile {
  readonly id: number
  readonly path: string
  readonly name: string
  readonly bytes: number
  readonly modified: number
  readonly digest: string | null
  /** Why the file could not be read. */
  readonly problem: string | null
}

/** Terms that occur in more than this share of the passages do not help to tell passages apart, and cost time. */
const FREQUENT_SHARE = 0.2
/** Minimum number of passages for leaving out frequent terms. */
const MIN_PASSAGES = 500

/** Commits after this many characters of text, so that little is lost if the process is killed. */
const BATCH_CHARACTERS = 2_000_000

/**
 * Changes an index in a copy next to it, `index.db.partial`, which replaces the index at the end. If the process is
 * killed, the index is as before, and the next writer resumes with the documents that were committed to the copy.
 */
export class IndexWriter {
  private pending = 0

  private constructor(
    private readonly path: string,
    private readonly database: Database,
    /** Whether an interrupted run left the copy. */
    readonly isResumed: boolean,
  ) {}

  /**
   * The caller must hold a lock that guards the folder. With `overwrite`, the new index is empty: neither the existing
   * one nor the copy of an interrupted run is used.
   */
  static async open(folder: string, settings: IndexSettings, overwrite = false): Promise<IndexWriter> {
    const path = indexFile(folder)
    const partial = `${path}.partial`
    const resumed = overwrite ? undefined : resumable(partial, settings)
    if (resumed) return new IndexWriter(path, resumed, true)
    for (const suffix of ['', '-journal']) await rm(`${partial}${suffix}`, { force: true })
    if (existsSync(path) && !overwrite) {
      const copy = `${partial}.copy`
      await copyFile(path, copy, constants.COPYFILE_FICLONE)
      await rename(copy, partial)
      return new IndexWriter(path, openToWrite(partial), false)
    }
    const database = openToWrite(partial)
    inTransaction(database, () => createTables(database, settings))
    return new IndexWriter(path, database, false)
  }

  get known(): KnownFile[] {
    return knownFiles(this.database)
  }

  /** Limits of the last complete update. */
  get limits(): DocumentLimits | undefined {
    return factOf(this.database, 'limits')
  }

  /** Adds a document, or replaces the one with the same path. Returns the number of its passages. */
  put(file: FoundDocument, digest: string, document: ReadDocument): number {
    assertLocksHeld(this.path)
    this.begin()
    const id = this.putFile(file, { digest })
    const passages = cutPassages(document)
    const { title = null, pages = null, text } = document
    this.database.run('update documents set title = ?, pages = ?, characters = ?, passages = ? where id = ?', [
      ...[title, pages, text.length, passages.length, id],
    ])
    const insert = this.database.prepare(
      'insert into passages(document, start, headings, pages, text) values(?, ?, ?, ?, ?)',
    )
    const insertWords = this.database.prepare('insert into words(rowid, title, headings, text) values(?, ?, ?, ?)')
    try {
      for (const { start, headings, pages, text } of passages) {
        const { lastInsertRowid } = insert.run([id, start, JSON.stringify(headings), JSON.stringify(pages), text])
        insertWords.run([lastInsertRowid, title ?? file.name, headings.join('\n'), text])
      }
    } finally {
      insert.finalize()
      insertWords.finalize()
    }
    this.count(text.length + 1000)
    return passages.length
  }

  /** Records why a file could not be read, so that it is not read again until it changes. */
  putProblem(file: FoundDocument, digest: string | undefined, problem: string): void {
    assertLocksHeld(this.path)
    this.begin()
    this.putFile(file, { digest, problem })
    this.count(1000)
  }

  /** Records another time or name of a file whose contents have not changed. */
  touch({ path, name, bytes, modified }: FoundDocument): void {
    this.begin()
    this.database.run('update documents set name = ?, bytes = ?, modified = ? where path = ?', [
      ...[name, bytes, modified, path],
    ])
    this.count(100)
  }

  remove(id: number): void {
    assertLocksHeld(this.path)
    this.begin()
    this.removePassages(id)
    this.database.run('delete from documents where id = ?', [id])
    this.count(1000)
  }

  /** Replaces the index with the changed copy. */
  async finish(sources: readonly string[], limits: DocumentLimits): Promise<void> {
    const { database, path } = this
    assertLocksHeld(path)
    this.commit()
    inTransaction(database, () => {
      database.exec("insert into words(words) values('optimize')")
      noteFrequentTerms(database)
      setFact(database, 'sources', sources)
      setFact(database, 'limits', limits)
      setFact(database, 'updated', new Date().toISOString())
    })
    database.close()
    const partial = `${path}.partial`
    const file = await open(partial, 'r+')
    // SQLite creates files that only their owner may read.
    await file.chmod(0o666 & ~process.umask())
    await file.sync()
    await file.close()
    assertLocksHeld(path)
    await rename(partial, path)
    await flushFolder(dirname(path))
  }

  /** Keeps the changes so far for the next writer. */
  leave(): void {
    if (!this.database.isOpen) return
    this.commit()
    this.database.close()
  }

  private begin(): void {
    if (!this.database.inTransaction) this.database.exec('begin immediate')
  }

  private count(characters: number): void {
    this.pending += characters
    if (this.pending >= BATCH_CHARACTERS) this.commit()
  }

  private commit(): void {
    if (this.database.inTransaction) this.database.exec('commit')
    this.pending = 0
  }

  private putFile(file: FoundDocument, { digest, problem }: { digest?: string; problem?: string }): number {
    const { path, name, type, bytes, modified } = file
    const [before] = rowsOf<{ id: number }>(this.database, 'select id from documents where path = ?', [path])
    if (before) this.removePassages(before.id)
    this.database.run(
      `insert into documents(path, name, type, bytes, modified, digest, problem) values(?, ?, ?, ?, ?, ?, ?)
       on conflict(path) do update set name = excluded.name, type = excluded.type, bytes = excluded.bytes,
         modified = excluded.modified, digest = excluded.digest, problem = excluded.problem, title = null, pages = null,
         characters = 0, passages = 0`,
      [path, name, type, bytes, modified, digest ?? null, problem ?? null],
    )
    return rowsOf<{ id: number }>(this.database, 'select id from documents where path = ?', [path])[0].id
  }

  private removePassages(document: number): void {
    this.database.run('delete from words where rowid in (select id from passages where document = ?)', [document])
    this.database.run('delete from passages where document = ?', [document])
  }
}

/** Opens the copy that an interrupted run left, if it is usable and has the same settings. */
function resumable(partial: string, settings: IndexSettings): Database | undefined {
  if (!existsSync(partial)) return undefined
  let database: Database | undefined
  try {
    database = openToWrite(partial)
    checkFormat(database, partial)
    if (JSON.stringify(factOf(database, 'settings')) === JSON.stringify(settings)) return database
  } catch {
    // The copy cannot be used, and the index itself is complete.
  }
  if (database?.isOpen) database.close()
  return undefined
}

/** Returns the stored facts about all files of an index. */
export const knownFiles = (database: Database): KnownFile[] =>
  rowsOf<KnownFile>(database, 'select id, path, name, bytes, modified, digest, problem from documents')

/** Stores the terms that occur in too many passages to be useful, such as "the". */
function noteFrequentTerms(database: Database): void {
  database.exec('delete from frequent')
  const [{ passages }] = rowsOf<{ passages: number }>(database, 'select count(*) passages from passages')
  if (passages < MIN_PASSAGES) return
  database.exec("create virtual table temp.terms using fts5vocab(main, words, 'row')")
  database.run('insert into frequent select term from temp.terms where doc > ?', [FREQUENT_SHARE * passages])
  database.exec('drop table temp.terms')
}
