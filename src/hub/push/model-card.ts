import { showText } from '../../show-value.ts'
import type { Interval, ScoreIntervals } from '../../squad/metrics/bootstrap.ts'
import { toYaml, type YamlValue } from './yaml.ts'

/** A metric with the bounds of its confidence interval. EM and F1 are percentages. */
export interface CardMetric {
  readonly value: number
  readonly low?: number
  readonly high?: number
}

export interface CardData {
  /** Name to show: that of the dataset, such as `squad`, or of the file. */
  readonly name: string
  /** Name of the dataset on the hub, if it was loaded from there. */
  readonly hub_name?: string
  readonly config?: string
  readonly split?: string
  readonly revision?: string
  readonly license?: string
  readonly questions: number
  readonly windows: number
}

/** The documents that a model was adapted to. */
export interface CardAdaptation {
  readonly documents: number
  readonly passages: number
  readonly characters: number
  /** SHA-256 of the passages. */
  readonly digest: string
}

export interface CardEpoch {
  readonly epoch: number
  readonly step: number
  readonly train_loss?: number
  readonly eval_loss?: number
  readonly exact_match?: number
  readonly f1?: number
  readonly intervals?: ScoreIntervals
}

/** The facts about a finished run that a model card reports, as plain values. */
export interface ModelCardSummary {
  /** Name of the model, which is that of its folder. */
  readonly name: string
  /** Architecture as named by `model_type` in config.json, such as `bert`. */
  readonly model_type: string
  /** Repository on the hub, as `owner/name`, if it is known. */
  readonly repository?: string
  /** The model it was fine-tuned from. A name on the hub also appears in the metadata; a folder only in the text. */
  readonly base_model: { readonly name: string; readonly on_hub: boolean }
  /** The hub's identifier, such as `apache-2.0`. `license_name` and `license_link` describe a license without one. */
  readonly license?: string
  readonly license_name?: string
  readonly license_link?: string
  readonly language?: string | readonly string[]
  readonly train: CardData
  readonly validation?: CardData
  /** Set if the questions were made from documents by `spanforge adapt`. */
  readonly adaptation?: CardAdaptation
  /** Training arguments that differ from their defaults. */
  readonly arguments: Readonly<Record<string, string | number | boolean | null>>
  readonly epochs: readonly CardEpoch[]
  readonly best_epoch?: number
  readonly results?: {
    readonly eval_loss?: number
    readonly exact_match: CardMetric
    readonly f1: CardMetric
    readonly confidence_level?: number
  }
  /** Path of the learning curve image within the folder. */
  readonly curve?: string
  /** Whether the folder holds `onnx/model.onnx`, which transformers.js loads. */
  readonly has_onnx?: boolean
  readonly max_seq_length: number
  readonly doc_stride: number
  /** Version of spanforge. */
  readonly version: string
}

