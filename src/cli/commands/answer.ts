import { text } from 'node:stream/consumers'
import { Command, Option } from 'commander'
import { UsageError } from '../../errors.ts'
import { cannotRead } from '../../files/binary-file.ts'
import { readNamedTextFile } from '../../files/text-file.ts'
import { percentage } from '../../report/render/format.ts'
import { columns, textTable } from '../../report/render/table.ts'
import { indexAnswerFields } from '../../runs/predict/predict-lines.ts'
import { type CountingProgressBar, countingProgressBar } from '../../runs/screen/progress.ts'
import { PassageIndex } from '../../search/passage-index.ts'
import { showText } from '../../show-value.ts'
import type { AnswerCandidate } from '../../squad/answers/answers.ts'
import { FLAG_NAMES, type PipelineFlags, passagesOption, withPipelineFlags } from '../flags/answering.ts'
import { type EngineFlags, engineChoice, withEngineFlags } from '../flags/engine.ts'
import { type HubFlags, withHubFlags, withHubProgress } from '../flags/hub.ts'
import { listed } from '../flags/parsers.ts'
import { defaultModel, STARTER_DEFAULT } from '../flags/starter.ts'
import { createOutput, type Output } from '../terminal/output.ts'

interface AnswerFlags extends HubFlags, PipelineFlags, EngineFlags {
  readonly model?: string
  readonly question: readonly string[]
  readonly context?: readonly string[]
  readonly context_file?: readonly string[]
  readonly index?: string
  readonly document?: string
  readonly passages: number
  readonly postprocess: 'exact' | 'pipeline'
}

const DETAILS = `
Each --question is answered separately. Several contexts (--context or
--context_file) are searched together: the answers are the best of all contexts,
and their probabilities are relative to all spans of all contexts.
With --postprocess pipeline you get the answers and scores of the Python
pipeline instead, for a single context. Its defaults apply:
--max_answer_length 15, --max_seq_length 384 and --doc_stride 128. Of the
settings stored with the model, only the threshold is used.

With --index, the answers come from the documents of an index that
"spanforge index" made: the model reads the --passages that share the most
important words with the question. Answers have their document, page and
heading, and positions in the text of the document.

Examples:
  spanforge answer --question "Who wrote it?" --context_file book.txt
  spanforge answer --model out --question "Who wrote it?" \\
    --context_file book.txt
  spanforge answer --model out --question "Who?" --question "When?" \\
    --context_file a.txt --context_file b.txt --top_k 3
  cat letter.txt | spanforge answer --model out --question "When?" \\
    --context_file - --json
  spanforge answer --model out --index index --question "How do I reset it?"
`

/** `spanforge answer`: answers questions from texts of any length. */
export function answerCommand(): Command {
  const command = new Command('answer')
    .option('--model <folder>', `model folder or hub name (default: ${STARTER_DEFAULT})`)
    .requiredOption('--question <text>', 'the question; can be repeated', listed)
    .option('--context_file <file>', 'file with the context, or - for standard input; can be repeated', listed)
    .option('--context <text>', 'the context as text; can be repeated', listed)
    .option('--index <folder>', 'index of documents to search instead of contexts (see "spanforge index")')
    .option('--document <text>', 'with --index, search only documents whose name or title contains this')
    .addOption(passagesOption())
    .addOption(
      new Option('--postprocess <name>', 'exact probabilities or the scores of the Python pipeline')
        .choices(['exact', 'pipeline'])
        .default('exact'),
    )
  return withHubFlags(withEngineFlags(withPipelineFlags(command)).option('--json', 'print the result as JSON'))
    .addHelpText('after', DETAILS)
    .action(answer)
}

interface GivenAnswer extends Pick<AnswerCandidate, 'answer' | 'score' | 'confidence' | 'start' | 'end'> {
  /** File or index of the context, if there are several. */
  readonly document?: string | number
  /** With an index: page of a PDF, and headings above the answer. */
  readonly page?: number
  readonly headings?: readonly string[]
}

