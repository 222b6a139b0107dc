import { readFileSync } from 'node:fs'
import type { Row } from '../src/batching/pack.ts'
import { QuestionAnsweringModel } from '../src/models/question-answering.ts'
import { parseConfig } from '../src/models/registry.ts'
import type { Engine } from '../src/runtime/engine.ts'
import { defaultEngine } from '../src/runtime/registry.ts'
import type { Dataset } from '../src/squad/dataset.ts'
import type { Label } from '../src/squad/types.ts'
import { fixture, fixtureJson } from './fixture.ts'
import { readRecorded } from './read-safetensors.ts'

/** The fields of all architectures. */
const NO_DROPOUT = {
  ...{ hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 },
  ...{ embedding_dropout: 0, mlp_dropout: 0, classifier_dropout: 0 },
  ...{ dropout: 0, attention_dropout: 0, qa_dropout: 0 },
}

/** Loads a small random model from a folder of tests/fixtures/tiny (default: without dropout). */
export function tinyModel(
  folder: string,
  engine: Engine = defaultEngine,
  { dropout = false } = {},
): QuestionAnsweringModel {
  const config = JSON.parse(readFileSync(fixture(`tiny/${folder}/config.json`), 'utf8'))
  const model = new QuestionAnsweringModel(parseConfig({ ...config, ...(!dropout && NO_DROPOUT) }, folder), engine)
  for (const [name, { data }] of Object.entries(readRecorded(fixture(`tiny/${folder}/model.safetensors`))))
    model.parameters.view(name).set(data)
  return model
}

/** Returns a model with the same weights and without dropout. */
export function withoutDropout({ config, engine, parameters }: QuestionAnsweringModel): QuestionAnsweringModel {
  const model = new QuestionAnsweringModel({ ...config, ...NO_DROPOUT }, engine)
  model.parameters = parameters
  return model
}

export interface RecordedBatch {
  readonly rows: readonly Row[]
  readonly spans: readonly Label[]
}

/** A batch in the format of transformers: input_ids, token_type_ids, attention_mask [rows, length], and positions. */
export function recordedBatch(path: string): RecordedBatch {
  const batch = readRecorded(path)
  const [count, length] = batch.input_ids.shape as [number, number]
  const row = (name: string, r: number) => batch[name].data.subarray(r * length, (r + 1) * length) as Int32Array
  const rows = Array.from({ length: count }, (_, r) => ({
    input_ids: row('input_ids', r),
    token_type_ids: row('token_type_ids', r),
    attended: row('attention_mask', r).reduce((n, seen) => n + seen, 0),
  }))
  const spans = rows.map((_, r) => ({
    start_position: batch.start_positions.data[r],
    end_position: batch.end_positions.data[r],
  }))
  return { rows, spans }
}

/** The batches in the folder of an architecture by name, as `scripts/python/tiny_models.py` recorded them. */
export function recordedBatches(folder: string): Record<string, RecordedBatch> {
  const recorded = fixtureJson<Record<string, JsonBatch>>(`tiny/${folder}/batches.json`)
  return Object.fromEntries(
    Object.entries(recorded).map(([name, batch]) => [
      name,
      {
        rows: batch.input_ids.map((ids, r) => ({
          input_ids: Int32Array.from(ids),
          token_type_ids: Int32Array.from(batch.token_type_ids[r]),
          attended: batch.attention_mask[r].reduce((n, seen) => n + seen, 0),
        })),
        spans: batch.start_positions.map((start_position, r) => ({
          start_position,
          end_position: batch.end_positions[r],
        })),
      },
    ]),
  )
}

interface JsonBatch {
  readonly input_ids: readonly number[][]
  readonly attention_mask: readonly number[][]
  readonly token_type_ids: readonly number[][]
  readonly start_positions: readonly number[]
  readonly end_positions: readonly number[]
}

/** Returns the same batch without padding. */
export const unpadded = ({ rows, spans }: RecordedBatch): RecordedBatch => ({
  spans,
  rows: rows.map(({ input_ids, token_type_ids, attended }) => ({
    input_ids: input_ids.subarray(0, attended),
    token_type_ids: token_type_ids.subarray(0, attended),
    attended,
  })),
})

/** A recorded batch as a dataset of windows. The questions are placeholders, because only the loss was recorded. */
export function recordedDataset(path: string): Dataset {
  const { rows, spans } = recordedBatch(path)
  const windows = rows.map(({ input_ids, token_type_ids, attended }, example) => ({
    example,
    input_ids: input_ids.slice(0, attended),
    context_start: token_type_ids.indexOf(1),
    context_end: attended - 1,
    offsets: Int32Array.from({ length: 2 * attended }, (_, i) => (i + 1) >> 1),
    ...spans[example],
  }))
  const context = 'x'.repeat(rows[0].input_ids.length)
  const examples = rows.map((_, i) => ({
    id: String(i),
    question: '',
    context,
    answers: [{ text: 'x', answer_start: 0 }],
  }))
  return { examples, windows }
}
