import { EXPORT_DTYPES, type ExportDtype } from '../../checkpoint/onnx-folder.ts'
import { SpanforgeError, UsageError } from '../../errors.ts'
import type { ExportOutcome } from '../../export/export-model.ts'
import type { RuntimeFigures, VariantFigures } from '../../export/gate/figures.ts'
import type { GateInput } from '../../export/gate/gate-input.ts'
import { judgeVariants } from '../../export/gate/judge-variants.ts'
import { type GateRule, MAX_F1_DROP, needsQuestions } from '../../export/gate/objections.ts'
import type { RuntimeFacts, VariantRuntime } from '../../export/gate/runtime.ts'
import { GATE_RUNTIMES, gateRuntime } from '../../export/gate/runtimes.ts'
import type { ExportedVariant } from '../../export/plan-variants.ts'
import type { Screen } from '../screen/screen.ts'

export interface GateOptions extends GateRule {
  /** Names of the runtimes on which variants are compared with the model (default: all that are available). */
  readonly runtimes?: readonly string[]
  readonly screen: Screen
  readonly signal?: AbortSignal
}

/** @throws UsageError if a variant cannot be judged without questions */
export function requireQuestions(dtypes: readonly ExportDtype[], has: boolean, force: boolean): void {
  const blind = dtypes.filter(needsQuestions)
  if (has || force || blind.length === 0) return
  const rest = EXPORT_DTYPES.filter((dtype) => !needsQuestions(dtype)).join(' and ')
  throw new UsageError(
    `export: ${blind.join(', ')} must be compared with the model on questions, but there are none`,
    `Use --validation_file or --dataset, or --force to export without a comparison. Only ${rest} need no questions.`,
  )
}

/** Compares the variants in `folder` with the model on all runtimes, and shows the progress. */
export async function compareVariants(
  folder: string,
  variants: readonly ExportedVariant[],
  input: GateInput,
  facts: RuntimeFacts,
  { runtimes: names, screen, signal, max_f1_drop }: GateOptions,
): Promise<VariantFigures[]> {
  const runtimes = await startRuntimes(names, facts, screen)
  const total = input.rows.length * variants.length * runtimes.length
  const progress = screen.counting('Comparing', 'windows', total)
  try {
    return await judgeVariants(folder, variants, input, {
      runtimes,
      signal,
      max_f1_drop,
      onProgress: progress.update,
      onMeasured: ({ dtype }, figures) => screen.print(measuredText(dtype, figures)),
    })
  } finally {
    progress.stop()
    for (const runtime of runtimes) await runtime.close()
  }
}

/** @throws UsageError if one of the names is unknown, SpanforgeError if a runtime is not available */
export async function checkRuntimes(names: readonly string[] = []): Promise<void> {
  for (const entry of names.map(gateRuntime)) await (await entry.start({ pad_token_id: 0 })).close()
}

/** Starts the given runtimes, or all that are available. */
async function startRuntimes(
  names: readonly string[] | undefined,
  facts: RuntimeFacts,
  screen: Screen,
): Promise<VariantRuntime[]> {
  const started: VariantRuntime[] = []
  try {
    for (const entry of names ? [...new Set(names)].map(gateRuntime) : GATE_RUNTIMES) {
      const runtime = await entry.start(facts).catch((error: unknown) => {
        if (names || !(error instanceof SpanforgeError)) throw error
        screen.print(`Not compared on ${entry.id}: ${error.summary}`)
      })
      if (runtime) started.push(runtime)
    }
    return started
  } catch (error) {
    for (const runtime of started) await runtime.close()
    throw error
  }
}

function measuredText(dtype: ExportDtype, { runtime, answers, logit_error, failure }: RuntimeFigures): string {
  const found =
    failure ??
    (answers
      ? `F1 ${answers.f1.toFixed(2)}, ${answers.same_answers.toFixed(1)} % same answers`
      : logit_error
        ? `logits differ by at most ${logit_error.max.toExponential(1)}`
        : 'logits are not finite')
  return `${dtype} on ${runtime}: ${found}`
}

/** The error for variants that were not written. */
export function rejectedVariantsError(
  { rejected }: ExportOutcome,
  { max_f1_drop = MAX_F1_DROP }: GateRule,
): SpanforgeError {
  const reasons = rejected.map(({ dtype, objections = [] }) => `${dtype} ${objections.join(', and ')}`)
  return new SpanforgeError(`export: ${reasons.join('; ')}: not written`, {
    remedy: `Use another --dtype, a --max_f1_drop above ${max_f1_drop}, or --force to write it anyway.`,
  })
}