/** Writes the README.md of a finished run in the hub's format: YAML metadata with a model index, then Markdown. */
export function modelCard(summary: ModelCardSummary): string {
  const { train, validation, adaptation } = summary
  const name = plainText(summary.name)
  const blocks = [
    `---\n${toYaml(metadata(summary))}---`,
    `# ${name}`,
    introduction(summary),
    resultBlock(summary),
    '## Data',
    table(
      ['', 'dataset', 'split', 'questions', 'windows', 'license'],
      [train, validation].flatMap((data, index) => (data ? [dataRow(index ? 'validation' : 'training', data)] : [])),
    ),
    adaptation ? adaptationBlock(adaptation) : '',
    `Contexts longer than ${summary.max_seq_length} tokens are split into windows that overlap by ${summary.doc_stride} tokens.`,
    '## Training',
    epochBlock(summary),
    summary.curve ? `![Learning curve](${encodeURI(summary.curve)})` : '',
    '### Arguments',
    table(
      ['argument', 'value'],
      Object.entries(summary.arguments).map(([argument, value]) => [`\`${argument}\``, value ?? '']),
    ),
    'All other arguments have their default values.',
    '## Usage',
    loadingBlocks(summary.repository ?? `OWNER/${repositoryName(summary.name)}`, summary.has_onnx === true),
    '## Limitations',
    'The model answers with a passage of the given text, even if the text contains no answer or is not true. It was evaluated only on the validation questions above.',
    licenseBlock(summary),
    `Trained with spanforge ${summary.version}.`,
  ]
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

const isOnHub = ({ name, on_hub }: ModelCardSummary['base_model']): boolean =>
  on_hub && /^[\w.-]+(\/[\w.-]+)?$/.test(name)

const baseModel = ({ base_model }: ModelCardSummary): string => {
  const name = plainText(base_model.name)
  return isOnHub(base_model) ? `[${name}](https://huggingface.co/${base_model.name})` : name
}

function introduction(summary: ModelCardSummary): string {
  const base = baseModel(summary)
  return summary.adaptation
    ? `${base} adapted to ${count(summary.adaptation.documents, 'document')} for extractive question answering: it was trained to find the answers to questions that were made from these texts, not written by people. Fine-tune it on questions before you use it.`
    : `${base} fine-tuned on ${plainText(summary.train.name)} for extractive question answering: it finds the answer to a question in a text.`
}

const adaptationBlock = ({ documents, passages, characters, digest }: CardAdaptation): string =>
  `The questions were made from ${count(documents, 'document')} with ${count(passages, 'passage')} and ${count(characters, 'character')}: a phrase that occurs in two sentences is the answer, one sentence without it the question, and the passage of the other one the context. SHA-256 of the passages: \`${digest}\`.`

const count = (n: number, noun: string): string => `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`

/** Turns the folder's name into a valid repository name. */
function repositoryName(name: string): string {
  const allowed = name.replaceAll(/[^\w.]+/g, '-').replaceAll(/\.{2,}/g, '.')
  return allowed.replace(/^[-.]+|[-.]+$/g, '') || 'model'
}

const dataRow = (use: string, { name, split = '', questions, windows, license = '' }: CardData): Cell[] => [
  use,
  name,
  split,
  questions,
  windows,
  license,
]

function metadata(summary: ModelCardSummary): YamlValue {
  const { base_model, train, validation, results } = summary
  const datasets = [...new Set([train.hub_name, validation?.hub_name].filter((name) => name !== undefined))]
  return {
    language: summary.language,
    license: summary.license,
    license_name: summary.license_name,
    license_link: summary.license_link,
    library_name: 'transformers',
    pipeline_tag: 'question-answering',
    tags: [
      'question-answering',
      'extractive-qa',
      summary.model_type,
      'spanforge',
      ...(summary.has_onnx ? ['transformers.js'] : []),
    ],
    base_model: isOnHub(base_model) ? base_model.name : undefined,
    datasets: datasets.length > 0 ? datasets : undefined,
    metrics: ['exact_match', 'f1'],
    'model-index':
      results && validation
        ? [{ name: summary.name, results: [{ ...modelIndex(validation), metrics: metricIndex(results) }] }]
        : undefined,
  }
}

const modelIndex = ({ name, hub_name, config, split, revision }: CardData) => ({
  task: { type: 'question-answering', name: 'Question Answering' },
  dataset: { name, type: hub_name ?? name, config, split, revision },
})

function metricIndex({ exact_match, f1, eval_loss }: NonNullable<ModelCardSummary['results']>): YamlValue {
  return [
    { type: 'exact_match', value: round(exact_match.value, 4), name: 'Exact match' },
    { type: 'f1', value: round(f1.value, 4), name: 'F1' },
    ...(eval_loss === undefined ? [] : [{ type: 'loss', value: round(eval_loss, 4), name: 'Validation loss' }]),
  ]
}

function resultBlock({ results, validation }: ModelCardSummary): string {
  if (!results || !validation) return 'This model has not been evaluated.'
  const { exact_match, f1, eval_loss, confidence_level = 0.95 } = results
  const interval = ({ low, high }: CardMetric) =>
    low === undefined || high === undefined ? '' : `${low.toFixed(1)} to ${high.toFixed(1)}`
  const rows = [
    ['Exact match', exact_match.value.toFixed(2), interval(exact_match)],
    ['F1', f1.value.toFixed(2), interval(f1)],
    ...(eval_loss === undefined ? [] : [['Validation loss', eval_loss.toFixed(4), '']]),
  ]
  return [
    `On ${validation.questions} questions of ${plainText(validation.name)}:`,
    table(['metric', 'value', `${Math.round(confidence_level * 100)} % interval`], rows),
  ].join('\n\n')
}

function epochBlock({ epochs, best_epoch }: ModelCardSummary): string {
  if (epochs.length === 0) return ''
  const figure = (value: number | undefined, digits: number) => value?.toFixed(digits) ?? ''
  const score = (value: number | undefined, interval?: Interval) =>
    interval ? `${figure(value, 2)} (${interval.map((bound) => bound.toFixed(1)).join(' to ')})` : figure(value, 2)
  const rows = epochs.map(({ epoch, step, train_loss, eval_loss, exact_match, f1, intervals }) => [
    `${round(epoch, 2)}${epoch === best_epoch ? ' (kept)' : ''}`,
    step,
    figure(train_loss, 4),
    figure(eval_loss, 4),
    score(exact_match, intervals?.exact_match),
    score(f1, intervals?.f1),
  ])
  const figures = table(['epoch', 'step', 'training loss', 'validation loss', 'exact match', 'F1'], rows)
  return epochs.some(({ intervals }) => intervals)
    ? `${figures}\n\nThe ranges in parentheses are 95 % intervals.`
    : figures
}

function licenseBlock({ license, license_name, license_link, base_model, train }: ModelCardSummary): string {
  if (license === undefined)
    return `License: not stated. The licenses of ${plainText(base_model.name)} and ${plainText(train.name)} apply; set \`license\` in the metadata accordingly.`
  const link = license_link ? ` (${plainText(license_link)})` : ''
  return `License: ${plainText(license_name ?? license)}${link}, the same as ${plainText(base_model.name)}. The license of the training data also applies.`
}

type Cell = string | number | boolean

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]) => `| ${cells.map((cell) => cellText(cell)).join(' | ')} |`
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

