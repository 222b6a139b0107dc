import { Command } from 'commander'
import { count } from './format.ts'
import { createOutput } from './output.ts'

interface MergeFlags {
  readonly output: string
  readonly json?: boolean
}

/** `spanforge data merge`: several data files as one. */
export const mergeCommand = (): Command =>
  new Command('merge')
    .description('make one data file of several: repeated questions once, every id once')
    .argument('<files...>', 'data files of any format')
    .requiredOption('--output <file>', 'where to write it, in the format that its name tells')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  spanforge data merge squad.json own.csv --output train.parquet\n')
    .action(merge)

async function merge(files: readonly string[], { output: path, json }: MergeFlags): Promise<void> {
  const { readExamples } = await import('../data/read-examples.ts')
  const { mergeExamples } = await import('../data/merge.ts')
  const { outputFormat, writeExamples } = await import('../data/write-examples.ts')
  outputFormat(path)
  const lists = []
  for (const file of files) lists.push(await readExamples(file))
  const { examples, repeated, renamed } = mergeExamples(lists)
  const questions = await writeExamples(path, examples)
  const output = createOutput(json === true)
  output.print(`${path}: ${count(questions)} questions of ${files.length} files`)
  if (repeated) output.print(`left out, for an earlier one is the same: ${count(repeated)}`)
  if (renamed.size) output.print(`given a new id, for it was taken: ${count(renamed.size)}`)
  for (const [id, old] of [...renamed].slice(0, 3)) output.print(`  ${old} -> ${id}`)
  output.result({ file: path, questions, repeated, renamed: Object.fromEntries(renamed) })
}
