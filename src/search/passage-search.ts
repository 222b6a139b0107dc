import { SEPARATOR } from '../documents/document.ts'
import type { Passage } from './passages.ts'
import {
  checkFormat,
  DOCUMENT_COLUMNS,
  factOf,
  type IndexedDocument,
  type IndexSettings,
  tokenizerOf,
} from './schema.ts'
import { reading, rowsOf, type SearchDatabase } from './search-database.ts'

/** A passage that was found for a question. */
export interface FoundPassage extends Passage {
  readonly id: number
  readonly document: IndexedDocument
  /** Score of BM25; higher is better. Comparable only between passages of the same question. */
  readonly relevance: number
}

export interface PassageSearchOptions {
  /** Maximum number of passages (default: 10). */
  readonly passages?: number
  /** Ids of the documents to search (default: all). */
  readonly documents?: readonly number[]
}

const DEFAULT_PASSAGES = 10

export interface IndexFacts {
  readonly documents: number
  readonly passages: number
  readonly characters: number
  /** Files that could not be read. */
  readonly problems: number
  readonly stemming: IndexSettings['stemming']
  /** Time of the last change, in ISO 8601 format. */
  readonly updated: string
}

/** Weights of title, headings and text. Measured with benchmarks/search.ts. */
const WEIGHTS = '0.5, 0.5, 1.0'

/** Maximum number of different words of a question. */
const MAX_WORDS = 100

interface PassageRow {
  readonly id: number
  readonly document: number
  readonly start: number
  readonly headings: string
  readonly pages: string
  readonly text: string
  readonly relevance: number
}

/** Searches the documents of an opened index. Runs in Node.js and in browsers. */
export abstract class PassageSearch {
  readonly facts: IndexFacts

  /**
   * `path` names the index in errors.
   * @throws SpanforgeError if the database is corrupted or not an index of this version
   */
  protected constructor(
    private readonly database: SearchDatabase,
    private readonly path: string,
  ) {
    this.facts = this.read(() => {
      checkFormat(database, path)
      const settings = factOf<IndexSettings>(database, 'settings')!
      // Holds the question while it is cut into terms as the passages were.
      database.exec(
        `create virtual table temp.question using fts5(word, tokenize='${tokenizerOf(settings)}');
         create virtual table temp.question_terms using fts5vocab(temp, question, instance)`,
      )
      return factsOf(database, settings)
    })
  }

  /** Finds the passages that share words with a question, best first. */
  search(question: string, { passages = DEFAULT_PASSAGES, documents }: PassageSearchOptions = {}): FoundPassage[] {
    return this.read((database) => {
      const match = this.matchOf(question)
      if (match === undefined) return []
      const filter = documents
        ? `and rowid in (select id from passages where document in (${documents.map(Number)}))`
        : ''
      const rows = rowsOf<PassageRow>(
        database,
        `select passages.*, relevance from
           (select rowid, -rank relevance from words where words match ? and rank match 'bm25(${WEIGHTS})' ${filter}
            order by rank limit ?) found
         join passages on passages.id = found.rowid order by relevance desc, passages.id`,
        [match, passages],
      )
      const known = new Map<number, IndexedDocument>()
      const documentOf = (id: number) => {
        if (!known.has(id)) known.set(id, this.document(id)!)
        return known.get(id)!
      }
      return rows.map(({ headings, pages, document, ...row }) => ({
        ...row,
        headings: JSON.parse(headings),
        pages: JSON.parse(pages),
        document: documentOf(document),
      }))
    })
  }

  /** Lists documents by name. `containing` is a part of the name or the title. */
  documents({ limit = -1, offset = 0, containing = '' } = {}): IndexedDocument[] {
    return this.read((database) =>
      rowsOf<IndexedDocument>(
        database,
        `select ${DOCUMENT_COLUMNS} from documents where problem is null and ${CONTAINING} order by name, id limit ? offset ?`,
        [containing, containing, limit, offset],
      ),
    )
  }

  countDocuments(containing = ''): number {
    return this.read(
      (database) =>
        rowsOf<{ n: number }>(database, `select count(*) n from documents where problem is null and ${CONTAINING}`, [
          containing,
          containing,
        ])[0].n,
    )
  }

  document(id: number): IndexedDocument | undefined {
    return this.read(
      (database) =>
        rowsOf<IndexedDocument>(
          database,
          `select ${DOCUMENT_COLUMNS} from documents where id = ? and problem is null`,
          [id],
        )[0],
    )
  }

  /** The texts of the passages of a document, in their order. */
  passagesOf(id: number): string[] {
    return this.read((database) =>
      rowsOf<Pick<PassageRow, 'text'>>(database, 'select text from passages where document = ? order by start', [id]),
    ).map(({ text }) => text)
  }

  /** The text of a document. Passages and answers have their offsets in it. */
  text(id: number): string {
    return this.read((database) => {
      let text = ''
      for (const { start, text: part } of rowsOf<Pick<PassageRow, 'start' | 'text'>>(
        database,
        'select start, text from passages where document = ? order by start',
        [id],
      )) {
        const gap = start - text.length
        text += (gap === SEPARATOR.length ? SEPARATOR : ' '.repeat(gap)) + part
      }
      return text
    })
  }

  private read<T>(body: (database: SearchDatabase) => T): T {
    return reading(this.path, () => body(this.database))
  }

  /** Returns the query for a question: its words without stop words and frequent words, or all words if there are no others. */
  private matchOf(question: string): string | undefined {
    const { database } = this
    const words = [...new Set<string>(question.match(/[\p{L}\p{N}\p{M}\p{Co}]+/gu))].slice(0, MAX_WORDS)
    if (words.length === 0) return undefined
    database.exec('delete from temp.question')
    for (const [i, word] of words.entries())
      database.run('insert into temp.question(rowid, word) values(?, ?)', [i + 1, word])
    const frequent = rowsOf<{ doc: number }>(
      database,
      'select doc from temp.question_terms where term in (select term from frequent)',
    )
    const isFrequent = new Set(frequent.map(({ doc }) => words[doc - 1]))
    const isEnglish = this.facts.stemming === 'english'
    const telling = words.filter((word) => !isFrequent.has(word) && !(isEnglish && STOP_WORDS.has(word.toLowerCase())))
    return (telling.length > 0 ? telling : words).map((word) => `"${word}"`).join(' OR ')
  }
}

const CONTAINING = "(instr(lower(name), lower(?)) > 0 or instr(lower(coalesce(title, '')), lower(?)) > 0)"

function factsOf(database: SearchDatabase, { stemming }: IndexSettings): IndexFacts {
  const [counts] = rowsOf<Omit<IndexFacts, 'stemming' | 'updated'>>(
    database,
    `select count(*) filter (where problem is null) documents, coalesce(sum(passages), 0) passages,
       coalesce(sum(characters), 0) characters, count(problem) problems from documents`,
  )
  return { ...counts, stemming, updated: factOf<string>(database, 'updated')! }
}

/**
 * English words that say how a question is asked rather than what it is about. In small collections they may be rare,
 * so that BM25 alone gives them a large weight.
 */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a an the of in on at to for from by with and or as is are was were be been do does did has have had how what which ' +
    'who whom whose where when why i you he she it we they me my your his her its our their this that these those can ' +
    'could should will would may might must not there'
  ).split(' '),
)
