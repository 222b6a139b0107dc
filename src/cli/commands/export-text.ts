import type { ExportOutcome } from '../../export/export-model.ts'
import type { RecordedVariant } from '../../export/export-record.ts'
import { byteSize } from '../../report/render/format.ts'
import { columns, textFacts, textTable } from '../../report/render/table.ts'

/** The figures of all variants, and what was written. */
export function exportedText({ folder, variants, rejected }: ExportOutcome): string {
  const bytes = variants.reduce((sum, variant) => sum + variant.bytes, 0)
  const all = [...variants, ...rejected]
  const model = all.find(({ comparison }) => comparison?.model)?.comparison
  return [
    '',
    figuresTable(all, rejected),
    ...(model
      ? [
          `The model itself: EM ${model.model!.exact_match.toFixed(2)}, F1 ${model.model!.f1.toFixed(2)} on ${model.questions!.count} questions of ${model.questions!.data}.`,
        ]
      : ['Compared on windows of random tokens, without questions.']),
    '',
    textFacts([
      variants.length > 0
        ? ['Written', `${folder}, ${byteSize(bytes)} of ONNX files`]
        : ['Written', 'nothing, because no variant is accurate enough'],
      ...variants.flatMap(({ dtype, objections = [] }) =>
        objections.map((objection) => ['Forced', `${dtype} ${objection}`] as const),
      ),
    ]),
  ].join('\n')
}

function figuresTable(variants: readonly RecordedVariant[], rejected: readonly RecordedVariant[]): string {
  const rows = variants.flatMap((variant) =>
    (variant.comparison?.runtimes ?? []).map(({ runtime, answers, logit_error, latency, failure }) => [
      variant.dtype,
      `${(variant.bytes / 1e6).toFixed(1)}`,
      `${(100 * variant.share).toFixed(1)} %`,
      runtime,
      answers?.exact_match.toFixed(2) ?? '',
      answers?.f1.toFixed(2) ?? '',
      answers ? `${answers.same_answers.toFixed(1)} %` : '',
      logit_error
        ? `${logit_error.max.toExponential(1)}, ${logit_error.mean.toExponential(1)}`
        : (failure ?? 'not finite'),
      latency ? `${latency.window_ms.toFixed(1)} (${latency.tokens})` : '',
      latency ? latency.batch_ms.toFixed(1) : '',
      rejected.includes(variant) ? 'rejected' : '',
    ]),
  )
  const titles = [
    'dtype',
    '>MB',
    '>size',
    'runtime',
    '>EM',
    '>F1',
    '>same',
    '>logit error (max, mean)',
    '>ms (tokens)',
    '>ms, batch of 8',
    '',
  ]
  return textTable({ columns: columns(...titles), rows })
}
