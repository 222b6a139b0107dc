import { Command, Option } from 'commander'
import { exportDtype } from '../../checkpoint/onnx-folder.ts'
import { resolveDataset } from '../../hub/download/datasets.ts'
import { resolveModel } from '../../hub/download/models.ts'
import { type HubFlags, withHubFlags, withHubProgress } from '../flags/hub.ts'
import { createOutput } from '../terminal/output.ts'

interface DownloadFlags extends HubFlags {
  readonly dataset?: boolean
  readonly dtype?: string
  readonly split: readonly string[]
  readonly dataset_config?: string
}

const SPLITS = ['train', 'validation']

const DETAILS = `
Python and spanforge share the cache. Afterwards, use the name in any command
with --offline.

Examples:
  spanforge download bert-base-uncased
  spanforge download squad --dataset
  spanforge train --model bert-base-uncased --dataset squad --offline
`

/** `spanforge download NAME`: downloads a model or dataset into the hub cache, which is shared with Python. */
export function downloadCommand(): Command {
  const command = new Command('download')
    .argument('<name>', 'name on the hub, such as bert-base-uncased, squad or owner/name')
    .option('--dtype <name>', 'download this variant of an exported model instead of the weights')
    .option('--dataset', 'download a dataset instead of a model')
    .addOption(new Option('--split <name...>', 'splits of the dataset').default(SPLITS, SPLITS.join(' ')))
    .option('--dataset_config <name>', 'configuration of the dataset')
    .option('--json', 'print the result as JSON')
  return withHubFlags(command, 'model or dataset')
    .addHelpText('after', DETAILS)
    .action(async (name: string, flags: DownloadFlags) => {
      const output = createOutput(flags.json === true)
      const paths = await withHubProgress('Downloading', flags, output, async (options) => {
        const { revision, dataset_config: config } = flags
        const dtype = flags.dtype === undefined ? undefined : exportDtype(flags.dtype)
        if (!flags.dataset) return [await resolveModel(name, { ...options, revision, dtype })]
        const files: string[] = []
        for (const split of flags.split)
          files.push(...(await resolveDataset(name, { ...options, revision, split, config })))
        return files
      })
      for (const path of paths) output.print(path)
      output.result(flags.dataset ? { files: paths } : { folder: paths[0] })
    })
}
