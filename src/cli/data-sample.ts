import { Command } from 'commander'
import {
  type ColumnsFlag,
  DATA_ARGUMENT,
  type DataCommandFlags,
  layoutOf,
  sourcesFor,
  withColumnsFlag,
  withDataCommandFlags,
} from './data-flags.ts'
import { wholeNumber } from './flags.ts'
import { count, counted } from './format.ts'
import { createOutput } from './output.ts'

interface SampleFlags extends DataCommandFlags, ColumnsFlag {
  readonly count: number
  readonly output: string
  readonly seed: number
}

/** `spanforge data sample`: a few questions of many. */
export const sampleCommand = (): Command =>
  withColumnsFlag(withDataCommandFlags(new Command('sample')))
    .description('draw questions at random')
    .argument('<file>', DATA_ARGUMENT)
    .requiredOption('--count <integer>', 'how many questions', wholeNumber(1))
    .requiredOption('--output <file>', 'where to write them, in the format that its name tells')
    .option('--seed <integer>', 'decides which', wholeNumber(0), 42)
    .addHelpText('after', '\nExample:\n  spanforge data sample train.json --count 1000 --output small.json\n')
    .action(sample)

async function sample(file: string, flags: SampleFlags): Promise<void> {
  const { count: wanted, output: path, seed } = flags
  const { readSourceExamples } = await import('../data/read-examples.ts')
  const { sampleExamples } = await import('../data/sample.ts')
  const { outputFormat, writeExamples } = await import('../data/write-examples.ts')
  outputFormat(path)
  const output = createOutput(flags.json === true)
  const [files] = await sourcesFor([path], [file], flags, output)
  const examples = await readSourceExamples(files)
  const layout = await layoutOf(examples, flags)
  const questions = await writeExamples(path, sampleExamples(examples, wanted, seed), { ...flags, layout })
  output.print(`${path}: ${count(questions)} of ${counted(examples.length, 'question')}, seed ${seed}`)
  output.result({ file: path, questions, of: examples.length, seed })
}