interface Answers {
  readonly question: string
  readonly answers: readonly GivenAnswer[]
  readonly null_odds?: number
}

async function answer(flags: AnswerFlags): Promise<void> {
  const { openModel } = await import('../../runs/load/load-model.ts')
  const output = createOutput(flags.json === true)
  const documents = await documentsOf(flags)
  const index = flags.index === undefined ? undefined : PassageIndex.open(flags.index)
  const model = flags.model ?? defaultModel('answer', output)
  const loaded = await withHubProgress('Downloading', flags, output, (hub) =>
    openModel(model, { choice: engineChoice(flags) }, { ...hub, revision: flags.revision }),
  )
  for (const text of [loaded.engineNote, loaded.warning]) if (text) output.print(`${text}\n`)
  const found = index
    ? await fromIndex(flags, loaded, index)
    : await (flags.postprocess === 'pipeline' ? asPipeline : searched)(flags, loaded, documents)
  index?.close()
  await loaded.model.release()
  show(found, output)
  output.result(flags.question.length === 1 ? documentOf(found[0], flags) : found)
}

async function fromIndex(flags: AnswerFlags, loaded: Loaded, index: PassageIndex): Promise<Answers[]> {
  const { answerFromIndex } = await import('../../search/passage-reader.ts')
  const { resolveAnswerOptions } = await import('../../inference/answer-options.ts')
  const options = resolveAnswerOptions(flags, loaded.settings)
  const documents = flags.document === undefined ? undefined : chosenDocuments(index, flags.document)
  const found: Answers[] = []
  const answers = answerFromIndex(loaded.model, loaded.tokenizer, index, flags.question, {
    ...options,
    ...FLAG_NAMES,
    documents,
    passages: flags.passages,
  })
  for await (const { question, answers: own, null_odds } of answers)
    found.push({
      question,
      answers: own.map(indexAnswerFields),
      ...(options.handle_impossible_answer && null_odds !== undefined && { null_odds }),
    })
  return found
}

function chosenDocuments(index: PassageIndex, containing: string): number[] {
  const found = index.documents({ containing })
  if (found.length === 0)
    throw new UsageError(`answer: no document of the index has "${showText(containing)}" in its name or title`)
  return found.map(({ id }) => id)
}

type Loaded = import('../../runs/load/load-model.ts').OpenedModel

async function searched(flags: AnswerFlags, loaded: Loaded, documents: readonly NamedContext[]): Promise<Answers[]> {
  const { searchDocuments } = await import('../../inference/pipeline.ts')
  const { resolveAnswerOptions } = await import('../../inference/answer-options.ts')
  const options = resolveAnswerOptions(flags, loaded.settings)
  const { onProgress, stop } = readingProgress()
  const contexts = documents.map(({ context }) => context)
  const found: Answers[] = []
  try {
    const answers = searchDocuments(loaded.model, loaded.tokenizer, flags.question, contexts, {
      ...options,
      ...FLAG_NAMES,
      onProgress,
    })
    for await (const { candidates, null_odds } of answers)
      found.push({
        question: flags.question[found.length],
        answers: candidates.map(({ answer, score, confidence, start, end, document }) => ({
          answer,
          score,
          ...(confidence !== undefined && { confidence }),
          start,
          end,
          ...(documents.length > 1 && answer !== '' && { document: documents[document].name }),
        })),
        ...(options.handle_impossible_answer && { null_odds }),
      })
  } finally {
    stop()
  }
  return found
}

async function asPipeline(flags: AnswerFlags, loaded: Loaded, documents: readonly NamedContext[]): Promise<Answers[]> {
  const { answerQuestions } = await import('../../inference/pipeline.ts')
  const { resolvePipelineOptions } = await import('../../inference/answer-options.ts')
  if (documents.length > 1)
    throw new UsageError(
      'answer: --postprocess pipeline supports a single context',
      'Omit --postprocess to search several.',
    )
  const inputs = flags.question.map((question) => ({ question, context: documents[0].context }))
  const options = { ...resolvePipelineOptions(flags, loaded.settings), ...FLAG_NAMES }
  const found: Answers[] = []
  for await (const answers of answerQuestions(loaded.model, loaded.tokenizer, inputs, options))
    found.push({
      question: flags.question[found.length],
      answers: answers.map(({ answer, score, start, end }) => ({ answer, score, start, end })),
    })
  return found
}

