import { Command } from 'commander'
import { count, counted } from '../../../report/render/format.ts'
import {
  type ColumnsFlag,
  DATA_ARGUMENT,
  type DataCommandFlags,
  layoutOf,
  sourcesFor,
  withColumnsFlag,
  withDataCommandFlags,
} from '../../flags/data.ts'
import { integerFrom } from '../../flags/parsers.ts'
import { createOutput } from '../../terminal/output.ts'

interface SampleFlags extends DataCommandFlags, ColumnsFlag {
  readonly count: number
  readonly output: string
  readonly seed: number
}

/** `spanforge data sample`: draws a random sample of questions. */
export const sampleCommand = (): Command =>
  withColumnsFlag(withDataCommandFlags(new Command('sample')))
    .description('draw a random sample of questions')
    .argument('<file>', DATA_ARGUMENT)
    .requiredOption('--count <integer>', 'number of questions', integerFrom(1))
    .requiredOption('--output <file>', 'output file; its extension selects the format')
    .option('--seed <integer>', 'random seed', integerFrom(0), 42)
    .addHelpText('after', '\nExample:\n  spanforge data sample train.json --count 1000 --output small.json\n')
    .action(sample)

async function sample(file: string, flags: SampleFlags): Promise<void> {
  const { count: wanted, output: path, seed } = flags
  const { readSourceExamples } = await import('../../../data/read-examples.ts')
  const { sampleExamples } = await import('../../../data/parts.ts')
  const { outputFormat, writeExamples } = await import('../../../data/write-examples.ts')
  outputFormat(path)
  const output = createOutput(flags.json === true)
  const [files] = await sourcesFor([path], [file], flags, output)
  const examples = await readSourceExamples(files)
  const layout = await layoutOf(examples, flags, { isPart: true })
  const questions = await writeExamples(path, sampleExamples(examples, wanted, seed), { ...flags, layout })
  output.print(`${path}: ${count(questions)} of ${counted(examples.length, 'question')}, seed ${seed}`)
  output.result({ file: path, questions, of: examples.length, seed })
}
