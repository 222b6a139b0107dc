import { Command } from 'commander'
import { byteSize, count, decimal, duration, percentage } from '../../report/render/format.ts'
import { columns, textFacts, textTable } from '../../report/render/table.ts'
import type { DeviceEstimate, Diagnosis } from '../../runs/doctor/doctor.ts'
import type { EngineState } from '../../runs/doctor/engine-states.ts'
import { busyNote } from '../../runs/machine.ts'
import type { DeviceFacts } from '../../runtime/engine-entry.ts'
import { createOutput } from '../terminal/output.ts'

const DETAILS = `
Run it before your first training: it recommends an engine and flags for this
machine. Include its output when you report a problem.

Examples:
  spanforge doctor
  spanforge doctor --json > doctor.json
`

/** `spanforge doctor`: shows the hardware and engines of this machine and estimates training times. */
export function doctorCommand(): Command {
  return new Command('doctor').option('--json', 'print the result as JSON').addHelpText('after', DETAILS).action(doctor)
}

async function doctor(flags: { readonly json?: boolean }): Promise<void> {
  const { diagnose } = await import('../../runs/doctor/doctor.ts')
  const output = createOutput(flags.json === true)
  output.print('Measuring the processor and graphics cards ...')
  const found = await diagnose()
  if (output.forPeople) output.print(`\n${doctorText(found)}`)
  output.result(found)
}

/** The sections of the text output. */
const sections: readonly ((found: Diagnosis) => string)[] = [
  machineText,
  enginesText,
  trainingText,
  ({ device_estimates }) => device_estimates.map(deviceTrainingText).join('\n\n'),
]

export const doctorText = (found: Diagnosis): string =>
  sections
    .map((section) => section(found))
    .filter(Boolean)
    .join('\n\n')

function machineText(found: Diagnosis): string {
  return textFacts([
    ['Node', `${found.node}, ${found.platform}`],
    ['Processor', found.cpu],
    ['Instruction sets', found.cpu_features.join(', ') || 'unknown'],
    ['Cores', [count(found.cores), busyNote(found)].filter(Boolean).join('; ')],
    ['Memory', `${byteSize(found.memory_total)}, ${byteSize(found.memory_available)} of it free`],
    ['NVIDIA GPU', found.gpus.join(', ') || 'none'],
    [
      'Peak',
      `${decimal(found.peak_gflop_per_second, 1)} GFLOP/s in float32, the fastest of several large matrix products`,
    ],
  ])
}

function enginesText({ engines, advice }: Diagnosis): string {
  return textFacts([...engines.flatMap(engineFacts), ['Advice', advice]])
}

/** The version and devices of an engine, or how to install it. */
function engineFacts({ title, found, problem, install }: EngineState): readonly (readonly [string, string])[] {
  if (!found) return [[title, problem ? inOneLine(problem, title) : `not installed${install ? `: ${install}` : ''}`]]
  const { version, source, library, devices } = found
  return [
    [title, `${version}, ${source}`],
    ...(library ? [['  library', library] as const] : []),
    ...devices.map((device) => [`  ${device.device}`, deviceText(device)] as const),
  ]
}

/** An error with its remedy as sentences, without the title that stands before it. */
const inOneLine = (problem: string, title: string): string =>
  problem.replace(`${title}: `, '').replace(/\.?\n\s*/g, '. ')

function deviceText({ full_name, precisions, features, ...facts }: DeviceFacts): string {
  const { is_software, memory_bytes, largest_buffer_bytes } = facts
  return [
    full_name,
    precisions.join(', '),
    ...(features ? [features.join(', ') || 'no shader-f16'] : []),
    ...(memory_bytes ? [`${byteSize(memory_bytes)} of memory`] : []),
    ...(largest_buffer_bytes ? [`tensors up to ${byteSize(largest_buffer_bytes)}`] : []),
    ...(is_software ? ['a program that computes on the CPU, so it is slow'] : []),
  ].join('; ')
}

function trainingText({ notebook, estimates }: Diagnosis): string {
  const { windows, epochs, tokens } = notebook
  return [
    `Training as in the notebook, on the CPU: ${count(windows)} windows (${count(tokens)} tokens), ${epochs} epochs:`,
    textTable({
      columns: columns('Model', '>Parameters', '>Time', '>Of the peak', '>Memory', 'Fits'),
      rows: estimates.map((estimate) => [
        estimate.model,
        count(estimate.parameters),
        duration(estimate.seconds),
        percentage(estimate.share_of_peak),
        byteSize(estimate.memory_bytes),
        estimate.fits ? 'yes' : 'no: use --gradient_checkpointing',
      ]),
    }),
    'Times are estimated from the measured peak and the share of it that training reaches in benchmarks. They do\n' +
      'not include evaluation, and are too long if other programs slowed down the measurement.',
  ].join('\n\n')
}

function deviceTrainingText({ device, full_name, problem, estimates }: DeviceEstimate): string {
  const title = `Training as in the notebook, on ${device} (${full_name})`
  if (problem) return `${title}: not measured: ${problem}`
  return [
    `${title}:`,
    textTable({
      columns: columns('Model', 'Precision', '>Parameters', '>Time', '>Memory, at least'),
      rows: estimates.map(({ model, precision, parameters, seconds, memory_bytes }) => [
        ...[model, precision, count(parameters), duration(seconds), byteSize(memory_bytes)],
      ]),
    }),
    'Times are estimated from a small training step that was measured on this device: two layers of BERT-base and\n16 windows of 186 tokens. They do not include evaluation.',
  ].join('\n\n')
}
