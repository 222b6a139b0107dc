import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { Command } from 'commander'
import { cannotRead } from '../checkpoint/binary-file.ts'
import { UsageError } from '../errors.ts'
import type { AnswerCandidate } from '../squad/answers.ts'
import { wholeNumber } from './flags.ts'
import { percent } from './format.ts'
import { type HubFlags, withHubFlags, withHubProgress } from './hub-options.ts'
import { createOutput } from './output.ts'
import { columns, textTable } from './table.ts'

interface AnswerFlags extends HubFlags {
  readonly model: string
  readonly question: string
  readonly context?: string
  readonly contextFile?: string
  readonly top_k: number
  readonly max_answer_length: number
  readonly handle_impossible_answer?: boolean
  readonly max_seq_length?: number
  readonly doc_stride?: number
}

/** `spanforge answer`: the answer to a question in a context of any length. */
export function answerCommand(): Command {
  const command = new Command('answer')
    .description('answer a question from a context of any length')
    .requiredOption('--model <folder>', 'model folder, or name on the hub')
    .requiredOption('--question <text>', 'the question')
    .option('--context-file <file>', 'file with the context; - is standard input')
    .option('--context <text>', 'the context itself')
    .option('--top_k <integer>', 'how many answers', wholeNumber(1), 1)
    .option('--max_answer_length <integer>', 'longest answer in tokens', wholeNumber(1), 30)
    .option('--handle_impossible_answer', 'the answer may be that there is none: ""')
    .option('--max_seq_length <integer>', 'longest window in tokens (384, or what the model takes)', wholeNumber(1))
    .option('--doc_stride <integer>', 'context tokens that neighbouring windows share (128)', wholeNumber(0))
    .option('--json', 'print one JSON document')
  return withHubFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  spanforge answer --model out --question "Who wrote it?" --context-file book.txt
  cat letter.txt | spanforge answer --model out --question "When?" --context-file - --top_k 3 --json
`,
    )
    .action(answer)
}

async function answer(flags: AnswerFlags): Promise<void> {
  const { searchDocuments } = await import('../inference/pipeline.ts')
  const { loadModel } = await import('../runs/load-model.ts')
  const { newlyInitialized } = await import('../inference/pretrained.ts')
  const output = createOutput(flags.json === true)
  const context = await contextOf(flags)
  const { model, tokenizer, report } = await withHubProgress('Downloading', flags, output, (hub) =>
    loadModel(flags.model, {}, { ...hub, revision: flags.revision }),
  )
  const warning = newlyInitialized(flags.model, report)
  if (warning) output.print(`${warning}\n`)
  const { max_seq_length: max_seq_len, ...options } = flags
  const found = searchDocuments(model, tokenizer, [flags.question], [context], { ...options, max_seq_len })
  for await (const { candidates } of found) {
    const answers = candidates.map(({ answer, score, start, end }) => ({ answer, score, start, end }))
    if (output.forPeople) output.print(tableOf(answers))
    output.result(flags.top_k === 1 ? answers[0] : { ...answers[0], answers })
  }
  await model.release()
}

function tableOf(answers: readonly Omit<AnswerCandidate, 'logit' | 'document'>[]): string {
  const rows = answers.map(({ answer, score, start, end }) => [
    answer || '(no answer)',
    percent(score),
    `${start} to ${end}`,
  ])
  return textTable({ columns: columns('Answer', '>Probability', '>Characters'), rows })
}

async function contextOf({ context, contextFile }: AnswerFlags): Promise<string> {
  if ((context === undefined) === (contextFile === undefined))
    throw new UsageError('answer: give the context, by either --context-file or --context')
  if (context !== undefined) return context
  if (contextFile === '-') return text(process.stdin)
  return readFile(contextFile!, 'utf8').catch((error) => Promise.reject(cannotRead(contextFile!, error)))
}
