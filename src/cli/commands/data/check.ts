import { setImmediate } from 'node:timers/promises'
import { Command } from 'commander'
import type { FileCheck, Finding } from '../../../data/checks/check-file.ts'
import { SpanforgeError, UsageError } from '../../../errors.ts'
import { checkOutputs } from '../../../files/output.ts'
import { byteSize, counted, duration, rate } from '../../../report/render/format.ts'
import { countingProgressBar } from '../../../runs/screen/progress.ts'
import { type WindowFlags, withWindowFlags } from '../../flags/answering.ts'
import { DATA_ARGUMENT, type DataCommandFlags, filesOf, withDataCommandFlags } from '../../flags/data.ts'
import { withHubProgress } from '../../flags/hub.ts'
import { createOutput, type Output } from '../../terminal/output.ts'
import { fixedText, formatCheck } from './check-text.ts'

interface CheckFlags extends WindowFlags, DataCommandFlags {
  readonly validation?: string
  readonly model?: string
  readonly estimate?: boolean
  readonly fix?: string
  readonly revision?: string
}

const DETAILS = `
Problems stop training or distort its results; the exit code is 1 if any remain.
Notes are worth checking, but real data usually has some.

Examples:
  spanforge data check train.json --validation dev.json
  spanforge data check squad --validation squad
  spanforge data check train.csv --model bert-base-uncased --estimate
  spanforge data check train.jsonl --fix train-fixed.jsonl
`

/** `spanforge data check`: reports problems and suspicious entries in a data file. */
export function checkCommand(): Command {
  const command = new Command('check')
    .description('check a data file and optionally write a corrected copy')
    .argument('<file>', DATA_ARGUMENT)
    .option('--validation <file>', 'evaluation data (file or dataset name): report shared contexts')
    .option('--model <folder>', 'model folder or hub name: also check the windows of its tokenizer')
    .option('--estimate', 'with --model: run a few training steps and estimate the cost of an epoch')
    .option('--fix <file>', 'write a corrected copy with the same columns (.csv, .tsv, .xlsx, .json, .jsonl, .parquet)')
    .option('--revision <name>', 'branch, tag or commit of the model on the hub')
  return withDataCommandFlags(withWindowFlags(command)).addHelpText('after', DETAILS).action(check)
}

async function check(file: string, flags: CheckFlags): Promise<void> {
  const { model, validation, fix, estimate, json, overwrite } = flags
  if (estimate && !model) throw new UsageError('data check: --estimate requires a model', 'Add --model FOLDER.')
  const { isFixable } = await import('../../../data/checks/fix-file.ts')
  const { checkFile } = await import('../../../data/checks/check-file.ts')
  const { outputFormat } = await import('../../../data/write-examples.ts')
  const outputs = fix === undefined ? [] : [fix]
  outputs.forEach(outputFormat)
  checkOutputs(outputs, { overwrite, inputs: [file, ...(validation ? [validation] : [])] })
  const output = createOutput(json === true)
  const { busyNote, inspectMachine } = await import('../../../runs/machine.ts')
  // Measured first, because this command itself loads the machine later.
  const busy = busyNote(inspectMachine())
  const files = await filesOf(file, flags, output)
  // --split applies to the checked data only.
  const others = validation && (await filesOf(validation, { ...flags, split: undefined }, output, 'validation'))
  checkOutputs(outputs, { overwrite, inputs: [...files, ...(others || [])] })
  const found = await checkFile(files, { validation: others, ...(await cuttingOf(flags, output)) })
  output.print(formatCheck(found))
  const cost = estimate ? await estimateCost(found, flags, output, busy) : undefined
  const fixed = fix === undefined ? undefined : await writeCopy(found, fix, flags, output)
  const { sound, windows, ...facts } = found
  const { unheld, tooLong, ...counts } = windows ?? {}
  output.result({
    ...facts,
    problems: found.problems.map(withOldName),
    ...(windows && { windows: counts }),
    cost,
    fixed: fixed && { ...fixed, mended: fixed.corrected },
  })
  const left = fixed ? found.problems.filter(({ correction }) => !correction) : found.problems
  if (left.length) {
    const canFix = isFixable(found) && left.some(({ correction }) => correction)
    throw new SpanforgeError(`${file}: ${counted(left.length, 'problem')}`, {
      remedy: fixed
        ? 'They cannot be fixed automatically; the copy still has them.'
        : `Fix the file${canFix ? ', or write a corrected copy with --fix FILE, which lists every change' : ''}.`,
    })
  }
}

/** Adds the field name used before version 0.2, which is supported until 0.3. */
const withOldName = (finding: Finding) => ({ ...finding, mended: finding.correction })

async function cuttingOf(flags: CheckFlags, output: Output) {
  const { model, revision } = flags
  if (!model) return {}
  const { folderLengths } = await import('../../../inference/folder-lengths.ts')
  const { loadTokenizer } = await import('../../../checkpoint/tokenizer-folder.ts')
  const { modelFolder } = await import('../../../runs/load/load-model.ts')
  const folder = await withHubProgress('Downloading', flags, output, (hub) =>
    modelFolder(model, { ...hub, revision, weights: flags.estimate === true }),
  )
  const tokenizer = await loadTokenizer(folder)
  const lengths = await folderLengths(folder, tokenizer, flags)
  if (lengths.note) output.print(lengths.note)
  let bar: ReturnType<typeof countingProgressBar> | undefined
  const onProgress = async (done: number, total: number) => {
    bar ??= countingProgressBar('Tokenizing', 'examples', total)
    bar.update(done)
    if (done === total) bar.stop()
    await setImmediate()
  }
  return { cutting: { tokenizer, ...lengths }, onProgress }
}

async function estimateCost({ sound, windows }: FileCheck, flags: CheckFlags, output: Output, busy?: string) {
  if (!windows || !sound.length || windows.tooLong.size) return undefined
  const { loadModel } = await import('../../../runs/load/load-model.ts')
  const { measureTraining } = await import('../../../runs/doctor/measure-training.ts')
  const { offline, revision } = flags
  const speed = await measureTraining(await loadModel(flags.model!, {}, { offline, revision }), sound, flags)
  const seconds_per_epoch = windows.tokens / speed.tokens_per_second
  output.print(
    `\nTraining here: ${rate(speed.tokens_per_second, 'tokens')}, an epoch in about ${duration(seconds_per_epoch)} ` +
      `(three epochs in ${duration(3 * seconds_per_epoch)}), memory about ${byteSize(speed.peak_bytes)}; ` +
      `measured with a few steps of ${counted(speed.batch_size, 'window')}, without evaluation`,
  )
  if (busy) output.print(`In the last minute before the measurement, ${busy}.`)
  return { ...speed, seconds_per_epoch }
}

async function writeCopy(found: FileCheck, path: string, flags: CheckFlags, output: Output) {
  const { writeFixed } = await import('../../../data/checks/fix-file.ts')
  const fixed = await writeFixed(found, path, flags)
  output.print(`\n${fixedText(found, fixed)}`)
  return fixed
}
