import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { readExamples } from '../../src/data/read-examples.ts'
import { knownRepository } from '../../src/hub/download/snapshot.ts'
import { dataFiles } from '../../src/runs/load/load-data.ts'
import type { Example } from '../../src/squad/types.ts'

/** A data set that the starter model is trained on or evaluated with. */
export interface SourceFacts {
  readonly title: string
  /** Name, configuration and split on the hub. */
  readonly hub: { readonly name: string; readonly config: string; readonly split: string }
  readonly license: string
  readonly attribution: string
}

const WIKIPEDIA = 'The texts are from Wikipedia and its contributors.'

export const SOURCES = {
  squad: {
    title: 'SQuAD v1.1, training set',
    hub: { name: 'rajpurkar/squad', config: 'plain_text', split: 'train' },
    license: 'CC BY-SA 4.0',
    attribution: `Rajpurkar, Zhang, Lopyrev, Liang: "SQuAD: 100,000+ Questions for Machine Comprehension of Text" (2016). ${WIKIPEDIA}`,
  },
  tydi: {
    title: 'TyDi QA v1.1, gold passage task, English part of the training set',
    hub: { name: 'google-research-datasets/tydiqa', config: 'secondary_task', split: 'train' },
    license: 'CC BY-SA 3.0',
    attribution: `Clark, Choi, Collins, Garrette, Kwiatkowski, Nikolaev, Palomaki: "TyDi QA" (2020). ${WIKIPEDIA}`,
  },
  mlqa: {
    title: 'MLQA v1.0, English questions about English texts, development set',
    hub: { name: 'facebook/mlqa', config: 'mlqa.en.en', split: 'validation' },
    license: 'CC BY-SA 3.0',
    attribution: `Lewis, Oguz, Rinott, Riedel, Schwenk: "MLQA: Evaluating Cross-lingual Extractive Question Answering" (2019). ${WIKIPEDIA}`,
  },
} as const satisfies Record<string, SourceFacts>

export type StarterSource = keyof typeof SOURCES

export interface ReadSource {
  readonly facts: SourceFacts
  /** Whether the model is trained on it. */
  readonly trained: boolean
  /** The name on the hub with its commit, or the names of the files. */
  readonly origin: string
  /** SHA-256 of each file, by its name. */
  readonly digests: Readonly<Record<string, string>>
  readonly examples: readonly Example[]
}

/** Ids of TyDi QA begin with the language. */
const OTHER_LANGUAGE = /^(arabic|bengali|finnish|indonesian|japanese|korean|russian|swahili|telugu|thai)-/

/** Reads a data set from files, folders or names on the hub (default: the name in `SOURCES`). */
export async function readSource(
  source: StarterSource,
  given: readonly string[] = [],
  trained = true,
): Promise<ReadSource> {
  const facts: SourceFacts = SOURCES[source]
  const { name, config, split } = facts.hub
  const [origins, digests, examples]: [string[], Record<string, string>, Example[]] = [[], {}, []]
  for (const place of given.length > 0 ? given : [name]) {
    const files = await dataFiles(place, { split, config: place === name ? config : undefined })
    for (const file of files) digests[basename(file)] = await sha256(file)
    const isFile = files.length === 1 && files[0] === place
    const { commit } = (isFile ? undefined : await knownRepository('dataset', place, {}).catch(() => undefined)) ?? {}
    origins.push(commit ? `${place} at ${commit}` : basename(place))
    examples.push(...(await readExamples(files)).filter(({ id }) => !OTHER_LANGUAGE.test(id)))
  }
  return { facts, trained, origin: origins.join(', '), digests, examples }
}

export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
