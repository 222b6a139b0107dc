import type { Row } from '../../batching/pack.ts'
import type { WindowLogits } from '../../squad/answers/document-logits.ts'
import type { RuntimeFigures } from './figures.ts'
import type { GateInput } from './gate-input.ts'
import { logitError } from './logit-error.ts'
import type { VariantSession } from './runtime.ts'

export interface MeasureOptions {
  /** Whether the logits of a window depend on the other windows of its batch, so that each is computed alone. */
  readonly dependsOnBatch: boolean
  readonly signal?: AbortSignal
  /** Called with the number of windows computed since the last call. */
  readonly onProgress?: (windows: number) => void
}

/** Number of windows that are computed together. */
const BATCH = 8
/**
 * Maximum number of tokens, including padding, that are computed together, so that memory depends only on the model.
 */
const BATCH_TOKENS = 2048

/** Computes all windows with a variant, and compares logits and answers with those of the model. */
export async function measureVariant(
  session: VariantSession,
  { rows, logits: expected, questions }: GateInput,
  options: MeasureOptions,
): Promise<Omit<RuntimeFigures, 'runtime'>> {
  const order = [...rows.keys()].sort((a, b) => rows[a].input_ids.length - rows[b].input_ids.length)
  const logits = await computeAll(session, rows, order, options)
  const latency = await measureLatency(
    session,
    order.map((i) => rows[i]),
    options,
  )
  const logit_error = logitError(rows, logits, expected)
  if (!Number.isFinite(logit_error.max)) return { latency }
  if (!questions) return { logit_error, latency }
  const { texts, exact_match, f1 } = questions.answer(logits)
  const same = texts.filter((text, i) => text === questions.answers.texts[i]).length
  const f1_drop = questions.answers.f1 - f1
  return {
    answers: { exact_match, f1, f1_drop, same_answers: (100 * same) / texts.length },
    logit_error,
    latency,
  }
}

async function computeAll(
  session: VariantSession,
  rows: readonly Row[],
  order: readonly number[],
  { dependsOnBatch, signal, onProgress }: MeasureOptions,
): Promise<WindowLogits[]> {
  const logits: WindowLogits[] = new Array(rows.length)
  for (const batch of batches(rows, order, dependsOnBatch ? 1 : BATCH)) {
    signal?.throwIfAborted()
    const found = await session.run(batch.map((i) => rows[i]))
    for (const [r, i] of batch.entries()) logits[i] = found[r]
    onProgress?.(batch.length)
  }
  return logits
}

/** Divides windows, which are sorted by length, into batches. */
function batches(rows: readonly Row[], order: readonly number[], max: number): number[][] {
  const found: number[][] = []
  for (const i of order) {
    const last = found.at(-1)
    if (last && last.length < max && (last.length + 1) * rows[i].input_ids.length <= BATCH_TOKENS) last.push(i)
    else found.push([i])
  }
  return found
}

/**
 * Measures the window of median length alone, and a batch of windows of about this length, which are truncated if they are
 * too long for a batch.
 */
async function measureLatency(session: VariantSession, sorted: readonly Row[], { signal }: MeasureOptions) {
  const middle = sorted.length >> 1
  const first = Math.max(0, Math.min(middle - BATCH / 2, sorted.length - BATCH))
  const batch = Array.from({ length: BATCH }, (_, i) =>
    truncated(sorted[(first + i) % sorted.length], BATCH_TOKENS / BATCH),
  )
  const median = sorted[middle]
  return {
    tokens: median.input_ids.length,
    window_ms: await medianTime(() => session.run([median]), signal),
    batch_tokens: Math.max(...batch.map(({ input_ids }) => input_ids.length)),
    batch_ms: await medianTime(() => session.run(batch), signal),
  }
}

const truncated = ({ input_ids, token_type_ids, attended }: Row, length: number): Row => ({
  input_ids: input_ids.subarray(0, length),
  token_type_ids: token_type_ids.subarray(0, length),
  attended: Math.min(attended, length),
})

const MAX_RUNS = 7
const MIN_RUNS = 3
/** Slow runs are measured less often. */
const MAX_MS = 3000

async function medianTime(run: () => Promise<unknown>, signal: AbortSignal | undefined): Promise<number> {
  await run()
  const times: number[] = []
  const began = performance.now()
  while (times.length < MAX_RUNS && (times.length < MIN_RUNS || performance.now() - began < MAX_MS)) {
    signal?.throwIfAborted()
    const start = performance.now()
    await run()
    times.push(performance.now() - start)
  }
  return times.sort((a, b) => a - b)[times.length >> 1]
}
