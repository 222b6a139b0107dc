import { Command, Option } from 'commander'
import type { SplitBy } from '../../../data/parts.ts'
import { counted } from '../../../report/render/format.ts'
import {
  type ColumnsFlag,
  DATA_ARGUMENT,
  type DataCommandFlags,
  layoutOf,
  sourcesFor,
  withColumnsFlag,
  withDataCommandFlags,
} from '../../flags/data.ts'
import { anyNumber, integerFrom } from '../../flags/parsers.ts'
import { createOutput } from '../../terminal/output.ts'

interface SplitFlags extends DataCommandFlags, ColumnsFlag {
  readonly train: string
  readonly validation: string
  readonly test?: string
  readonly validation_share: number
  readonly test_share: number
  readonly by?: SplitBy
  readonly seed: number
}

/** `spanforge data split`: splits a data file into parts without shared contexts. */
export const splitCommand = (): Command =>
  withColumnsFlag(withDataCommandFlags(new Command('split')))
    .description('split a data file into parts without shared contexts')
    .argument('<file>', DATA_ARGUMENT)
    .requiredOption('--train <file>', 'output file for training')
    .requiredOption('--validation <file>', 'output file for validation')
    .option('--test <file>', 'output file for the final test')
    .option('--validation_share <number>', 'share of the questions for validation', anyNumber, 0.1)
    .option('--test_share <number>', 'share of the questions for the final test, with --test', anyNumber, 0.1)
    .addOption(
      new Option(
        '--by <name>',
        'unit that is never divided (default: article if there are enough articles, else context)',
      ).choices(['article', 'context', 'question']),
    )
    .option('--seed <integer>', 'random seed', integerFrom(0), 42)
    .addHelpText('after', '\nExample:\n  spanforge data split all.json --train train.json --validation dev.json\n')
    .action(split)

async function split(file: string, flags: SplitFlags): Promise<void> {
  const { readSourceExamples } = await import('../../../data/read-examples.ts')
  const { splitExamples } = await import('../../../data/parts.ts')
  const { outputFormat, writeExamples } = await import('../../../data/write-examples.ts')
  const { train, validation, test, seed, by } = flags
  const paths = [train, validation, ...(test === undefined ? [] : [test])]
  for (const path of paths) outputFormat(path)
  const shares = [flags.validation_share, ...(test === undefined ? [] : [flags.test_share])]
  const output = createOutput(flags.json === true)
  const [files] = await sourcesFor(paths, [file], flags, output)
  const examples = await readSourceExamples(files)
  const layout = await layoutOf(examples, flags, { isPart: true })
  const parts = splitExamples(examples, { seed, shares, by })
  const written: Record<string, number> = {}
  for (const [index, path] of paths.entries())
    written[path] = await writeExamples(path, parts.parts[index], { ...flags, layout })
  for (const [path, questions] of Object.entries(written)) output.print(`${path}: ${counted(questions, 'question')}`)
  output.print(`split by ${parts.by}, seed ${seed}`)
  output.result({ by: parts.by, seed, files: written })
}
