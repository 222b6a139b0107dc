/**
 * Measures many questions about one book, and one question about a whole shelf of books: questions per second and peak
 * resident memory, each in a separate process. The text is real: the concatenated contexts of a data file.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { loadTokenizer } from '../src/checkpoint/tokenizer-folder.ts'
import { integerFrom } from '../src/cli/flags/parsers.ts'
import { readExamples } from '../src/data/read-examples.ts'
import { searchDocuments } from '../src/inference/pipeline.ts'
import { randomModel } from '../src/inference/pretrained.ts'
import { parseConfig } from '../src/models/registry.ts'
import { loadModel } from '../src/runs/load/load-model.ts'
import { countingProgressBar } from '../src/runs/screen/progress.ts'

interface Flags {
  readonly questions: number
  readonly words: number
  readonly context_words: number
  readonly bert_tiny?: boolean
  readonly only?: 'book' | 'shelf'
  readonly json?: boolean
}

interface Measured {
  readonly questions: number
  readonly words: number
  readonly windows: number
  readonly seconds: number
  readonly questions_per_second: number
  readonly windows_per_second: number
  readonly peak_resident_bytes: number
}

await new Command('long-documents')
  .argument('<data>', 'data file whose contexts and questions are used')
  .argument('<model>', 'model folder')
  .option('--questions <integer>', 'questions about the book', integerFrom(1), 1000)
  .option('--words <integer>', 'number of words in the book', integerFrom(1), 50_000)
  .option('--context_words <integer>', 'number of words on the shelf', integerFrom(1), 1_000_000)
  .option(
    '--bert_tiny',
    'use random weights with the size of BERT-tiny (2 layers of 128) and the tokenizer of the folder',
  )
  .option('--only <name>', 'run only book or shelf')
  .option('--json', 'run one measurement in this process and print JSON')
  .action(async (data: string, model: string, flags: Flags) => {
    if (flags.json) return console.log(JSON.stringify(await measure(data, model, flags)))
    for (const only of flags.only ? [flags.only] : (['book', 'shelf'] as const)) report(only, inFreshProcess(only))
  })
  .parseAsync()

function inFreshProcess(only: string): Measured {
  const argv = ['--import', 'tsx', fileURLToPath(import.meta.url), ...process.argv.slice(2), '--only', only, '--json']
  const { stdout, status } = spawnSync(process.execPath, argv, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) process.exit(status ?? 1)
  return JSON.parse(stdout)
}

async function measure(data: string, folder: string, flags: Flags): Promise<Measured> {
  const examples = await readExamples(data)
  const isBook = flags.only === 'book'
  const [count, length] = isBook ? [flags.questions, flags.words] : [1, flags.context_words]
  const context = textOf(
    examples.map(({ context }) => context),
    length,
  )
  const questions = Array.from({ length: count }, (_, i) => examples[i % examples.length].question)
  const { model, tokenizer } = flags.bert_tiny ? await bert_tiny(folder) : await loadModel(folder)
  const began = performance.now()
  let windows = 0
  let bar: ReturnType<typeof countingProgressBar> | undefined
  const onProgress = (done: number, total = 0) => {
    windows = done
    bar ??= countingProgressBar('Reading', 'windows', total)
    bar.update(done)
  }
  for await (const { candidates } of searchDocuments(model, tokenizer, questions, [context], { onProgress })) {
    const { answer, start, end } = candidates[0]
    if (context.slice(start, end) !== answer) throw new Error(`wrong slice: ${JSON.stringify(candidates[0])}`)
  }
  bar?.stop()
  const seconds = (performance.now() - began) / 1000
  return {
    questions: count,
    words: length,
    windows,
    seconds,
    questions_per_second: count / seconds,
    windows_per_second: windows / seconds,
    peak_resident_bytes: peakResidentBytes(),
  }
}

/**
 * BERT-tiny (Turc et al. 2019) with random weights. The answers are meaningless, but the speed is that of trained
 * weights.
 */
async function bert_tiny(folder: string) {
  const tokenizer = await loadTokenizer(folder)
  const vocab_size = tokenizer.settings.vocab.length
  const shape = { vocab_size, num_hidden_layers: 2, hidden_size: 128, num_attention_heads: 2, intermediate_size: 512 }
  return { model: randomModel(parseConfig(shape, 'BERT-tiny')), tokenizer }
}

/** Concatenates contexts, repeating them if necessary, up to the given number of words. */
function textOf(contexts: readonly string[], words: number): string {
  const distinct = [...new Set(contexts)]
  const parts: string[] = []
  let missing = words
  for (let i = 0; missing > 0; i++) {
    const own = distinct[i % distinct.length].split(/\s+/).slice(0, missing)
    missing -= own.length
    parts.push(own.join(' '))
  }
  return parts.join('\n')
}

/** Peak resident memory: VmHWM on Linux, the current resident memory elsewhere. */
function peakResidentBytes(): number {
  try {
    const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))!
    return Number(kilobytes) * 1024
  } catch {
    return process.memoryUsage().rss
  }
}

function report(name: string, found: Measured): void {
  const { questions, words, windows, seconds, questions_per_second, windows_per_second, peak_resident_bytes } = found
  const most = 2 * 2 ** 30
  console.log(
    `${name}: ${questions} questions, ${words.toLocaleString('en-US')} words, ${windows.toLocaleString('en-US')} windows ` +
      `in ${seconds.toFixed(1)} s: ${questions_per_second.toPrecision(3)} questions/s, ` +
      `${windows_per_second.toFixed(1)} windows/s, peak ${(peak_resident_bytes / 1e9).toFixed(2)} GB` +
      (peak_resident_bytes > most ? ', MORE than 2 GiB' : ''),
  )
  if (peak_resident_bytes > most) process.exitCode = 1
}
