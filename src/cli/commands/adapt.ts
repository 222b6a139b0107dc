import { Command, Option } from 'commander'
import { QUESTION_STYLES, type QuestionStyle } from '../../cloze/cloze-examples.ts'
import { UsageError } from '../../errors.ts'
import { isFirst, onFirst } from '../../ranks/ranks.ts'
import type { AdaptOptions } from '../../runs/adapt/adapt.ts'
import { ADAPT_DEFAULTS, CHOSEN_DEFAULTS, UNSUPPORTED_ARGUMENTS } from '../../runs/adapt/adapt-defaults.ts'
import { setQuiet } from '../../runs/screen/live-bar.ts'
import type { Example } from '../../squad/types.ts'
import { parseArguments } from '../../training/arguments/arguments.ts'
import { type DashboardFlags, withDashboardFlags } from '../flags/dashboard.ts'
import { type DocumentFlags, documentLimits, withDocumentFlags } from '../flags/documents.ts'
import { withHubProgress } from '../flags/hub.ts'
import { integerFrom, shareOf } from '../flags/parsers.ts'
import { shownCommand } from '../flags/shown-command.ts'
import { trainingArgumentsOf, withArgumentFlags } from '../flags/training.ts'
import { trainOnRank } from '../flags/training-run.ts'
import { catchInterrupts, untilInterrupted } from '../terminal/interrupts.ts'
import { createOutput, type Output } from '../terminal/output.ts'
import { terminalScreen } from '../terminal/screen.ts'
import { rejectRanks, withRanks } from '../terminal/with-ranks.ts'

interface AdaptFlags extends DashboardFlags, DocumentFlags {
  readonly question_style: QuestionStyle
  readonly max_examples: number
  readonly held_out: number
  readonly dry_run?: boolean
  readonly examples?: string
  readonly overwrite?: boolean
  readonly args_file?: string
  readonly json?: boolean
  readonly offline?: boolean
}

/** Descriptions of the defaults of this command. */
const DEFAULTS = Object.fromEntries(
  Object.entries({ ...ADAPT_DEFAULTS, ...CHOSEN_DEFAULTS }).map(([name, value]) => [name, String(value)]),
)

const DETAILS = `
DOCS are documents (.txt, .md, .html, .pdf, .docx) and folders with them,
folders made by "spanforge index", and data files, of which only the contexts
are used. A name, number or phrase that occurs in two sentences of a document
becomes an answer: one of the sentences, without the answer, is the question,
and the passage around the other one is the context.

Examples:
  Show the questions that a manual gives; this needs no model:
    spanforge adapt manual.pdf --dry_run

  Adapt a model to documents, then fine-tune it on a few questions:
    spanforge adapt manuals/ --model bert-base-uncased --output_dir adapted
    spanforge train --model adapted --train_file questions.json --output_dir out

  Resume an interrupted run exactly where it stopped:
    spanforge adapt --output_dir adapted --resume_from_checkpoint latest
`

/** `spanforge adapt DOCS`: trains a model on questions made from documents. */
export function adaptCommand(): Command {
  const command = new Command('adapt').argument('[docs...]', 'files and folders with documents')
  return withArgumentFlags(command, withOwnFlags, { without: UNSUPPORTED_ARGUMENTS, defaults: DEFAULTS })
    .addHelpText('after', DETAILS)
    .action((docs: readonly string[], flags: AdaptFlags & Record<string, unknown>, own: Command) => {
      const output = createOutput(flags.json === true)
      const given = trainingArgumentsOf(flags)
      return flags.dry_run || flags.examples !== undefined
        ? showExamples(docs, flags, given, output)
        : adapt(docs, flags, { given, output, command: shownCommand(own) })
    })
}

const withOwnFlags = (command: Command): Command =>
  withDashboardFlags(
    withDocumentFlags(command)
      .addOption(
        new Option(
          '--question_style <name>',
          'cloze puts a mask in place of the answer, wh asks with a question word (English only), mixed makes half of the questions in each way',
        )
          .choices(QUESTION_STYLES)
          .default('mixed'),
      )
      .option('--max_examples <integer>', 'maximum number of questions to make', integerFrom(1), 20_000)
      .option(
        '--held_out <number>',
        'share of the questions to evaluate on, from other documents; 0 for none',
        shareOf,
        0.05,
      )
      .option('--dry_run', 'show how many questions the documents give, and ten of them, without training')
      .option('--examples <file>', 'write the questions to a data file (.json, .jsonl, .csv ...) instead of training')
      .option('--overwrite', 'replace the file of --examples')
      .option('--json', 'print only the contents of all_results.json to standard output'),
  )

