import { Command, Option } from 'commander'
import { EXPORT_DTYPES } from '../../checkpoint/onnx-folder.ts'
import { UsageError } from '../../errors.ts'
import { byteSize } from '../../report/render/format.ts'
import { textFacts } from '../../report/render/table.ts'
import type { ExportSiteRunOptions } from '../../runs/export/site.ts'
import type { DataOptions } from '../../runs/load/load-data.ts'
import type { SiteIndex } from '../../site/manifest.ts'
import { type GateFlags, withGateFlags } from '../flags/gate.ts'
import { type HubFlags, withHubFlags, withHubProgress } from '../flags/hub.ts'
import { listOf } from '../flags/parsers.ts'
import { defaultModel, STARTER_DEFAULT } from '../flags/starter.ts'
import { shellQuoted } from '../flags/training.ts'
import { untilInterrupted } from '../terminal/interrupts.ts'
import { createOutput, type Output } from '../terminal/output.ts'
import { terminalScreen } from '../terminal/screen.ts'
import { exportedText } from './export-text.ts'

interface ExportFlags extends HubFlags, DataOptions, GateFlags {
  readonly to: 'onnx' | 'site'
  readonly dtype?: readonly string[]
  readonly output_dir: string
  readonly external_data?: boolean
  readonly index?: string
  readonly overwrite?: boolean
}

const DETAILS = `
--to onnx writes the layout of Optimum and transformers.js: ONNX files in
onnx/, with the configuration and the tokenizer next to it. The dtypes are
those of transformers.js:
  fp32    float32, for every runtime
  fp16    float16: half the size, with almost the same answers
  q8      weights of 8 bits in blocks of 32: a quarter of the size and nearly
          the same answers; the default of transformers.js in a browser
  int8    products of 8-bit integers: the fastest on a CPU, less accurate
  uint8   like int8, with unsigned weights
  q4      weights of 4 bits in blocks of 32: the smallest, often too inaccurate
  q4f16   like q4, computed in float16

Each variant answers questions, and one that loses more than --max_f1_drop is
not written; the exit code is then 1. Without questions, only fp32 and fp16 can
be compared, on random tokens; the others need questions or --force. If the
folder is an earlier export of the same model, the variants are added to it.

--to site writes a web page that answers questions without a server: the model
runs in the visitor's browser. Any file host can serve the folder. Model folders
are exported as q8, or as fp16 if q8 loses too much. Of a folder written by
--to onnx, --dtype chooses a variant (default: q8 if it has one). With --index,
the site contains the index and the text of its documents. See docs/site.md.

Examples:
  spanforge export out --to onnx --output_dir exported
  spanforge export out --to onnx --dtype fp32,fp16,q8 --output_dir exported \\
    --validation_file dev.json
  spanforge export out --to site --output_dir site
  spanforge export --to site --output_dir site       # with the starter model
  spanforge export out --to site --index index --output_dir site
  spanforge export small=exported large=runs/large --to site --output_dir site
`

/** `spanforge export FOLDER`: writes a model for other runtimes. */
export function exportCommand(): Command {
  const command = new Command('export')
    .argument(
      '[folder...]',
      `model folder or hub name; for --to site several, and NAME=FOLDER sets the name (default for --to site: ${STARTER_DEFAULT})`,
    )
    .addOption(new Option('--to <format>', 'format to write').choices(['onnx', 'site']).makeOptionMandatory())
    .option(
      '--dtype <names>',
      `dtypes, separated by commas: ${EXPORT_DTYPES.join(', ')} (default: fp32; for a site, see below)`,
      listOf,
    )
    .requiredOption('--output_dir <folder>', 'folder to write')
    .option('--external_data', 'store weights in separate files, as is always done above 2 GB')
    .option('--index <folder>', 'with --to site, also answer from the documents of an index (see "spanforge index")')
    .option('--overwrite', 'replace existing files')
    .option('--json', 'print the result as JSON')
  return withHubFlags(withGateFlags(command)).addHelpText('after', DETAILS).action(exportTo)
}

async function exportTo(given: readonly string[], flags: ExportFlags): Promise<void> {
  const output = createOutput(flags.json === true)
  await untilInterrupted(output, async (signal) => {
    const exportIt = flags.to === 'site' ? exportToSite : exportToOnnx
    await withHubProgress('Downloading', flags, output, (hub) =>
      exportIt(given, output, {
        ...flags,
        dtypes: flags.dtype,
        runtimes: flags.runtime,
        screen: terminalScreen(output),
        hub: { ...hub, revision: flags.revision },
        signal,
      }),
    )
  })
}

async function exportToOnnx(given: readonly string[], output: Output, options: ExportSiteRunOptions): Promise<void> {
  if (options.index !== undefined)
    throw new UsageError(
      'export: --index is not available with --to onnx, which writes a model only',
      'Remove --index, or use --to site.',
    )
  const [nameOrFolder, ...others] = given
  if (nameOrFolder === undefined)
    throw new UsageError('export: no model given', 'Name a model folder or a model on the hub to export.')
  if (others.length > 0)
    throw new UsageError(
      `export: found ${given.length} models; --to onnx exports one at a time`,
      'Run the command once for each model, with its own --output_dir.',
    )
  const { exportModel: exportFolder } = await import('../../runs/export/export.ts')
  const { rejectedVariantsError } = await import('../../runs/export/gate.ts')
  const exported = await exportFolder(nameOrFolder, options)
  output.print(exportedText(exported))
  output.result(exported)
  if (exported.rejected.length > 0) throw rejectedVariantsError(exported, options)
}

async function exportToSite(named: readonly string[], output: Output, options: ExportSiteRunOptions): Promise<void> {
  if (options.external_data)
    throw new UsageError('export: --external_data is not available with --to site', 'Remove --external_data.')
  const { exportSiteOf } = await import('../../runs/export/site.ts')
  const site = await exportSiteOf(named.length > 0 ? named : [defaultModel('export', output)], options)
  const { wasm, webgpu } = site.first_visit
  output.print(
    textFacts([
      ['Written', `${site.folder}, ${byteSize(site.bytes)}`],
      ['Models', site.models.map(({ id, dtype }) => `${id} (${dtype})`).join(', ')],
      ...(site.index ? [['Documents', documentsText(site.index)] as const] : []),
      ['First visit', `${byteSize(wasm)}, or ${byteSize(webgpu)} with WebGPU; later visits load nothing`],
      ['Try it', `npx http-server ${shellQuoted(options.output_dir)}`],
    ]),
  )
  output.result(site)
}

const documentsText = ({ documents, passages, database }: SiteIndex): string =>
  `${documents.toLocaleString('en-US')} (${passages.toLocaleString('en-US')} passages, ${byteSize(database.bytes)}); visitors can read all of their text`
