/**
 * Measures answering from an index: how often the passage with the answer is among the first k, exact match and F1 of
 * the answers compared with those from the given paragraph, and the time of a question, compared with reading all
 * passages. The collection has all paragraphs of all data files, one document for each article.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { integerFrom } from '../src/cli/flags/parsers.ts'
import { readExamples } from '../src/data/read-examples.ts'
import { resolveAnswerOptions } from '../src/inference/answer-options.ts'
import { searchDocuments } from '../src/inference/pipeline.ts'
import { decimal } from '../src/report/render/format.ts'
import { columns, textTable } from '../src/report/render/table.ts'
import { buildIndex } from '../src/runs/index/build-index.ts'
import { openModel } from '../src/runs/load/load-model.ts'
import { PassageIndex } from '../src/search/passage-index.ts'
import { answerFromIndex } from '../src/search/passage-reader.ts'
import { STEMMINGS, type Stemming } from '../src/search/schema.ts'
import { bootstrapMean } from '../src/squad/metrics/bootstrap.ts'
import { squadMetrics } from '../src/squad/metrics/metrics.ts'
import type { Example } from '../src/squad/types.ts'

interface Flags {
  readonly model: string
  readonly questions: number
  readonly everything: number
  readonly stemming: Stemming
}

const DEPTHS = [1, 5, 10, 20] as const

await new Command('search')
  .argument('<data...>', 'SQuAD files: the questions are those of the first one')
  .requiredOption('--model <folder>', 'model folder')
  .option('--questions <integer>', 'questions that the model answers', integerFrom(1), 250)
  .option('--everything <integer>', 'questions for which all passages are read', integerFrom(0), 2)
  .addOption(new Option('--stemming <name>').choices(STEMMINGS).default('english'))
  .action(measure)
  .parseAsync()

async function measure(files: readonly string[], flags: Flags): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'spanforge-search-'))
  try {
    const asked = await readExamples(files[0])
    const collection = (await Promise.all(files.map((file) => readExamples(file)))).flat()
    const articles = writeArticles(join(folder, 'docs'), collection)
    const output_dir = join(folder, 'index')
    const built = await buildIndex([join(folder, 'docs')], { output_dir, stemming: flags.stemming })
    const megabytes = statSync(join(output_dir, 'index.db')).size / 1e6
    console.log(
      `${built.documents} documents, ${built.passages} passages, ${built.characters} characters: indexed in ` +
        `${decimal(built.runtime)} s, ${decimal(megabytes, 1)} MB, stemming ${flags.stemming}`,
    )
    const index = PassageIndex.open(output_dir)
    recall(index, asked, articles)
    await answers(index, sampled(asked, flags.questions), flags)
    index.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Writes a text file for each article. Returns the name of the file of each article. */
function writeArticles(folder: string, examples: readonly Example[]): Map<string, string> {
  mkdirSync(folder)
  const articles = new Map<string, Set<string>>()
  for (const { title = '', context } of examples) {
    if (!articles.has(title)) articles.set(title, new Set())
    articles.get(title)!.add(context.trim())
  }
  const names = new Map<string, string>()
  for (const [title, paragraphs] of articles) {
    const name = `${names.size}.txt`
    writeFileSync(join(folder, name), [...paragraphs].join('\n\n'))
    names.set(title, name)
  }
  return names
}

function sampled<T>(items: readonly T[], count: number): T[] {
  const step = Math.max(1, items.length / count)
  return Array.from({ length: Math.min(count, items.length) }, (_, i) => items[Math.floor(i * step)])
}

/** Prints the share of questions for which one of the first k passages contains the labeled answer at its place. */
function recall(index: PassageIndex, asked: readonly Example[], articles: ReadonlyMap<string, string>): void {
  const documents = new Map(index.documents().map(({ name, id }) => [name.split('/').at(-1)!, id]))
  const texts = new Map<number, string>()
  const found = new Map<number, number>(DEPTHS.map((depth) => [depth, 0]))
  const times: number[] = []
  for (const { title = '', context, question, answers } of asked) {
    const id = documents.get(articles.get(title)!)!
    if (!texts.has(id)) texts.set(id, index.text(id))
    const place = texts.get(id)!.indexOf(context.trim()) + answers[0].answer_start
    const began = performance.now()
    const passages = index.search(question, { passages: DEPTHS.at(-1) })
    times.push(performance.now() - began)
    const rank = passages.findIndex(
      ({ document, start, text }) =>
        document.id === id && start <= place && place + answers[0].text.length <= start + text.length,
    )
    for (const depth of DEPTHS) if (rank >= 0 && rank < depth) found.set(depth, found.get(depth)! + 1)
  }
  console.log(`\nRecall of ${asked.length} questions; search takes ${quantiles(times)}`)
  const rows = [...found].map(([depth, count]) => [`${depth}`, `${decimal((100 * count) / asked.length, 1)} %`])
  console.log(textTable({ columns: columns('>Passages', '>Recall'), rows }))
}

function quantiles(milliseconds: readonly number[]): string {
  const sorted = [...milliseconds].sort((a, b) => a - b)
  const at = (share: number) => decimal(sorted[Math.floor(share * (sorted.length - 1))], 1)
  return `${at(0.5)} ms (median), ${at(0.95)} ms (95 %)`
}

async function answers(index: PassageIndex, asked: readonly Example[], flags: Flags): Promise<void> {
  const loaded = await openModel(flags.model)
  const { model, tokenizer } = loaded
  const options = resolveAnswerOptions({}, loaded.settings)
  const rows: string[][] = []
  const add = async (name: string, examples: readonly Example[], answer: (example: Example) => Promise<string>) => {
    const times: number[] = []
    const predictions = new Map<string, string>()
    for (const example of examples) {
      const began = performance.now()
      predictions.set(example.id, await answer(example))
      times.push(performance.now() - began)
    }
    const { per_question } = squadMetrics(predictions, examples)
    const score = (values: readonly number[]) => {
      const { mean, low, high } = bootstrapMean(values)
      return `${decimal(100 * mean, 1)} (${decimal(100 * low, 1)} to ${decimal(100 * high, 1)})`
    }
    const em = score(per_question.map(({ exact_match }) => exact_match))
    rows.push([name, `${examples.length}`, em, score(per_question.map(({ f1 }) => f1)), quantiles(times)])
    console.error(`measured: ${name}`)
  }
  const best = async (found: AsyncGenerator<{ readonly candidates: readonly { readonly answer: string }[] }>) =>
    (await found.next()).value!.candidates[0].answer

  await add('the given paragraph', asked, ({ question, context }) =>
    best(searchDocuments(model, tokenizer, [question], [context], options)),
  )
  for (const passages of DEPTHS)
    await add(passages === 1 ? '1 passage' : `${passages} passages`, asked, async ({ question }) => {
      const found = answerFromIndex(model, tokenizer, index, [question], { ...options, passages })
      return (await found.next()).value!.answers[0].answer
    })
  if (flags.everything > 0) {
    const all = index.documents().map(({ id }) => index.text(id))
    await add('all documents', sampled(asked, flags.everything), ({ question }) =>
      best(searchDocuments(model, tokenizer, [question], all, options)),
    )
  }
  await model.release()
  console.log(`\nAnswers of ${flags.model}, with 95 % intervals, one question at a time`)
  console.log(textTable({ columns: columns('The model reads', '>Questions', '>EM', '>F1', 'Time per question'), rows }))
}
