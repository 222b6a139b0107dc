import { Command } from 'commander'
import { DATA_ARGUMENT, type DataCommandFlags, sourcesFor, withDataCommandFlags } from './data-flags.ts'
import { counted } from './format.ts'
import { createOutput } from './output.ts'

/** `spanforge data convert`: a data file in another format. */
export const convertCommand = (): Command =>
  withDataCommandFlags(new Command('convert'))
    .description('write a data file in another format')
    .argument('<file>', DATA_ARGUMENT)
    .argument('<output>', 'where to write it: .json, .jsonl, .csv, .tsv (perhaps with .gz) or .parquet')
    .addHelpText(
      'after',
      '\nExamples:\n  spanforge data convert train.parquet train.json\n  spanforge data convert squad dev.json --split validation\n',
    )
    .action(convert)

async function convert(file: string, path: string, flags: DataCommandFlags): Promise<void> {
  const { eachExample } = await import('../data/read-examples.ts')
  const { outputFormat, writeExamples } = await import('../data/write-examples.ts')
  const output = createOutput(flags.json === true)
  outputFormat(path)
  const [files] = await sourcesFor([path], [file], flags, output)
  const questions = await writeExamples(path, eachExample(files), flags)
  output.print(`${path}: ${counted(questions, 'question')}`)
  output.result({ file: path, questions })
}
