import { Command } from 'commander'
import { SpanforgeError } from '../../errors.ts'
import { listCache } from '../../hub/cache/list.ts'
import { findPrunable, prune, removeFaults, verifyCache } from '../../hub/cache/upkeep.ts'
import { cacheFolder } from '../../hub/http/options.ts'
import { byteSize, count } from '../../report/render/format.ts'
import { columns, textTable } from '../../report/render/table.ts'
import { countingProgressBar } from '../../runs/screen/progress.ts'
import { createOutput } from '../terminal/output.ts'

const DETAILS = `
The cache is shared with Python. Its folder is HF_HUB_CACHE, or hub in HF_HOME,
or ~/.cache/huggingface/hub.

Examples:
  spanforge cache ls
  spanforge cache verify --remove
  spanforge cache prune --dry_run
`

/** `spanforge cache ls | verify | prune`: manages the hub cache, which is shared with Python. */
export function cacheCommand(): Command {
  return new Command('cache')
    .addCommand(listCommand())
    .addCommand(verifyCommand())
    .addCommand(pruneCommand())
    .addHelpText('after', DETAILS)
}

const listCommand = (): Command =>
  new Command('ls')
    .description('list cached models and datasets')
    .option('--json', 'print the result as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const output = createOutput(json === true)
      const cache = cacheFolder()
      const entries = (await listCache(cache)).map(({ type, name, size, snapshots, unfinished }) => ({
        type,
        name,
        size,
        revisions: snapshots.map(({ commit, refs, files, folder }) => ({ commit, refs, files: files.length, folder })),
        unfinished: unfinished.length,
      }))
      const rows = entries.flatMap(({ type, name, size, revisions }) =>
        revisions.map(({ commit, refs, files }, index) =>
          index === 0
            ? [name, type, byteSize(size), refs.join(', ') || '-', commit.slice(0, 8), count(files)]
            : ['', '', '', refs.join(', ') || '-', commit.slice(0, 8), count(files)],
        ),
      )
      const header = columns('name', 'type', '>size', 'revision', 'commit', '>files')
      output.print(rows.length > 0 ? textTable({ columns: header, rows }) : 'The cache is empty.')
      output.print(`${byteSize(entries.reduce((sum, { size }) => sum + size, 0))} in ${cache}`)
      output.result({ cache, entries })
    })

const verifyCommand = (): Command =>
  new Command('verify')
    .description('verify the hash of every file in the cache')
    .option('--remove', 'remove corrupted files, so that they are downloaded again when needed')
    .option('--json', 'print the result as JSON')
    .action(async ({ json, remove }: { json?: boolean; remove?: boolean }) => {
      const output = createOutput(json === true)
      const cache = cacheFolder()
      const total = (await listCache(cache)).reduce((sum, { size }) => sum + size, 0)
      const bar = countingProgressBar('Verifying', 'kB', Math.ceil(total / 1000))
      const { sound, faults } = await verifyCache(cache, (done) => bar.update(Math.ceil(done / 1000))).finally(bar.stop)
      for (const { name, path, problem } of faults) output.print(`${name}: ${path}: ${problem}`)
      output.print(`intact files: ${count(sound)}, corrupted: ${count(faults.length)}`)
      if (remove) await removeFaults(cache, faults, (name) => output.print(`${name}: waiting for a download to end`))
      output.result({ cache, sound, faults, removed: remove === true })
      if (faults.length > 0 && !remove)
        throw new SpanforgeError(`cache: corrupted files: ${count(faults.length)}`, {
          remedy: 'Run spanforge cache verify --remove to delete them; they are downloaded again when needed.',
        })
    })

const pruneCommand = (): Command =>
  new Command('prune')
    .description('remove old revisions, unreferenced files and unfinished downloads')
    .option('--dry_run', 'show what would be removed without removing it')
    .option('--json', 'print the result as JSON')
    .action(async ({ json, dry_run }: { json?: boolean; dry_run?: boolean }) => {
      const output = createOutput(json === true)
      const cache = cacheFolder()
      const { found, busy } = await (dry_run ? findPrunable(cache) : prune(cache))
      const size = found.reduce((sum, file) => sum + file.size, 0)
      for (const { path, reason } of found) output.print(`${path}: ${reason}`)
      for (const name of busy) output.print(`${name}: skipped because it is being downloaded`)
      output.print(`${byteSize(size)} ${dry_run ? 'would be' : 'were'} freed`)
      output.result({ removed: found, size, busy, dry_run: dry_run === true })
    })
