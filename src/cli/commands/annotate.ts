import { Command } from 'commander'
import type { ImportCounts } from '../../annotate/import/imported.ts'
import type { Project } from '../../annotate/project/project.ts'
import { UsageError } from '../../errors.ts'
import { count, counted } from '../../report/render/format.ts'
import { textFacts } from '../../report/render/table.ts'
import { SERVER_DEFAULTS } from '../../server/defaults.ts'
import { type EngineFlags, engineChoice, withEngineFlags } from '../flags/engine.ts'
import { type HubFlags, withHubFlags, withHubProgress } from '../flags/hub.ts'
import { integerFrom } from '../flags/parsers.ts'
import { portNumber, serverLog, tokensOf, withLogLevel, withTokenFlags } from '../flags/serve.ts'
import { catchInterrupts } from '../terminal/interrupts.ts'
import { createOutput, type Output } from '../terminal/output.ts'

const DETAILS = `
DATA_OR_TEXTS are documents (txt, md, html, pdf, docx), folders of them, and
data files with questions: everything that "spanforge train" reads, also without
answers, exports of Label Studio, Prodigy and Doccano, and questions that
"spanforge serve --log_questions" has kept. They are added to the project, so
later on, name only files that are new or have grown.

The page lists the passages of the documents. Write questions, and mark their
answers with the mouse or the arrow keys; press ? there for all keys. Everything
is saved at once in OUTPUT_DIR/journal.jsonl, and survives a crash.

Examples:
  Annotate a manual:
    spanforge annotate manual.pdf

  Continue, with the suggestions of a model, least certain ones first:
    spanforge annotate --model out

  The same with the starter model, for English texts:
    spanforge annotate --model starter

  Share the work; every passage goes to two people:
    spanforge annotate manuals/ --annotators ann,bob,eve --overlap 2 \\
      --host 0.0.0.0 --token_file tokens.txt

  Review answers that a served model was not sure of, or that its users have
  corrected:
    spanforge serve out --log_questions questions.jsonl
    spanforge annotate questions.jsonl

  Write the annotated questions as SQuAD JSON, and train on them:
    spanforge annotate --export train.json
    spanforge train --model out --train_file train.json --output_dir better
`

interface AnnotateFlags extends HubFlags, EngineFlags {
  readonly output_dir: string
  readonly model?: string
  readonly annotators?: readonly string[]
  readonly overlap: number
  readonly export?: string
  readonly overwrite?: boolean
  readonly host: string
  readonly port: number
  readonly token?: readonly string[]
  readonly token_file?: string
  readonly log_level?: string
}

/** `spanforge annotate`: makes questions from documents on a web page. */
export function annotateCommand(): Command {
  const command = new Command('annotate')
    .argument('[data_or_texts...]', 'documents, folders of documents, and data files to add to the project')
    .option('--output_dir <folder>', 'folder of the project', 'annotations')
    .option('--model <folder>', 'model whose answers are suggested: a folder or hub name')
    .option(
      '--annotators <names>',
      'names of the annotators, separated by commas; passages are assigned to them',
      names,
    )
    .option('--overlap <integer>', 'number of annotators who get each passage', integerFrom(1), 1)
    .option('--export <file>', 'write the annotated questions as SQuAD JSON instead of serving the page')
    .option('--overwrite', 'with --export, replace an existing file')
    .option(
      '--host <address>',
      'address to listen on; 0.0.0.0 for the network, which requires a token',
      SERVER_DEFAULTS.host,
    )
    .option('--port <integer>', 'port to listen on; 0 for any free port', portNumber, 8010)
    .option('--json', 'print the address or the result of --export as JSON')
  return withHubFlags(withEngineFlags(withLogLevel(withTokenFlags(command))))
    .addHelpText('after', DETAILS)
    .action(annotate)
}

function names(text: string): string[] {
  const found = text.split(',').map((name) => name.trim())
  if (found.some((name) => name === ''))
    throw new UsageError(`--annotators: found ${JSON.stringify(text)}, expected names separated by commas`)
  return [...new Set(found)]
}

async function annotate(paths: readonly string[], flags: AnnotateFlags): Promise<void> {
  const output = createOutput(flags.json === true)
  const { annotators = [], overlap } = flags
  if (annotators.length > 0 && overlap > annotators.length)
    throw new UsageError(
      `--overlap ${overlap}: found ${counted(annotators.length, 'annotator')}, expected at least ${overlap}`,
    )
  if (flags.export !== undefined && paths.length === 0 && annotators.length === 0) {
    await writeExport(flags.export, flags, output)
    return
  }
  const { Project } = await import('../../annotate/project/project.ts')
  const project = await Project.open(flags.output_dir)
  try {
    await addAll(project, paths, flags, output)
    if (flags.export !== undefined) await writeExport(flags.export, flags, output)
    else await serve(project, flags, output)
  } finally {
    await project.close()
  }
}

