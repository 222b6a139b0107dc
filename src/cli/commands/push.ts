import { Command } from 'commander'
import { planPush } from '../../hub/push/plan.ts'
import { pushFolder } from '../../hub/push/push.ts'
import { byteSize, count } from '../../report/render/format.ts'
import { columns, textTable } from '../../report/render/table.ts'
import { showList } from '../../show-value.ts'
import { withHubProgress } from '../flags/hub.ts'
import { listed } from '../flags/parsers.ts'
import { createOutput } from '../terminal/output.ts'

interface PushFlags {
  readonly include?: readonly string[]
  readonly dry_run?: boolean
  readonly private?: boolean
  readonly revision?: string
  readonly message?: string
  readonly json?: boolean
}

const DETAILS = `
Uploads the weights, the configuration, the tokenizer and the model card.
Reports, logs and arguments stay on this machine unless you --include them.

Examples:
  Show what would be uploaded; this needs no token:
    spanforge push out OWNER/NAME --dry_run

  Upload the model to a private repository, with its report:
    HF_TOKEN=... spanforge push out OWNER/NAME --private --include report.html
`

/** `spanforge push FOLDER OWNER/NAME`: uploads a saved model with its model card to the hub in one commit. */
export function pushCommand(): Command {
  return new Command('push')
    .argument('<folder>', 'folder of a trained model')
    .argument('<name>', 'OWNER/NAME on the hub; created if it does not exist')
    .option('--include <pattern>', 'upload additional files, such as report.html or runs/**; can be repeated', listed)
    .option('--dry_run', 'show which files would be uploaded without uploading them')
    .option('--private', 'create a private repository')
    .option('--revision <branch>', 'branch to commit to (default: main)')
    .option('--message <text>', 'commit message')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', DETAILS)
    .action(async (folder: string, name: string, flags: PushFlags) => {
      const output = createOutput(flags.json === true)
      const { files, left_out } = await planPush(folder, flags)
      if (files.some(({ path }) => path.startsWith('onnx/'))) {
        const { rejectStaleExport } = await import('../../inference/stale-export.ts')
        await rejectStaleExport(folder)
      }
      const size = files.reduce((sum, file) => sum + file.size, 0)
      const rows = files.map((file) => [file.path, byteSize(file.size)])
      output.print(textTable({ columns: columns('file', '>size'), rows }))
      output.print(`files: ${count(files.length)}, ${byteSize(size)}`)
      if (!files.some(({ path }) => path === 'README.md')) output.print('The folder has no model card (README.md).')
      if (left_out.length) output.print(`Not uploaded: ${showList(left_out)}. Use --include to upload them.`)
      if (flags.dry_run) return output.result({ dry_run: true, name, files, left_out, size })
      const result = await withHubProgress('Uploading', {}, output, (options) =>
        pushFolder(folder, name, {
          ...options,
          include: flags.include,
          revision: flags.revision,
          private: flags.private,
          message: flags.message,
        }),
      )
      output.print(
        `uploaded: ${count(result.uploaded.length)}, unchanged: ${count(result.unchanged.length)}: ${result.url}`,
      )
      output.result({ dry_run: false, name, ...result })
    })
}
