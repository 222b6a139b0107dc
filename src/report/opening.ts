import { totalParameters } from './architecture.ts'
import { type Block, facts, heading, paragraph, table } from './document.ts'
import { byteSize, count, decimal, setting } from './format.ts'
import type { ModelFacts, RunSetup, SplitFacts } from './run-summary.ts'
import { columns } from './table.ts'
import { collatorOf, lossOf, optimizerOf, scheduleOf, stepsOf } from './training-setup.ts'

/** How a run began, as its report tells it: the model, the data, how it is trained, every argument. */
export const opening = (run: RunSetup): Block[] => [
  ...modelBlocks(run.model),
  ...setupBlocks(run),
  ...argumentBlocks(run),
]

/**
 * What is shown before the first step: as the report, but only the arguments in `changed`; and for a run that goes on
 * without the architecture, which was shown when it began.
 */
export const openingOnScreen = (
  run: RunSetup,
  { changed, goesOn }: { readonly changed: ReadonlySet<string>; readonly goesOn: boolean },
): Block[] => [
  ...(goesOn ? [] : modelBlocks(run.model)),
  ...setupBlocks(run),
  ...argumentBlocks(run, changed),
  paragraph(
    `All other arguments have their defaults; \`training_args.json\` in the output folder lists all ${Object.keys(run.arguments).length}.`,
  ),
]

const setupBlocks = (run: RunSetup): Block[] => [
  ...dataBlocks(run),
  heading('Training setup'),
  facts(
    ['Device', run.device],
    ['Data collator', collatorOf(run)],
    ['Optimizer', optimizerOf(run)],
    ['Learning rate', scheduleOf(run)],
    ['Loss', lossOf(run)],
    ['Steps', stepsOf(run)],
  ),
]

const argumentBlocks = ({ arguments: all }: RunSetup, shown?: ReadonlySet<string>): Block[] => [
  heading('Arguments'),
  table({
    columns: columns('Argument', 'Value'),
    rows: Object.entries(all)
      .filter(([name]) => shown?.has(name) ?? true)
      .map(([name, value]) => [name, typeof value === 'number' ? setting(value) : String(value ?? 'none')]),
  }),
]

/** The architecture and its parameters, layer by layer; also what `inspect` shows. */
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
      ['Longest input', `${count(model.max_position_embeddings)} tokens`],
      ['Parameters', `${count(total)} (${byteSize(4 * total)} in float32)`],
    ),
    table({
      columns: columns('Parameter', 'Shape', '>Layers', '>Numbers', '>Share'),
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
        'This is expected: the checkpoint was pretrained without a question-answering head, which is trained from scratch.',
      ),
    )
  else if (missing.length)
    notes.push(
      paragraph(
        `Missing in the checkpoint and therefore initialized at random: ${names(missing)}.`,
        'More than the head is missing: check whether this is the right checkpoint.',
      ),
    )
  if (unexpected.length) notes.push(paragraph(`Unexpected in the checkpoint and not used: ${names(unexpected)}.`))
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
      columns: columns('Split', '>Questions', '>Windows', '>Tokens', '>Tokens a window'),
      rows: [row('training', data.train), ...(data.validation ? [row('validation', data.validation)] : [])],
    }),
  ]
}