/** Adds files and annotators to the project. */
async function addAll(project: Project, paths: readonly string[], flags: AnnotateFlags, output: Output): Promise<void> {
  const { importPaths } = await import('../../annotate/import/import.ts')
  const { assignments } = await import('../../annotate/project/assign.ts')
  if (paths.length > 0) report(await importPaths(project, paths), output)
  if (project.state.passages.size === 0)
    throw new UsageError(
      `${flags.output_dir}: there is nothing to annotate`,
      'Name documents or data files: spanforge annotate manual.pdf',
    )
  const { annotators } = flags
  if (annotators && annotators.join() !== project.state.annotators.join())
    await project.append([{ type: 'annotators', names: [...annotators] }])
  const assigned = assignments(project.state, flags.overlap)
  if (assigned.length > 0) await project.append(assigned)
}

/** Maximum number of listed problems. */
const LISTED = 10

function report({ documents, passages, questions, known, corrected, skipped }: ImportCounts, output: Output): void {
  output.print(
    `Added ${counted(documents, 'document')}, ${counted(passages, 'passage')}, ${counted(questions, 'question')}` +
      `${known > 0 ? `; the project already had ${counted(known, 'question')}` : ''}` +
      `${corrected > 0 ? `, ${count(corrected)} of them with new corrections` : ''}`,
  )
  if (skipped.length > 0)
    output.print(textFacts(skipped.slice(0, LISTED).map(({ name, reason }) => [`Skipped ${name}`, reason] as const)))
  if (skipped.length > LISTED) output.print(`and ${count(skipped.length - LISTED)} more`)
}

async function serve(project: Project, flags: AnnotateFlags, output: Output): Promise<void> {
  const { startAnnotating } = await import('../../annotate/server.ts')
  const tokens = await tokensOf(flags)
  const log = await serverLog(flags)
  const { host, port, model } = flags
  const server = await withHubProgress('Downloading', flags, output, (hub) =>
    startAnnotating(project, {
      ...{ host, port, tokens, model, log },
      choice: engineChoice(flags),
      hub: { ...hub, revision: flags.revision },
    }),
  )
  const interrupts = catchInterrupts(() => output.print('Finishing pending requests. Everything is saved.'))
  try {
    output.print(`Annotating ${counted(project.state.passages.size, 'passage')} at ${server.address}`)
    if (tokens.length > 0) output.print('Requests must include a token.')
    output.print('Press Ctrl-C to stop.')
    output.result({ address: server.address, folder: project.folder, pid: process.pid })
    if (!interrupts.signal.aborted) await new Promise((ended) => interrupts.signal.addEventListener('abort', ended))
  } finally {
    await server.close()
    interrupts.release()
  }
}

async function writeExport(path: string, { output_dir, overwrite }: AnnotateFlags, output: Output): Promise<void> {
  const { checkOutputs, writeOutput } = await import('../../files/output.ts')
  const { exportExamples, squadFile } = await import('../../annotate/export.ts')
  const { journalFile, readProject } = await import('../../annotate/project/project.ts')
  checkOutputs([path], { overwrite, inputs: [journalFile(output_dir)] })
  const exported = exportExamples(await readProject(output_dir))
  const { examples, left_out } = exported
  const others = [
    [left_out['no answer yet'], 'without an answer'],
    [left_out.undecided, 'where annotators disagree on whether there is an answer'],
    [left_out['no question'], 'whose question has yet to be written'],
  ] as const
  const left = others.filter(([n]) => n > 0).map(([n, what]) => `${count(n)} ${what}`)
  if (examples.length === 0)
    throw new UsageError(
      `${output_dir}: no question has an answer yet${left.length > 0 ? `; found ${left.join(', ')}` : ''}`,
      'Annotate some questions first.',
    )
  await writeOutput(path, squadFile(exported), { overwrite })
  const unanswerable = examples.filter(({ answers }) => answers.length === 0).length
  output.print(
    `Wrote ${counted(examples.length, 'question')} to ${path} (SQuAD ${unanswerable > 0 ? 'v2.0' : 'v1.1'}` +
      `${unanswerable > 0 ? `, ${count(unanswerable)} without an answer` : ''})`,
  )
  if (left.length > 0) output.print(`Left out: ${left.join(', ')}`)
  const negative = unanswerable > 0 ? ' --version_2_with_negative' : ''
  output.print(`To train on them: spanforge train --model MODEL --train_file ${path}${negative} --output_dir OUT`)
  output.result({ file: path, questions: examples.length, unanswerable, left_out })
}
