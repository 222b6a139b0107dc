import { Command } from 'commander'
import { SpanforgeError } from '../errors.ts'
import { cacheFolder, findPrunable, listCache, prune, removeFaults, verifyCache } from '../hub/index.ts'
import { countingProgressBar } from '../runs/screen/progress.ts'
import { byteSize, count } from './format.ts'
import { createOutput } from './output.ts'
import { columns, textTable } from './table.ts'

/** `spanforge cache ls | verify | prune`: what lies in the cache that Python shares. */
export function cacheCommand(): Command {
  return new Command('cache').addCommand(listCommand()).addCommand(verifyCommand()).addCommand(pruneCommand())
}

const listCommand = (): Command =>
  new Command('ls')
    .description('what lies in the cache')
    .option('--json', 'print one JSON document')
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
      output.print(rows.length > 0 ? textTable({ columns: header, rows }) : 'nothing')
      output.print(`${byteSize(entries.reduce((sum, { size }) => sum + size, 0))} in ${cache}`)
      output.result({ cache, entries })
    })

const verifyCommand = (): Command =>
  new Command('verify')
    .description('read every file in the cache and compare its hash')
    .option('--remove', 'remove what is wrong, so that it is downloaded again when it is next wanted')
    .option('--json', 'print one JSON document')
    .action(async ({ json, remove }: { json?: boolean; remove?: boolean }) => {
      const output = createOutput(json === true)
      const cache = cacheFolder()
      const total = (await listCache(cache)).reduce((sum, { size }) => sum + size, 0)
      const bar = countingProgressBar('Verifying', 'kB', Math.ceil(total / 1000))
      const { sound, faults } = await verifyCache(cache, (done) => bar.update(Math.ceil(done / 1000))).finally(bar.stop)
      for (const { name, path, problem } of faults) output.print(`${name}: ${path}: ${problem}`)
      output.print(`sound files: ${count(sound)}, damaged: ${count(faults.length)}`)
      if (remove) await removeFaults(faults)
      output.result({ cache, sound, faults, removed: remove === true })
      if (faults.length > 0 && !remove)
        throw new SpanforgeError(`cache: damaged files: ${count(faults.length)}`, {
          remedy: 'spanforge cache verify --remove takes them away; they are downloaded again when next wanted.',
        })
    })

const pruneCommand = (): Command =>
  new Command('prune')
    .description('remove old revisions, contents that nothing names, and unfinished downloads')
    .option('--dry_run', 'only show what would go')
    .option('--json', 'print one JSON document')
    .action(async ({ json, dry_run }: { json?: boolean; dry_run?: boolean }) => {
      const output = createOutput(json === true)
      const found = await findPrunable(cacheFolder())
      const size = found.reduce((sum, file) => sum + file.size, 0)
      for (const { path, reason } of found) output.print(`${path}: ${reason}`)
      if (!dry_run) await prune(found)
      output.print(`${byteSize(size)} ${dry_run ? 'would be' : 'were'} freed`)
      output.result({ removed: found, size, dry_run: dry_run === true })
    })
