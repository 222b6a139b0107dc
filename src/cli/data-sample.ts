import { Command } from 'commander'
import { wholeNumber } from './flags.ts'
import { count } from './format.ts'
import { createOutput } from './output.ts'

interface SampleFlags {
  readonly count: number
  readonly output: string
  readonly seed: number
  readonly json?: boolean
}

/** `spanforge data sample`: a few questions of many. */
export const sampleCommand = (): Command =>
  new Command('sample')
    .description('draw questions at random')
    .argument('<file>', 'data file of any format')
    .requiredOption('--count <integer>', 'how many questions', wholeNumber(1))
    .requiredOption('--output <file>', 'where to write them, in the format that its name tells')
    .option('--seed <integer>', 'decides which', wholeNumber(0), 42)
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  spanforge data sample train.json --count 1000 --output small.json\n')
    .action(sample)

async function sample(file: string, { count: wanted, output: path, seed, json }: SampleFlags): Promise<void> {
  const { readExamples } = await import('../data/read-examples.ts')
  const { sampleExamples } = await import('../data/sample.ts')
  const { outputFormat, writeExamples } = await import('../data/write-examples.ts')
  outputFormat(path)
  const examples = await readExamples(file)
  const questions = await writeExamples(path, sampleExamples(examples, wanted, seed))
  const output = createOutput(json === true)
  output.print(`${path}: ${count(questions)} of ${count(examples.length)} questions, seed ${seed}`)
  output.result({ file: path, questions, of: examples.length, seed })
}
