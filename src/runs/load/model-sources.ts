import { basename, dirname, resolve } from 'node:path'
import { isStarter, STARTER_ABOUT } from '../../checkpoint/starter-model.ts'
import { UsageError } from '../../errors.ts'
import { displayName } from './load-model.ts'

export interface ModelSource {
  readonly id: string
  /** Folder or hub name. */
  readonly source: string
  /** What the model can do, for people who choose between models. */
  readonly about?: string
}

/**
 * Assigns ids to models: NAME for `NAME=FOLDER`, otherwise the hub name or the last part of the folder's path,
 * preceded by its parent if the last part alone is ambiguous. Sources are returned as they are.
 * @throws UsageError if two models have the same id
 */
export function modelSources(given: readonly (string | ModelSource)[]): ModelSource[] {
  const named = given.map((text) => {
    if (typeof text !== 'string') return { ...text, isGiven: true }
    const [, id, source] = /^([\w.-]+)=(.+)$/.exec(text) ?? []
    const found = id ? { id, source, isGiven: true } : { id: displayName(text), source: text, isGiven: false }
    return { ...found, about: isStarter(found.source) ? STARTER_ABOUT : undefined }
  })
  const counts = new Map<string, number>()
  for (const { id } of named) counts.set(id, (counts.get(id) ?? 0) + 1)
  const sources = named.map(({ id, source, about, isGiven }) => {
    const isUnique = isGiven || counts.get(id) === 1
    return { id: isUnique ? id : `${basename(dirname(resolve(source)))}/${id}`, source, about }
  })
  const twice = sources.find(({ id }, index) => sources.findIndex((other) => other.id === id) < index)
  if (twice)
    throw new UsageError(
      `two models have the same id ${twice.id}`,
      'Give each a unique name: first=FOLDER second=FOLDER',
    )
  return sources
}
