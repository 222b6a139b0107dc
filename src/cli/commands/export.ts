import { Command, Option } from 'commander'
import { EXPORT_DTYPES } from '../../checkpoint/onnx-folder.ts'
import { byteSize } from '../../report/render/format.ts'
import { textFacts } from '../../report/render/table.ts'
import { type HubFlags, withHubFlags, withHubProgress } from '../flags/hub.ts'
import { createOutput } from '../terminal/output.ts'
import { terminalScreen } from '../terminal/screen.ts'

interface ExportFlags extends HubFlags {
  readonly to: 'onnx'
  readonly dtype: readonly string[]
  readonly output_dir: string
  readonly external_data?: boolean
  readonly overwrite?: boolean
}

const EXAMPLES = `
The folder has the layout of Optimum and transformers.js: ONNX files in onnx/,
with the configuration and the tokenizer beside them. The dtypes are those of
transformers.js:
  fp32    float32, for every runtime
  fp16    float16: half the size, with almost the same answers
  q8      weights of 8 bits in blocks of 32: a quarter of the size and nearly
          the same answers; the default of transformers.js in a browser
  int8    products of 8-bit integers: the fastest on a CPU, less exact
  uint8   as int8, for x86 processors without VNNI
  q4      weights of 4 bits in blocks of 32: the smallest, often too inexact
  q4f16   as q4, computed in float16

Examples:
  spanforge export out --to onnx --output_dir exported
  spanforge export out --to onnx --dtype fp32,fp16,q8 --output_dir exported
`

const listOf = (text: string): string[] => text.split(',').map((name) => name.trim())

/** `spanforge export FOLDER`: writes a model for other runtimes. */
export function exportCommand(): Command {
  const command = new Command('export')
    .argument('<folder>', 'model folder or hub name')
    .addOption(new Option('--to <format>', 'format to write').choices(['onnx']).makeOptionMandatory())
    .option('--dtype <names>', `dtypes, separated by commas: ${EXPORT_DTYPES.join(', ')}`, listOf, ['fp32'])
    .requiredOption('--output_dir <folder>', 'folder to write')
    .option('--external_data', 'store weights in separate files, as is always done above 2 GB')
    .option('--overwrite', 'replace existing files')
    .option('--json', 'print the result as JSON')
  return withHubFlags(command).addHelpText('after', EXAMPLES).action(exportTo)
}

async function exportTo(nameOrFolder: string, flags: ExportFlags): Promise<void> {
  const { exportFolder } = await import('../../runs/export/export.ts')
  const output = createOutput(flags.json === true)
  const exported = await withHubProgress('Downloading', flags, output, (hub) =>
    exportFolder(nameOrFolder, {
      output_dir: flags.output_dir,
      dtypes: flags.dtype,
      external_data: flags.external_data,
      overwrite: flags.overwrite,
      screen: terminalScreen(output),
      hub: { ...hub, revision: flags.revision },
    }),
  )
  const bytes = exported.variants.reduce((sum, variant) => sum + variant.bytes, 0)
  output.print(
    textFacts([['Written', `${exported.folder}, ${byteSize(bytes)} in ${exported.variants.length} variants`]]),
  )
  output.result(exported)
}
