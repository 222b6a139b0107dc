import { Command } from 'commander'
import { planPush, pushFolder } from '../hub/index.ts'
import { showList } from '../show-value.ts'
import { listed } from './flags.ts'
import { byteSize, count } from './format.ts'
import { withHubProgress } from './hub-options.ts'
import { createOutput } from './output.ts'
import { columns, textTable } from './table.ts'

interface PushFlags {
  readonly include?: readonly string[]
  readonly dry_run?: boolean
  readonly private?: boolean
  readonly revision?: string
  readonly message?: string
  readonly json?: boolean
}

/** `spanforge push FOLDER OWNER/NAME`: a saved model with its card, as one commit on the hub. */
export function pushCommand(): Command {
  return new Command('push')
    .argument('<folder>', 'folder that training wrote')
    .argument('<name>', 'OWNER/NAME on the hub; made if there is none')
    .option(
      '--include <pattern>',
      'upload these files too: report.html, runs/** (may be repeated); by default the model, its card and figures',
      listed,
    )
    .option('--dry_run', 'show which files would be uploaded, and upload nothing')
    .option('--private', 'make a private model')
    .option('--revision <branch>', 'branch to commit to')
    .option('--message <text>', 'message of the commit')
    .option('--json', 'print one JSON document')
    .action(async (folder: string, name: string, flags: PushFlags) => {
      const output = createOutput(flags.json === true)
      const { files, left_out } = await planPush(folder, flags)
      const size = files.reduce((sum, file) => sum + file.size, 0)
      const rows = files.map((file) => [file.path, byteSize(file.size)])
      output.print(textTable({ columns: columns('file', '>size'), rows }))
      output.print(`files: ${count(files.length)}, ${byteSize(size)}`)
      if (!files.some(({ path }) => path === 'README.md'))
        output.print('There is no model card (README.md) among them.')
      if (left_out.length)
        output.print(`Not uploaded: ${showList(left_out)}. To upload one, give --include with its name or a pattern.`)
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
        `sent: ${count(result.uploaded.length)}, there already: ${count(result.unchanged.length)}: ${result.url}`,
      )
      output.result({ dry_run: false, name, ...result })
    })
}
