import { statSync } from 'node:fs'
import { basename, extname } from 'node:path'
import { DOCUMENT_ENDINGS, findDocuments } from '../../documents/find-documents.ts'
import { SpanforgeError, UsageError } from '../../errors.ts'
import type { AnnotatedPassage, NewEvent } from '../project/events.ts'
import { digestOf, type Project } from '../project/project.ts'
import { importKey, type ProjectState } from '../project/state.ts'
import { readDataFile } from './data-file.ts'
import { readDocuments } from './documents.ts'
import {
  type ImportCounts,
  type ImportedQuestion,
  type ImportOptions,
  noImports,
  type SkippedItem,
} from './imported.ts'

/**
 * Adds documents and data files to a project. What it already has stays as it is, so the same files can be given again.
 * @throws UsageError for a path that does not exist or has nothing to annotate
 */
export async function importPaths(
  project: Project,
  paths: readonly string[],
  options: ImportOptions = {},
): Promise<ImportCounts> {
  const counts = noImports()
  const documents = paths.filter(isDocument)
  if (documents.length > 0) await importDocuments(project, documents, counts, options)
  for (const path of paths) if (!isDocument(path)) await importDataFile(project, path, counts, basename(path))
  return counts
}

function isDocument(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) throw new UsageError(`${path}: does not exist`, 'Check the path.')
  return found.isDirectory() || DOCUMENT_ENDINGS.includes(extname(path).toLowerCase())
}

async function importDocuments(
  project: Project,
  paths: readonly string[],
  counts: ImportCounts,
  options: ImportOptions,
): Promise<void> {
  const found = await findDocuments(paths, options.signal)
  counts.skipped.push(...found.skipped)
  for await (const { name, digest, title, passages, problem } of readDocuments(found.documents, options)) {
    if (problem !== undefined) {
      counts.skipped.push({ name, reason: problem })
      continue
    }
    if (project.state.documents.get(name)?.digest === digest) continue
    counts.documents++
    counts.passages += newPassages(project.state, passages)
    await project.append([{ type: 'document', name, title, digest, passages: [...passages] }])
  }
}

/**
 * Adds the questions of a data file. `name` is the name of the file for documents and questions.
 * @throws SpanforgeError if no question can be read
 */
export async function importDataFile(
  project: Project,
  path: string,
  counts: ImportCounts,
  name: string,
): Promise<void> {
  const { state } = project
  const questions: ImportedQuestion[] = []
  const skipped: SkippedItem[] = []
  for await (const item of readDataFile(path, name)) {
    if ('reason' in item) skipped.push(item)
    else questions.push(item)
  }
  if (questions.length === 0) throw nothingRead(name, skipped)
  counts.skipped.push(...skipped)
  const byDocument = new Map<string, ImportedQuestion[]>()
  for (const question of questions) {
    const document = question.title ?? name
    if (!byDocument.has(document)) byDocument.set(document, [])
    byDocument.get(document)!.push(question)
  }
  const documents = [...byDocument].flatMap(([document, own]) => documentEvent(state, document, own))
  for (const { passages } of documents) counts.passages += newPassages(state, passages)
  counts.documents += documents.filter(({ name: document }) => !state.documents.has(document)).length
  if (documents.length > 0) await project.append(documents)

  const events: NewEvent[] = []
  const taken = new Set<string>()
  for (const question of questions) {
    const { passage, question: text, label, answers, comment, suggestion, isCorrected } = question
    const known = knownId(state, question)
    if (known !== undefined) {
      counts.known++
      if (!isCorrected || !answers || !hasOtherAnswers(state, known, answers)) continue
      counts.corrected++
      events.push({ type: 'given', id: known, answers: [...answers] })
      continue
    }
    const id = idsOf(question).find((one) => !state.imported.has(one) && !state.questions.has(one) && !taken.has(one))
    if (id === undefined) continue
    taken.add(id)
    events.push({
      ...{ type: 'imported', id, passage: passage.id, question: text, source: name },
      ...(label !== undefined && { label }),
      ...(answers && { answers: [...answers] }),
      ...(comment && { comment }),
      ...(suggestion && { suggestion }),
    } as NewEvent)
  }
  counts.questions += taken.size
  if (events.length > 0) await project.append(events)
}

function nothingRead(name: string, [first, ...others]: readonly SkippedItem[]): SpanforgeError {
  if (!first)
    return new SpanforgeError(`${name}: found no questions`, { remedy: 'Use a file that contains questions.' })
  const more = others.length > 0 ? `; and ${others.length.toLocaleString('en-US')} more problems` : ''
  return new SpanforgeError(`${first.name}: ${first.reason}${more}`, { remedy: `No question of ${name} can be read.` })
}

type DocumentEvent = Extract<NewEvent, { type: 'document' }>

/** Adds the passages of questions to a document. Empty if it has all of them. */
function documentEvent(state: ProjectState, name: string, questions: readonly ImportedQuestion[]): DocumentEvent[] {
  const known = state.documents.get(name)
  const passages = new Map<string, AnnotatedPassage>()
  for (const id of known?.passages ?? []) passages.set(id, stored(state.passage(id)))
  const before = passages.size
  for (const { passage } of questions) if (!passages.has(passage.id)) passages.set(passage.id, passage)
  if (known && passages.size === before) return []
  const digest = digestOf([...passages.keys()].join())
  return [{ type: 'document', name, title: known?.title, digest, passages: [...passages.values()] }]
}

const stored = ({ id, text, headings, page }: AnnotatedPassage): AnnotatedPassage => ({
  id,
  text,
  ...(headings && { headings }),
  ...(page !== undefined && { page }),
})

const newPassages = (state: ProjectState, passages: readonly AnnotatedPassage[]): number =>
  passages.filter(({ id }) => !state.passages.has(id)).length

/** The ids that an imported question may have: its own, or with a digest of its words if another question has it. */
function idsOf(question: ImportedQuestion): readonly string[] {
  const key = importKey({ ...question, passage: question.passage.id })
  return [question.id, `${question.id}-${digestOf(key).slice(0, 8)}`]
}

/** The id under which the project has a question already. */
function knownId({ imported }: ProjectState, question: ImportedQuestion): string | undefined {
  const key = importKey({ ...question, passage: question.passage.id })
  return idsOf(question).find((id) => imported.get(id) === key)
}

/** Whether the answers of a question differ from those imported before. Deleted questions stay deleted. */
function hasOtherAnswers({ questions }: ProjectState, id: string, answers: NonNullable<ImportedQuestion['answers']>) {
  const question = questions.get(id)
  return question !== undefined && JSON.stringify(question.given) !== JSON.stringify(answers)
}
