import { Command } from 'commander'
import { count } from './format.ts'
import { createOutput } from './output.ts'

/** `spanforge data convert`: a data file in another format. */
export const convertCommand = (): Command =>
  new Command('convert')
    .description('write a data file in another format')
    .argument('<file>', 'data file of any format')
    .argument('<output>', 'where to write it: .json, .jsonl, .csv, .tsv (perhaps with .gz) or .parquet')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  spanforge data convert train.parquet train.json\n')
    .action(convert)

async function convert(file: string, path: string, { json }: { json?: boolean }): Promise<void> {
  const { eachExample } = await import('../data/read-examples.ts')
  const { writeExamples } = await import('../data/write-examples.ts')
  const questions = await writeExamples(path, eachExample(file))
  const output = createOutput(json === true)
  output.print(`${path}: ${count(questions)} questions`)
  output.result({ file: path, questions })
}
