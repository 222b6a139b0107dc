/** The tables of an index. */
import { SpanforgeError } from '../errors.ts'
import { rowsOf, type SearchDatabase } from './search-database.ts'

/** Number of the layout. An index with another one must be created again. */
const FORMAT = 1

/** How words are reduced to stems: English with Porter's rules, or not at all. */
export const STEMMINGS = ['english', 'none'] as const
export type Stemming = (typeof STEMMINGS)[number]

/** Default number of passages that a model reads for a question. */
export const PASSAGES_READ = 5

/** Settings that all passages of an index share. */
export interface IndexSettings {
  readonly stemming: Stemming
}

export const DEFAULT_SETTINGS: IndexSettings = { stemming: 'english' }

/** Separates marks of footnotes and exponents from the word or unit before them. */
const SEPARATORS = 'separators ⁰¹²³⁴⁵⁶⁷⁸⁹'

export const tokenizerOf = ({ stemming }: IndexSettings): string =>
  `${stemming === 'english' ? 'porter ' : ''}unicode61 remove_diacritics 2 ${SEPARATORS}`

/** A document as listed by an index. */
export interface IndexedDocument {
  readonly id: number
  /** Name of the given folder and the path in it. */
  readonly name: string
  readonly type: string
  readonly title: string | null
  readonly pages: number | null
  readonly characters: number
  readonly passages: number
}

export const DOCUMENT_COLUMNS = 'id, name, type, title, pages, characters, passages'

export function createTables(database: SearchDatabase, settings: IndexSettings): void {
  database.exec(`
    create table facts(name text primary key, value text not null) without rowid;
    create table documents(
      id integer primary key, path text not null unique, name text not null, type text not null, title text,
      pages integer, characters integer not null default 0, passages integer not null default 0,
      bytes integer not null, modified integer not null, digest text, problem text
    );
    create table passages(
      id integer primary key, document integer not null, start integer not null, headings text not null,
      pages text not null, text text not null
    );
    create index passages_of_document on passages(document, start);
    create virtual table words using fts5(
      title, headings, text, content='', contentless_delete=1, tokenize='${tokenizerOf(settings)}'
    );
    create table frequent(term text primary key) without rowid;
  `)
  setFact(database, 'format', FORMAT)
  setFact(database, 'settings', settings)
}

export function setFact(database: SearchDatabase, name: string, value: unknown): void {
  database.run('insert or replace into facts values(?, ?)', [name, JSON.stringify(value)])
}

export function factOf<T>(database: SearchDatabase, name: string): T | undefined {
  const [row] = rowsOf<{ value: string }>(database, 'select value from facts where name = ?', [name])
  return row && JSON.parse(row.value)
}

/** @throws SpanforgeError for an index of another version of spanforge */
export function checkFormat(database: SearchDatabase, path: string): void {
  const found = factOf<number>(database, 'format')
  if (found !== FORMAT)
    throw new SpanforgeError(`${path}: found format ${found}, expected ${FORMAT}`, {
      remedy: 'It was written by another version of spanforge. Remove it and create the index again.',
    })
}
