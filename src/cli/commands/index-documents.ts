import { Command, Option } from 'commander'
import { DOCUMENT_ENDINGS } from '../../documents/find-documents.ts'
import { count, counted, duration } from '../../report/render/format.ts'
import { textFacts } from '../../report/render/table.ts'
import type { BuiltIndex } from '../../runs/index/build-index.ts'
import { STEMMINGS, type Stemming } from '../../search/schema.ts'
import { type DocumentFlags, documentLimits, withDocumentFlags } from '../flags/documents.ts'
import { untilInterrupted } from '../terminal/interrupts.ts'
import { createOutput, type Output } from '../terminal/output.ts'
import { terminalScreen } from '../terminal/screen.ts'

interface IndexFlags extends DocumentFlags {
  readonly output_dir: string
  readonly stemming?: Stemming
  readonly overwrite?: boolean
  readonly json?: boolean
}

const DETAILS = `
Documents are files that end with ${DOCUMENT_ENDINGS.slice(0, 5).join(', ')},
${DOCUMENT_ENDINGS.slice(5, -1).join(', ')} or ${DOCUMENT_ENDINGS.at(-1)}. In folders, hidden files and links that lead out of
the folder are skipped. A document that cannot be read is skipped too, with the
reason; the others are indexed.

The index then contains exactly DOCS. Run the command again after documents
have been added, changed or removed: only those are read. Without DOCS, it reads
the same files and folders as last time. If it is interrupted, the previous
index remains, and the same command resumes.

Examples:
  spanforge index manuals --output_dir index
  spanforge index handbook.pdf notes/ --output_dir index
  spanforge index --output_dir index
  spanforge answer --model out --index index --question "How do I reset it?"
  spanforge serve out --index index
`

/** `spanforge index DOCS`: makes documents searchable. */
export function indexCommand(): Command {
  const command = new Command('index')
    .argument('[docs...]', 'files and folders with documents (default: those of the existing index)')
    .requiredOption('--output_dir <folder>', 'folder of the index')
    .addOption(
      new Option('--stemming <name>', 'how to find other forms of words (default: english)').choices(STEMMINGS),
    )
  return withDocumentFlags(command)
    .option('--overwrite', 'create the index again instead of updating it')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', DETAILS)
    .action(index)
}

async function index(docs: readonly string[], flags: IndexFlags): Promise<void> {
  const { buildIndex } = await import('../../runs/index/build-index.ts')
  const output = createOutput(flags.json === true)
  await untilInterrupted(output, async (signal) => {
    const built = await buildIndex(docs, {
      output_dir: flags.output_dir,
      stemming: flags.stemming,
      overwrite: flags.overwrite,
      limits: documentLimits(flags),
      screen: terminalScreen(output),
      signal,
    })
    report(built, output)
  })
}

/** Maximum number of skipped documents that are listed. --json has all of them. */
const LISTED = 20

function report(built: BuiltIndex, output: Output): void {
  const { added, changed, removed, unchanged, skipped, other_files } = built
  const changes = [
    [added, 'added'],
    [changed, 'changed'],
    [removed, 'removed'],
    [unchanged, 'unchanged'],
  ] as const
  output.print(
    textFacts([
      ['Index', built.folder],
      [
        'Contents',
        `${counted(built.documents, 'document')}, ${counted(built.passages, 'passage')}, ${counted(built.characters, 'character')}`,
      ],
      [
        'Documents',
        changes
          .filter(([n]) => n > 0)
          .map(([n, what]) => `${count(n)} ${what}`)
          .join(', '),
      ],
      ...(skipped.length > 0 ? [['Skipped', `${count(skipped.length)}, listed below`] as const] : []),
      ...(other_files > 0 ? [['Not read', `${counted(other_files, 'file')} of other types`] as const] : []),
      ['Time', duration(built.runtime)],
      ...(built.passages > 0 ? [['To use it', `spanforge serve MODEL --index ${built.folder}`] as const] : []),
    ]),
  )
  if (skipped.length > 0)
    output.print(`\n${textFacts(skipped.slice(0, LISTED).map(({ name, reason }) => [name, reason] as const))}`)
  if (skipped.length > LISTED) output.print(`and ${count(skipped.length - LISTED)} more; --json lists all`)
  output.result(built)
}
