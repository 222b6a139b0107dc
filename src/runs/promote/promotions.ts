/**
 * Which model is served in place of a model folder. `promote` records it in the folder itself, so that the path given to
 * `serve` stays the same and a restarted server serves the promoted model too.
 */
import { existsSync } from 'node:fs'
import { mkdir, readFile, realpath } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { z } from 'zod'
import { parseBoundedJson } from '../../bounded-json.ts'
import { SpanforgeError } from '../../errors.ts'
import { writeFileAtomic } from '../../files/atomic.ts'
import { cannotRead } from '../../files/binary-file.ts'

/** Folder within a model folder for what `promote` writes. */
export const PROMOTION_FOLDER = 'promotion'
const SERVED_FILE = 'served.json'

/** Maximum number of models to keep for --undo. */
const MAX_KEPT = 50

const PromotedModel = z.object({
  folder: z.string().min(1),
  revision: z.string(),
  promoted: z.iso.datetime(),
})

/** A model that is or was served in place of a folder. */
export interface PromotedModel {
  /** Absolute path. In the file, it is relative to the model folder, so that both can be moved or mounted together. */
  readonly folder: string
  readonly revision: string
  /** Time of the promotion, in ISO 8601 format. */
  readonly promoted: string
}

export interface Promotions {
  /** The model folder that the promotions belong to. */
  readonly place: string
  /** Contents of the file, which differ after each change; empty if there is no file. */
  readonly text: string
  /** Oldest first; the last one is served. Empty if no model was promoted. */
  readonly models: readonly PromotedModel[]
}

const ServedFile = z.object({ changed: z.iso.datetime(), models: z.array(PromotedModel).min(1) })

const servedFile = (place: string): string => join(place, PROMOTION_FOLDER, SERVED_FILE)

/** Contents of the file with the promotions of a folder; empty if there is none. */
export async function readPromotionsText(place: string): Promise<string> {
  const path = servedFile(place)
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return ''
    throw cannotRead(path, error)
  })
}

/** @throws SpanforgeError if the file with the promotions is not valid */
export async function readPromotions(place: string): Promise<Promotions> {
  const text = await readPromotionsText(place)
  if (text === '') return { place, text, models: [] }
  const { models } = parseServed(servedFile(place), text)
  const origin = await realpath(place)
  return { place, text, models: models.map((model) => ({ ...model, folder: resolve(origin, model.folder) })) }
}

function parseServed(path: string, text: string): z.output<typeof ServedFile> {
  try {
    return ServedFile.parse(parseBoundedJson(text))
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message
    throw new SpanforgeError(`${path}: not a list of promoted models: ${reason}`, {
      remedy: 'Remove the file to serve the model in its folder, and promote again.',
      cause,
    })
  }
}

/** Records the promoted models, of which the last one is served from now on. */
export async function writePromotions(place: string, models: readonly PromotedModel[]): Promise<void> {
  const origin = await realpath(place)
  const kept = models.slice(-MAX_KEPT).map((model) => ({ ...model, folder: relative(origin, model.folder) || '.' }))
  const file: z.input<typeof ServedFile> = { changed: new Date().toISOString(), models: kept }
  await mkdir(join(place, PROMOTION_FOLDER), { recursive: true })
  await writeFileAtomic(servedFile(place), `${JSON.stringify(file, null, 2)}\n`)
}

/**
 * The folders to load the model of a folder from, the best choice first: the promoted model, those promoted before it
 * from the newest to the oldest, and the folder itself.
 */
export const servedFolders = ({ place, models }: Promotions): string[] => [
  ...new Set([...models.map(({ folder }) => folder).reverse(), place]),
]

/** Whether models are promoted in place of a folder, so that servers use it. */
export const isServed = (place: string): boolean => existsSync(servedFile(place))
