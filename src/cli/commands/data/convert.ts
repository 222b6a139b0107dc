import { Command } from 'commander'
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
import { createOutput } from '../../terminal/output.ts'

type ConvertFlags = DataCommandFlags & ColumnsFlag

/** `spanforge data convert`: converts a data file to another format. */
export const convertCommand = (): Command =>
  withColumnsFlag(withDataCommandFlags(new Command('convert')))
    .description('convert a data file to another format')
    .argument('<file>', DATA_ARGUMENT)
    .argument('<output>', 'output file: .json, .jsonl, .csv or .tsv (optionally with .gz), .xlsx or .parquet')
    .addHelpText(
      'after',
      '\nExamples:\n  spanforge data convert train.parquet train.json\n  spanforge data convert squad dev.json --split validation\n',
    )
    .action(convert)

async function convert(file: string, path: string, flags: ConvertFlags): Promise<void> {
  const { eachSourceExample } = await import('../../../data/read-examples.ts')
  const { outputFormat, writeExamples } = await import('../../../data/write-examples.ts')
  const output = createOutput(flags.json === true)
  outputFormat(path)
  const [files] = await sourcesFor([path], [file], flags, output)
  const layout = await layoutOf(eachSourceExample(files), flags)
  const questions = await writeExamples(path, eachSourceExample(files), { ...flags, layout })
  output.print(`${path}: ${counted(questions, 'question')}`)
  output.result({ file: path, questions })
}
