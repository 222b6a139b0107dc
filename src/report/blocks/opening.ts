import { type Block, facts, heading, literal, type NamedValue, paragraph, table } from '../render/document.ts'
import { byteSize, count, decimal, setting } from '../render/format.ts'
import { columns } from '../render/table.ts'
import { totalParameters } from '../summary/architecture.ts'
import type { ModelFacts, RunOrigin, RunSetup, SplitFacts } from '../summary/run.ts'
import { collatorOf, lossOf, optimizerOf, scheduleOf, stepsOf } from './training-setup.ts'

/** The first part of a report: the model, the data, the training setup and all arguments. */
export const opening = (run: RunSetup): Block[] => [
  ...modelBlocks(run.model),
  ...setupBlocks(run),
  ...argumentBlocks(run),
]

/**
 * The summary shown before the first step. Unlike the report, it lists only the arguments in `changed`, and it omits
 * the architecture if the run is resumed.
 */
export const openingOnScreen = (
  run: RunSetup,
  { changed, isResumed }: { readonly changed: ReadonlySet<string>; readonly isResumed: boolean },
): Block[] => [
  ...(isResumed ? [] : modelBlocks(run.model)),
  ...setupBlocks(run),
  ...argumentBlocks(run, changed),
  paragraph(
    `All other arguments have their default values; \`training_args.json\` in the output folder lists all ${Object.keys(run.arguments).length}.`,
  ),
]

const setupBlocks = (run: RunSetup): Block[] => [
  ...dataBlocks(run),
  heading('Training setup'),
  facts(
    ['Device', run.device],
    ...gpuFacts(run),
    ['Data collator', collatorOf(run)],
    ['Optimizer', optimizerOf(run)],
    ['Learning rate', scheduleOf(run)],
    ['Loss', lossOf(run)],
    ['Steps', stepsOf(run)],
  ),
]

/** The lines with which the notebook begins. */
const gpuFacts = ({ gpu }: RunSetup): NamedValue[] =>
  gpu
    ? [
        ['GPU available', 'yes'],
        ['GPU name', gpu.name],
        ['GPU memory', gpu.memory_bytes === undefined ? 'unknown' : byteSize(gpu.memory_bytes)],
      ]
    : []

const argumentBlocks = ({ arguments: all }: RunSetup, shown?: ReadonlySet<string>): Block[] => [
  heading('Arguments'),
  table({
    columns: columns('Argument', 'Value'),
    rows: Object.entries(all)
      .filter(([name]) => shown?.has(name) ?? true)
      .map(([name, value]) => [name, typeof value === 'number' ? setting(value) : String(value ?? 'none')]),
  }),
]

/** The architecture with a table of parameters by layer. The `inspect` command shows it too. */
export function modelBlocks(model: ModelFacts): Block[] {
  const total = totalParameters(model.parameters)
  return [
    heading('Model'),
    facts(
      ['Model', `${model.name} (${model.architecture})`],
      ['Layers', count(model.num_hidden_layers)],
      ['Hidden size', count(model.hidden_size)],
      ['Attention heads', `${model.num_attention_heads}, each of ${model.hidden_size / model.num_attention_heads}`],
      ['Feed-forward size', `${count(model.intermediate_size)} (${model.hidden_act})`],
      ['Vocabulary', `${count(model.vocab_size)} tokens`],
      ['Maximum input', `${count(model.max_position_embeddings)} tokens`],
      ['Parameters', `${count(total)} (${byteSize(4 * total)} in float32)`],
    ),
    table({
      columns: columns('Parameter', 'Shape', '>Layers', '>Elements', '>Share'),
      rows: [
        ...model.parameters.map(({ name, shape, copies, count: numbers }) => [
          name,
          shape.join(' x ') || 'scalar',
          copies > 1 ? count(copies) : '',
          count(numbers),
          `${decimal((100 * numbers) / total, 1)} %`,
        ]),
        ['Total', '', '', count(total), '100.0 %'],
      ],
    }),
    ...keyNotes(model),
  ]
}

function keyNotes({ head, missing, unexpected }: ModelFacts): Block[] {
  const names = (keys: readonly string[]) => keys.map((key) => `\`${key}\``).join(', ')
  const headOnly = missing.every((key) => head.includes(key))
  const notes: Block[] = []
  if (missing.length && headOnly)
    notes.push(
      paragraph(
        `Newly initialized: ${names(missing)}.`,
        'This is expected: the pretrained checkpoint has no question-answering head, so the head is trained from scratch.',
      ),
    )
  else if (missing.length)
    notes.push(
      paragraph(
        `Missing from the checkpoint and initialized at random: ${names(missing)}.`,
        'More than the head is missing, so check whether this is the right checkpoint.',
      ),
    )
  if (unexpected.length) notes.push(paragraph(`Unexpected in the checkpoint and ignored: ${names(unexpected)}.`))
  return notes
}

function dataBlocks({ data }: RunSetup): Block[] {
  const row = (name: string, { questions, windows, tokens }: SplitFacts) => [
    name,
    count(questions),
    count(windows),
    count(tokens),
    decimal(tokens / windows, 1),
  ]
  return [
    heading('Data'),
    table({
      columns: columns('Split', '>Questions', '>Windows', '>Tokens', '>Tokens per window'),
      rows: [row('training', data.train), ...(data.validation ? [row('validation', data.validation)] : [])],
    }),
  ]
}

/** Date, command and software versions of a run. */
export const originFacts = ({ ended, command, spanforge, node }: RunOrigin): NamedValue[] => [
  ['Date', `${ended.slice(0, 16).replace('T', ' ')} UTC`],
  ...(command ? [['Command', `\`${literal(command)}\``] as const] : []),
  ['Software', `spanforge ${spanforge}, Node.js ${node}`],
]
