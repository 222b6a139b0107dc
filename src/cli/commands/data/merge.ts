import { Command } from 'commander'
import { count, counted } from '../../../report/render/format.ts'
import { showText } from '../../../show-value.ts'
import {
  type ColumnsFlag,
  type DataCommandFlags,
  layoutOf,
  sourcesFor,
  withColumnsFlag,
  withDataCommandFlags,
} from '../../flags/data.ts'
import { createOutput } from '../../terminal/output.ts'

interface DataMergeFlags extends DataCommandFlags, ColumnsFlag {
  readonly output: string
}

/** `spanforge data merge`: merges several data files. */
export const dataMergeCommand = (): Command =>
  withColumnsFlag(withDataCommandFlags(new Command('merge')))
    .description('merge data files, removing duplicates and making ids unique')
    .argument('<files...>', 'data files in any format, or dataset names')
    .requiredOption('--output <file>', 'output file; its extension selects the format')
    .addHelpText('after', '\nExample:\n  spanforge data merge squad.json own.csv --output train.parquet\n')
    .action(merge)

async function merge(files: readonly string[], flags: DataMergeFlags): Promise<void> {
  const { output: path } = flags
  const { readSourceExamples } = await import('../../../data/read-examples.ts')
  const { mergeExamples } = await import('../../../data/parts.ts')
  const { outputFormat, writeExamples } = await import('../../../data/write-examples.ts')
  outputFormat(path)
  const output = createOutput(flags.json === true)
  const lists = []
  for (const sources of await sourcesFor([path], files, flags, output)) lists.push(await readSourceExamples(sources))
  const { examples, repeated, renamed } = mergeExamples(lists)
  const layout = await layoutOf(examples, flags)
  const questions = await writeExamples(path, examples, { ...flags, layout })
  output.print(`${path}: ${counted(questions, 'question')} of ${counted(files.length, 'file')}`)
  if (repeated) output.print(`duplicates removed: ${count(repeated)}`)
  if (renamed.size) output.print(`duplicate ids replaced: ${count(renamed.size)}`)
  for (const [id, old] of [...renamed].slice(0, 3)) output.print(`  ${showText(old)} -> ${showText(id)}`)
  output.result({ file: path, questions, repeated, renamed: Object.fromEntries(renamed) })
}
