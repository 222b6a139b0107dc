import { toRows } from '../../batching/rows.ts'
import type { ExportDtype } from '../../checkpoint/onnx-folder.ts'
import { SpanforgeError } from '../../errors.ts'
import { type GateInput, type ScoredAnswers, syntheticRows } from '../../export/gate/gate-input.ts'
import { largestHalfValue } from '../../export/half-range.ts'
import { isHalf } from '../../export/variant-graph.ts'
import { resolveEvaluateOptions } from '../../inference/answer-options.ts'
import { digestQuestions } from '../../inference/digests.ts'
import { scorePredictions } from '../../inference/evaluate.ts'
import { windowLogits } from '../../inference/logits.ts'
import { windowLengths } from '../../inference/window-lengths.ts'
import { answerExamples } from '../../squad/answers/answers.ts'
import type { WindowLogits } from '../../squad/answers/document-logits.ts'
import type { Dataset } from '../../squad/dataset.ts'
import { checkAnswered } from '../../squad/metrics/metrics.ts'
import { cutWindows } from '../load/cut-windows.ts'
import type { LoadedModel } from '../load/load-model.ts'
import type { ChosenQuestions } from './gate-questions.ts'
import { type MeasuringContext, measureOnWindows } from './measuring.ts'

/** Computes the windows of the questions with the model itself, or synthetic windows if there are no questions. */
export async function gateInput(
  loaded: LoadedModel,
  questions: ChosenQuestions | undefined,
  context: MeasuringContext,
): Promise<GateInput> {
  const { model } = loaded
  if (!questions) {
    const rows = syntheticRows(model.geometry)
    const logits: WindowLogits[] = []
    for (const row of rows) logits.push(...(await model.forward([row])).logits)
    return { rows, logits: finite(logits, loaded) }
  }
  const data = await windowsOf(loaded, questions, context)
  const logits = finite(await computed(loaded, data, context), loaded)
  const answer = answering(loaded, data)
  const { examples } = questions
  const facts = { data: questions.data, count: examples.length, digest: digestQuestions(examples) }
  return { rows: toRows(data.windows), logits, questions: { facts, answers: answer(logits), answer } }
}

function windowsOf(
  { model, tokenizer, settings }: LoadedModel,
  { examples }: ChosenQuestions,
  context: MeasuringContext,
): Promise<Dataset> {
  if (!settings?.version_2_with_negative) checkAnswered(examples)
  const lengths = windowLengths({}, { ...model.geometry, model_max_length: tokenizer.model_max_length, settings })
  if (lengths.note) context.screen.print(lengths.note)
  return cutWindows(tokenizer, examples, { ...lengths, ...context, label: 'Tokenizing' })
}

async function computed({ model }: LoadedModel, { windows }: Dataset, { screen, signal }: MeasuringContext) {
  const progress = screen.counting('Answering with the model', 'windows', windows.length)
  try {
    return await windowLogits(model, windows, {
      onProgress(done) {
        progress.update(done)
        signal?.throwIfAborted()
      },
    })
  } finally {
    progress.stop()
  }
}

/** Answers the questions like an evaluation with the settings that are stored with the model. */
function answering({ settings }: LoadedModel, { examples, windows }: Dataset) {
  const { version_2_with_negative, ...options } = resolveEvaluateOptions({}, settings)
  return (logits: readonly WindowLogits[]): ScoredAnswers => {
    const found = answerExamples(examples, windows, logits, {
      ...options,
      top_k: 1,
      handle_impossible_answer: version_2_with_negative,
    })
    const texts = found.map(({ candidates: [best] }) => best.answer)
    const predictions = new Map(examples.map(({ id }, i) => [id, texts[i]]))
    const odds = version_2_with_negative ? new Map(examples.map(({ id }, i) => [id, found[i].null_odds])) : undefined
    const { exact_match, f1 } = scorePredictions(examples, predictions, odds)
    return { texts, exact_match, f1 }
  }
}

function finite(logits: WindowLogits[], { name }: LoadedModel): WindowLogits[] {
  const hasNumbers = ({ start_logits, end_logits }: WindowLogits) =>
    start_logits.every(Number.isFinite) && end_logits.every(Number.isFinite)
  if (logits.every(hasNumbers)) return logits
  throw new SpanforgeError(`${name}: the logits of the model are not finite`, {
    remedy: 'The weights are too large or contain NaN. Export another checkpoint.',
  })
}

/** Measures the largest value that variants in float16 compute, if there are any. */
export async function withLargestValue(
  loaded: LoadedModel,
  input: GateInput,
  dtypes: readonly ExportDtype[],
  context: MeasuringContext,
): Promise<GateInput> {
  if (!dtypes.some(isHalf)) return input
  const largest_value = await measureOnWindows(input.rows, 'windows', context, (options) =>
    largestHalfValue(loaded, options),
  )
  return { ...input, largest_value }
}
