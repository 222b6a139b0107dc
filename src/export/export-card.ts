import { isDeepStrictEqual } from 'node:util'
import type { RecordedVariant } from './export-record.ts'
import type { RuntimeFigures, VariantComparison } from './gate/figures.ts'
import { isDynamic } from './variant-graph.ts'

export interface ExportCardFacts {
  /** Display name of the model. */
  readonly name: string
  /** Name of the exported folder, which the examples load. */
  readonly folder: string
  readonly model_type: string
  readonly variants: readonly RecordedVariant[]
  /** The model card to extend. */
  readonly existing?: string
}

const [BEGIN, END] = ['<!-- ONNX files, written by spanforge export -->', '<!-- end of ONNX files -->']

/** Returns a model card with a section about the ONNX files, which replaces one written by an earlier export. */
export function exportCard({ existing, ...facts }: ExportCardFacts): string {
  const section = `${BEGIN}\n${onnxSection(facts)}\n${END}\n`
  const text = existing ?? newCard(facts)
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (from < 0 || to < from) return `${text.trimEnd()}\n\n${section}`
  return text.slice(0, from) + section + text.slice(to + END.length).replace(/^\n/, '')
}

const newCard = ({ name, model_type }: ExportCardFacts): string => `---
library_name: transformers.js
pipeline_tag: question-answering
tags:
- question-answering
- extractive-qa
- ${model_type}
- onnx
- transformers.js
- spanforge
---

# ${name}

A model for extractive question answering: it finds the answer to a question in a text.
`

const MEANINGS: Readonly<Record<RecordedVariant['dtype'], string>> = {
  fp32: 'float32, the weights of the model',
  fp16: 'float16. On WebGPU, the adapter must support `shader-f16`',
  q8: 'weights of 8 bits in blocks of 32 (MatMulNBits), the default of transformers.js in WASM',
  int8: 'products of 8-bit integers, quantized while they are computed',
  uint8: 'as int8 with unsigned weights, for runtimes that require them',
  q4: 'weights of 4 bits in blocks of 32 (MatMulNBits)',
  q4f16: 'weights of 4 bits in blocks of 32, computed in float16. On WebGPU, the adapter must support `shader-f16`',
}

function onnxSection(facts: ExportCardFacts): string {
  const { variants } = facts
  const parts = [
    '## ONNX',
    table(
      ['dtype', 'file', 'MB', 'size relative to fp32', 'weights'],
      variants.map(({ dtype, file, bytes, share }) => [
        dtype,
        `\`${file}\``,
        (bytes / 1e6).toFixed(1),
        `${(100 * share).toFixed(1)} %`,
        MEANINGS[dtype],
      ]),
    ),
    batchNote(variants),
    ...groups(variants).map(comparisonText),
    usage(facts),
  ]
  return `\n${parts.filter(Boolean).join('\n\n')}\n`
}

/** The logits of dynamically quantized variants are only reproducible for windows that are computed alone. */
function batchNote(variants: readonly RecordedVariant[]): string {
  const dynamic = variants.filter(({ dtype }) => isDynamic(dtype)).map(({ dtype }) => dtype)
  if (dynamic.length === 0) return ''
  return (
    `Activations of ${dynamic.join(' and ')} are quantized with one scale for the whole batch, so the logits of a window ` +
    'depend slightly on the other windows of its batch and on its padding. Compute windows one by one for ' +
    'reproducible answers, as spanforge does and as was done for the figures below.'
  )
}

type Compared = RecordedVariant & { readonly comparison: VariantComparison }

/** Variants that were compared on the same windows. */
function groups(variants: readonly RecordedVariant[]): Compared[][] {
  const found: Compared[][] = []
  for (const variant of variants) {
    const { comparison } = variant
    if (!comparison) continue
    const isSame = ({ comparison: { questions, windows } }: Compared) =>
      windows === comparison.windows && isDeepStrictEqual(questions, comparison.questions)
    const group = found.find(([first]) => isSame(first))
    if (group) group.push({ ...variant, comparison })
    else found.push([{ ...variant, comparison }])
  }
  return found
}