/** Escapes a cell for Markdown, except numbers and argument names, which are already code. */
const cellText = (cell: Cell): string =>
  typeof cell === 'string' && !/^`\w+`$/.test(cell) ? plainText(cell) : String(cell)

const round = (value: number, digits: number): number => Number(value.toFixed(digits))

/** Code samples that load the model with transformers, spanforge and, if there is an ONNX file, transformers.js. */
export function loadingBlocks(repository: string, hasOnnx: boolean): string {
  const blocks = [
    code(
      'With transformers:',
      'python',
      `from transformers import pipeline

answer = pipeline("question-answering", model="${repository}")
print(answer(question="Who wrote it?", context="It was written by Ada."))`,
    ),
    code(
      'With spanforge:',
      'bash',
      `spanforge answer --model ${repository} --question "Who wrote it?" --context_file text.txt`,
    ),
  ]
  const inBrowser = code(
    'With transformers.js:',
    'js',
    `import { pipeline } from '@huggingface/transformers'

const answerer = await pipeline('question-answering', '${repository}')
console.log(await answerer('Who wrote it?', 'It was written by Ada.'))`,
  )
  return [...blocks, ...(hasOnnx ? [inBrowser] : [])].join('\n\n')
}

const code = (title: string, language: string, lines: string): string =>
  `${title}\n\n\`\`\`${language}\n${lines}\n\`\`\``

/** Characters with a meaning in Markdown or HTML. An underscore inside a word has none. */
const SPECIAL = /[\\`*[\]<>|~#!&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g

/** Escapes a text so that Markdown shows it literally, on one line. */
export const plainText = (text: string): string => showText(text).replace(SPECIAL, '\\$&')