/** Number of windows from which a progress bar is shown. */
const MIN_WINDOWS_WITH_BAR = 100

function readingProgress() {
  let bar: CountingProgressBar | undefined
  return {
    onProgress(done: number, total = 0) {
      if (total < MIN_WINDOWS_WITH_BAR) return
      bar ??= countingProgressBar('Reading', 'windows', total)
      bar.update(done)
    },
    stop: () => bar?.stop(),
  }
}

/** With --top_k 1, the fields of the answer; otherwise the fields of the best answer plus a list of all. */
function documentOf({ answers, null_odds }: Answers, { top_k }: AnswerFlags): object {
  const odds = null_odds === undefined ? {} : { null_odds }
  return top_k === 1 ? { ...answers[0], ...odds } : { ...answers[0], ...odds, answers }
}

function show(found: readonly Answers[], output: Output): void {
  if (!output.forPeople) return
  for (const [i, { question, answers }] of found.entries())
    output.print(`${found.length > 1 ? `${i ? '\n' : ''}${question}\n` : ''}${tableOf(answers)}`)
}

function tableOf(answers: readonly GivenAnswer[]): string {
  const isSure = answers.some(({ confidence }) => typeof confidence === 'number')
  const isSearch = answers.some(({ document }) => document !== undefined)
  const rows = answers.map(({ answer, score, confidence, start, end, document, page, headings }) => [
    answer || '(no answer)',
    percentage(score),
    ...(isSure ? [confidence === null || confidence === undefined ? '' : percentage(confidence)] : []),
    answer ? `${start} to ${end}` : '',
    ...(isSearch ? [sourceText({ document, page, headings })] : []),
  ])
  const titles = ['Answer', '>Probability', ...(isSure ? ['>Confidence'] : []), '>Characters']
  return textTable({ columns: columns(...titles, ...(isSearch ? ['Document'] : [])), rows })
}

/** "manual.pdf, page 3: Setup > Filter" */
function sourceText({ document, page, headings = [] }: Pick<GivenAnswer, 'document' | 'page' | 'headings'>): string {
  const place = `${document ?? ''}${page === undefined ? '' : `, page ${page}`}`
  return headings.length > 0 ? `${place}: ${headings.join(' > ')}` : place
}

interface NamedContext {
  readonly name: string | number
  readonly context: string
}

async function documentsOf({
  context,
  context_file,
  index,
  document,
  postprocess,
}: AnswerFlags): Promise<NamedContext[]> {
  if (index !== undefined) {
    if (context !== undefined || context_file !== undefined)
      throw new UsageError('answer: --index cannot be combined with --context or --context_file')
    if (postprocess === 'pipeline')
      throw new UsageError('answer: --postprocess pipeline supports a single context', 'Omit it to search an index.')
    return []
  }
  if (document !== undefined) throw new UsageError('answer: --document requires --index')
  if ((context === undefined) === (context_file === undefined))
    throw new UsageError('answer: exactly one of --context_file, --context and --index is required')
  if (context !== undefined) return context.map((given, i) => ({ name: i, context: given }))
  return Promise.all(context_file!.map(async (file) => ({ name: file, context: await contentOf(file) })))
}

async function contentOf(file: string): Promise<string> {
  const content = await (file === '-' ? standardInput() : readNamedTextFile(file))
  if (!content.trim()) throw new UsageError(`${file}: the context is empty`, 'Use a file that contains text.')
  return content
}

const standardInput = (): Promise<string> =>
  text(process.stdin).catch((error) => Promise.reject(cannotRead('standard input', error)))