const adaptOptions = (flags: AdaptFlags): Pick<AdaptOptions, 'style' | 'max_examples' | 'held_out' | 'limits'> => ({
  style: flags.question_style,
  max_examples: flags.max_examples,
  held_out: flags.held_out,
  limits: documentLimits(flags),
})

interface Given {
  readonly given: Record<string, unknown>
  readonly output: Output
  readonly command: string
}

async function adapt(docs: readonly string[], flags: AdaptFlags, { given, output, command }: Given): Promise<void> {
  const { gatherArguments } = await import('../../runs/train/read-arguments.ts')
  const { prepareAdaptation } = await import('../../runs/adapt/adapt.ts')
  const raw = await gatherArguments(given, { args_file: flags.args_file })
  if (raw.disable_tqdm) setQuiet(true)
  await withRanks(async (ranks) => {
    const interrupts = catchInterrupts(() => {
      if (isFirst(ranks)) output.print('Stopping. Press Ctrl-C again to quit immediately.')
    })
    const { signal } = interrupts
    try {
      const args = await onFirst(ranks, () =>
        withHubProgress('Downloading', flags, output, (hub) =>
          prepareAdaptation(docs, raw, {
            ...adaptOptions(flags),
            screen: terminalScreen(output),
            signal,
            hub,
            inputs: flags.args_file === undefined ? [] : [flags.args_file],
          }),
        ),
      )
      interrupts.release()
      await trainOnRank({ flags, args, output, command, name: 'adapt' }, ranks)
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error
      process.exitCode = interrupts.exitCode()
    } finally {
      interrupts.release()
    }
  })
}

/** Number of questions that --dry_run shows. */
const SHOWN = 10

async function showExamples(
  docs: readonly string[],
  flags: AdaptFlags,
  given: Record<string, unknown>,
  output: Output,
): Promise<void> {
  const { examples: path, overwrite } = flags
  await rejectRanks(`adapt ${path === undefined ? '--dry_run' : '--examples'}`, false)
  if (path !== undefined && flags.dry_run)
    throw new UsageError('adapt: --dry_run and --examples are mutually exclusive', 'Use one of them.')
  const { checkOutputs } = await import('../../files/output.ts')
  const { outputFormat, writeExamples } = await import('../../data/write-examples.ts')
  if (path !== undefined) {
    outputFormat(path)
    checkOutputs([path], { overwrite, inputs: docs })
  }
  const { gatherArguments } = await import('../../runs/train/read-arguments.ts')
  const { foundLines, makeFrom } = await import('../../runs/adapt/adapt.ts')
  const args = parseArguments(await gatherArguments(given, { args_file: flags.args_file }), 'arguments')
  await untilInterrupted(output, async (signal) => {
    const made = await withHubProgress('Downloading', flags, output, (hub) =>
      makeFrom(docs, args, { ...adaptOptions(flags), screen: terminalScreen(output), signal, hub }),
    )
    const { train, held_out, counts, skipped, digest } = made
    output.print(foundLines(made).join('\n'))
    const facts = { ...counts, train: train.length, held_out: held_out.length, digest, skipped }
    if (path === undefined) {
      const shown = train.slice(0, SHOWN)
      for (const example of shown) output.print(`\n${shownExample(example)}`)
      output.result({ ...facts, examples: shown })
      return
    }
    const all = [...train, ...held_out].sort(byPlace)
    await writeExamples(path, all, { overwrite })
    output.print(`Wrote ${path}.`)
    output.result({ ...facts, file: path })
  })
}

/** Order that puts the questions of a document and of a passage together. */
const byPlace = (a: Example, b: Example): number =>
  compare(a.title!, b.title!) || compare(a.context, b.context) || compare(a.id, b.id)

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Characters of the context before and after an answer that are shown. */
const AROUND = 100

function shownExample({ title, question, context, answers: [answer] }: Example): string {
  const [from, to] = [answer.answer_start, answer.answer_start + answer.text.length]
  const text =
    (from > AROUND ? '...' : '') +
    context.slice(Math.max(0, from - AROUND), from) +
    `[${answer.text}]` +
    context.slice(to, to + AROUND) +
    (to + AROUND < context.length ? '...' : '')
  return `  ${title}\n  Question: ${question}\n  Context:  ${text.replace(/\s+/g, ' ')}`
}
