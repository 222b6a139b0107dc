import { Command } from 'commander'
import { sweepTable } from '../../report/blocks/sweep-table.ts'
import { counted } from '../../report/render/format.ts'
import { textFacts, textTable } from '../../report/render/table.ts'
import type { Merged } from '../../runs/merge/merge.ts'
import { type HubFlags, withHubProgress, withOfflineFlag } from '../flags/hub.ts'
import { type OverwriteFlag, withOverwriteFlag } from '../flags/outputs.ts'
import { createOutput } from '../terminal/output.ts'
import { hasColor, terminalScreen } from '../terminal/screen.ts'
import { evaluationText } from './evaluate-text.ts'

interface MergeFlags extends OverwriteFlag, HubFlags {
  readonly model?: string
  readonly data?: string
}

const DETAILS = `
Checks that all shards are there, complete, and computed with the same version,
options, model and data. The output is that of a single process.

Examples:
  spanforge predict --model out --input questions.jsonl --output answers.jsonl \\
    --shard 1/2
  spanforge predict --model out --input questions.jsonl --output answers.jsonl \\
    --shard 2/2
  spanforge merge answers.jsonl

  Merge an evaluation whose shards were copied from other machines:
    spanforge merge evaluation host-a/evaluation host-b/evaluation
`

/** `spanforge merge`: merges the shards of predict, evaluate or sweep. */
export function mergeCommand(): Command {
  const command = new Command('merge')
    .argument('<output>', 'the --output or --output_dir of the command that was divided')
    .argument('[shards...]', 'shard files, or folders with them (default: those next to the output or in it)')
    .option(
      '--model <folder>',
      'model of a divided evaluation, if it has moved (default: where the first shard found it)',
    )
    .option('--data <file>', 'data of a divided evaluation, if it has moved (default: where the first shard found it)')
    .option('--json', 'print the result as JSON')
  return withOverwriteFlag(withOfflineFlag(command)).addHelpText('after', DETAILS).action(merge)
}

async function merge(place: string, shards: readonly string[], flags: MergeFlags): Promise<void> {
  const { mergeShards } = await import('../../runs/merge/merge.ts')
  const output = createOutput(flags.json === true)
  const { model, data, overwrite } = flags
  const screen = terminalScreen(output)
  const merged = await withHubProgress('Downloading', flags, output, (hub) =>
    mergeShards(place, shards, { model, data, overwrite, hub, screen }),
  )
  if (output.forPeople) output.print(textOf(merged))
  output.result(merged)
}

function textOf(merged: Merged): string {
  if (merged.command === 'evaluate') return evaluationText(merged)
  if (merged.command === 'sweep') return textTable(sweepTable(merged), { color: hasColor(process.stdout) })
  const { shards, questions, failed, windows, files } = merged
  return textFacts([
    ['Merged', counted(shards, 'shard')],
    ['Answered', `${counted(questions - failed, 'question')}, ${counted(windows, 'window')}`],
    ...(failed ? [['Not answered', `${counted(failed, 'question')}; see "error" in the output`] as const] : []),
    ...files.map((file, i) => [i ? '' : 'Written', file] as const),
  ])
}