function comparisonText(group: readonly Compared[]): string {
  const [{ comparison }] = group
  const { questions, model } = comparison
  const rows = group.flatMap(({ dtype, comparison: { runtimes } }) =>
    runtimes.map((figures) => [dtype, ...cells(figures)]),
  )
  const about =
    questions && model
      ? `The variants answered ${questions.count} questions of ${questions.data}. The model itself has an exact match of ` +
        `${model.exact_match.toFixed(2)} and an F1 of ${model.f1.toFixed(2)} on them.`
      : `The variants were compared with the model on ${comparison.windows} windows of random tokens, without questions.`
  const titles = [
    'dtype',
    'runtime',
    'EM',
    'F1',
    'same answers',
    'error of logits (max, mean)',
    'one window',
    'batch of 8',
  ]
  const objected = group.filter(({ objections = [] }) => objections.length > 0)
  return [
    `${about} Latencies are medians on the machine that exported the model.`,
    table(titles, rows),
    ...objected.map(({ dtype, objections }) => `${dtype} was exported although it ${objections!.join(', and ')}.`),
  ].join('\n\n')
}

function cells({ runtime, answers, logit_error, latency, failure }: RuntimeFigures): string[] {
  if (failure !== undefined) return [runtime, '-', '-', '-', `not computed: ${oneLine(failure)}`, '-', '-']
  const percent = (value: number | undefined) => (value === undefined ? '-' : value.toFixed(2))
  return [
    runtime,
    percent(answers?.exact_match),
    percent(answers?.f1),
    answers ? `${answers.same_answers.toFixed(1)} %` : '-',
    logit_error ? `${logit_error.max.toExponential(1)}, ${logit_error.mean.toExponential(1)}` : 'not finite',
    latency ? `${latency.window_ms.toFixed(1)} ms (${latency.tokens} tokens)` : '-',
    latency ? `${latency.batch_ms.toFixed(1)} ms (${latency.batch_tokens} tokens)` : '-',
  ]
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').replaceAll('|', '\\|')

const table = (titles: readonly string[], rows: readonly (readonly string[])[]): string =>
  [titles, titles.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

function usage({ folder, variants: [first] }: ExportCardFacts): string {
  return `The examples run in the folder that contains \`${folder}\`. With transformers.js:

\`\`\`js
import { env, pipeline } from '@huggingface/transformers'

env.localModelPath = './'
const answerer = await pipeline('question-answering', '${folder}', { dtype: '${first.dtype}' })
console.log(await answerer('Who wrote it?', 'It was written by Ada.'))
\`\`\`

With ONNX Runtime in Python:

\`\`\`python
import onnxruntime
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("${folder}")
session = onnxruntime.InferenceSession("${folder}/${first.file}")
inputs = tokenizer("Who wrote it?", "It was written by Ada.", return_tensors="np")
inputs = {input.name: inputs[input.name] for input in session.get_inputs()}
start_logits, end_logits = session.run(["start_logits", "end_logits"], inputs)
start, end = start_logits[0].argmax(), end_logits[0].argmax()
print(tokenizer.decode(inputs["input_ids"][0, start : end + 1]))
\`\`\`

With Optimum:

\`\`\`python
from optimum.onnxruntime import ORTModelForQuestionAnswering
from transformers import AutoTokenizer, pipeline

model = ORTModelForQuestionAnswering.from_pretrained("${folder}", subfolder="onnx", file_name="${first.file.slice('onnx/'.length)}")
answerer = pipeline("question-answering", model=model, tokenizer=AutoTokenizer.from_pretrained("${folder}"))
print(answerer(question="Who wrote it?", context="It was written by Ada."))
\`\`\``
}
