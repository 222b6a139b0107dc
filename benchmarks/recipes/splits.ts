import { findLeaks } from '../../src/data/checks/leaks.ts'
import { contextsOf } from '../../src/data/checks/repeats.ts'
import { splitExamples } from '../../src/data/parts.ts'
import type { Example } from '../../src/squad/types.ts'

/** Lists of questions by the name of their source. */
export type BySource = Readonly<Record<string, readonly Example[]>>

export interface SplitSizes {
  readonly seed: number
  /** Number of questions of `set_aside_from` that are set aside for the final table. */
  readonly set_aside: number
  readonly set_aside_from: string
  /** Approximate number of questions for development, from all sources in proportion to their sizes. */
  readonly dev: number
}

export interface RecipeSplits {
  readonly train: BySource
  readonly dev: BySource
  readonly set_aside: readonly Example[]
  /** Number of questions left out because their context is nearly the same as one of the final table. */
  readonly left_out: Readonly<Record<string, number>>
}

/**
 * Splits the training sources by context. No context of `train` or `dev`, nor one that shares 13 consecutive words with
 * it, is in the other, among the questions set aside or in `tests`.
 * @throws Error if the sources cannot be split in this way
 */
export function recipeSplits(sources: BySource, tests: BySource, sizes: SplitSizes): RecipeSplits {
  const { seed, set_aside_from } = sizes
  const source = sources[set_aside_from]
  const [others, set_aside] = splitExamples(source, {
    seed,
    shares: [sizes.set_aside / source.length],
    by: 'context',
  }).parts
  if (set_aside.length !== sizes.set_aside) throw new Error(`set aside ${set_aside.length} questions`)
  const final = [...set_aside, ...Object.values(tests).flat()]
  const given = { ...sources, [set_aside_from]: others }
  const usable = mapSources(given, (examples) => partByLeaks(examples, final).clean)
  const share = sizes.dev / Object.values(usable).flat().length
  const parts = mapSources(
    usable,
    (examples) => splitExamples(examples, { seed, shares: [share], by: 'context' }).parts,
  )
  const splits = separate({
    train: mapSources(parts, ([train]) => train),
    dev: mapSources(parts, ([, dev]) => dev),
  })
  checkSplits(splits, final)
  const left_out = Object.fromEntries(
    Object.entries(usable).map(([name, examples]) => [name, given[name].length - examples.length]),
  )
  return { ...splits, set_aside, left_out }
}

type TrainAndDev = Pick<RecipeSplits, 'train' | 'dev'>

/** Moves questions from `dev` to `train` until no context in one is nearly the same as one in the other. */
function separate({ train, dev }: TrainAndDev): TrainAndDev {
  const parted = mapSources(dev, (examples) => partByLeaks(examples, Object.values(train).flat()))
  if (Object.values(parted).every(({ leaking }) => leaking.length === 0)) return { train, dev }
  return separate({
    train: mapSources(train, (examples, name) => [...examples, ...parted[name].leaking]),
    dev: mapSources(parted, ({ clean }) => clean),
  })
}

/** Divides examples by whether their context also occurs in `others`, entirely or in 13 consecutive words. */
function partByLeaks(examples: readonly Example[], others: readonly Example[]) {
  const contexts = contextsOf(examples)
  const found = new Set(findLeaks(contexts, contextsOf(others)).map(({ training }) => training))
  return {
    clean: examples.filter((_, i) => !found.has(contexts.of[i])),
    leaking: examples.filter((_, i) => found.has(contexts.of[i])),
  }
}

/** @throws Error if a context of one part occurs in another one, entirely or in 13 consecutive words */
function checkSplits({ train, dev }: TrainAndDev, final: readonly Example[]): void {
  const [trained, developed] = [train, dev].map((part) => Object.values(part).flat())
  for (const [part, others] of [
    [trained, developed],
    [trained, final],
    [developed, final],
  ] as const)
    if (partByLeaks(part, others).leaking.length > 0) throw new Error('a context is in two parts')
  for (const [name, examples] of Object.entries(dev))
    if (examples.length === 0) throw new Error(`no questions of ${name} for development`)
}

/** All questions, those of a source as often as `copies` says (default: once). Copies have ids of their own. */
export const withCopies = (sources: BySource, copies: Readonly<Record<string, number | undefined>>): Example[] =>
  Object.entries(sources).flatMap(([name, examples]) =>
    Array.from({ length: copies[name] ?? 1 }, (_, copy) =>
      copy === 0 ? examples : examples.map((example) => ({ ...example, id: `${example.id}-copy-${copy}` })),
    ).flat(),
  )

const mapSources = <T, U>(
  sources: Readonly<Record<string, T>>,
  map: (value: T, name: string) => U,
): Record<string, U> => Object.fromEntries(Object.entries(sources).map(([name, value]) => [name, map(value, name)]))
