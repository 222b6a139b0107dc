/** SHA-256 digests for detecting changes of data or models under the same path. */
import { createHash, type Hash } from 'node:crypto'
import type { ModelConfig } from '../models/architecture.ts'
import type { FlatParameters } from '../models/flat-parameters.ts'
import type { SpanModel } from '../models/span-model.ts'
import type { Answer, LabeledWindow } from '../squad/types.ts'
import type { Tokenizer } from '../text/tokenizer.ts'

export interface DigestedQuestion {
  readonly id: string
  readonly question: string
  readonly context: string
  readonly answers?: readonly Answer[]
}

/** An incremental digest of questions, which does not depend on the format of the data file. */
export class QuestionsDigest {
  private readonly hash: Hash = createHash('sha256')

  add({ id, question, context, answers = [] }: DigestedQuestion): void {
    const given = answers.flatMap(({ text, answer_start }) => [text, answer_start])
    this.hash.update(`${JSON.stringify([id, question, context, ...given])}\n`)
  }

  end(): string {
    return this.hash.digest('hex')
  }
}

export function digestQuestions(questions: Iterable<DigestedQuestion>): string {
  const digest = new QuestionsDigest()
  for (const question of questions) digest.add(question)
  return digest.end()
}

/** Digest of the tokens and labels of windows. */
export function digestWindows(windows: Iterable<LabeledWindow>): string {
  const hash = createHash('sha256')
  for (const { example, input_ids, context_start, context_end, start_position, end_position } of windows) {
    hash.update(Int32Array.of(example, input_ids.length, context_start, context_end, start_position, end_position))
    hash.update(input_ids)
  }
  return hash.digest('hex')
}

export const digestTokenizer = ({ settings }: Tokenizer): string =>
  createHash('sha256').update(JSON.stringify(settings)).digest('hex')

/**
 * Digest of the configuration that affects computation. Excludes the deviation of new weights and fields that are only
 * saved.
 */
export function digestConfig({
  initializer_range,
  extra,
  ...computed
}: ModelConfig & { initializer_range?: number }): string {
  return createHash('sha256')
    .update(JSON.stringify(Object.entries(computed).sort()))
    .digest('hex')
}

/** Digest of all weights except those in `without`, such as a new head, which depends only on the seed. */
export function digestWeights(parameters: FlatParameters, without: readonly string[] = []): string {
  const hash = createHash('sha256')
  for (const { name } of parameters.entries)
    if (!without.includes(name)) hash.update(name).update(parameters.view(name))
  return hash.digest('hex')
}

/** Digest of the weights and the configuration of a model. */
export async function digestModel(model: SpanModel): Promise<string> {
  const parts = [await model.digest(), digestConfig(model.config)]
  return createHash('sha256').update(parts.join()).digest('hex')
}

/** Short digest of a model and its tokenizer. It is the same for equal weights in any folder. */
export async function modelRevision(model: SpanModel, tokenizer: Tokenizer): Promise<string> {
  const parts = [await model.digest(), digestConfig(model.config), digestTokenizer(tokenizer)]
  return createHash('sha256').update(parts.join()).digest('hex').slice(0, 16)
}
