import { basename, dirname, resolve } from 'node:path'
import { UsageError } from '../../errors.ts'
import { displayName } from './load-model.ts'

export interface ModelSource {
  readonly id: string
  /** Folder or hub name. */
  readonly source: string
}

/**
 * Assigns ids to models: NAME for `NAME=FOLDER`, otherwise the hub name or the last part of the folder's path,
 * preceded by its parent if the last part alone is ambiguous.
 * @throws UsageError if two models have the same id
 */
export function modelSources(given: readonly string[]): ModelSource[] {
  const named = given.map((text) => {
    const [, id, source] = /^([\w.-]+)=(.+)$/.exec(text) ?? []
    return id ? { id, source: source, isGiven: true } : { id: displayName(text), source: text, isGiven: false }
  })
  const counts = new Map<string, number>()
  for (const { id } of named) counts.set(id, (counts.get(id) ?? 0) + 1)
  const sources = named.map(({ id, source, isGiven }) => {
    const isUnique = isGiven || counts.get(id) === 1
    return { id: isUnique ? id : `${basename(dirname(resolve(source)))}/${id}`, source }
  })
  const twice = sources.find(({ id }, index) => sources.findIndex((other) => other.id === id) < index)
  if (twice)
    throw new UsageError(
      `two models have the same id ${twice.id}`,
      'Give each a unique name: first=FOLDER second=FOLDER',
    )
  return sources
}
