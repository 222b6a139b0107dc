import { type Command, Option } from 'commander'
import { UsageError } from '../../errors.ts'
import type { FineTuneOptions, RunOutcome } from '../../runs/train/fine-tune.ts'
import { showValue } from '../../show-value.ts'
import type { TrainingArguments } from '../../training/arguments/arguments.ts'
import type { Interrupts } from '../terminal/interrupts.ts'
import type { Output } from '../terminal/output.ts'
import { terminalScreen } from '../terminal/screen.ts'

export interface DashboardFlags {
  readonly dashboard?: boolean
  readonly dashboard_port?: number
  readonly dashboard_host?: string
}

/** Adds --dashboard and its address. */
export const withDashboardFlags = (command: Command): Command =>
  command
    .addOption(new Option('--dashboard', 'watch, pause and stop the run in a web page').helpGroup('Dashboard:'))
    .addOption(portOption('--dashboard_port').helpGroup('Dashboard:'))
    .addOption(hostOption('--dashboard_host').helpGroup('Dashboard:'))

export const portOption = (flag: string): Option =>
  new Option(`${flag} <integer>`, 'port of the dashboard, or the next free one (default: 6007)').argParser((text) => {
    const port = Number(text)
    if (/^\d+$/.test(text) && port <= 65_535) return port
    throw new UsageError(`${flag}: found ${showValue(text)}, expected a port, 0 .. 65535`)
  })

export const hostOption = (flag: string): Option =>
  new Option(
    `${flag} <name>`,
    'address to listen on (default: 127.0.0.1, this machine only); use 0.0.0.0 for the network',
  )

type WatchedRunOptions = Pick<FineTuneOptions, 'screen' | 'listeners' | 'control' | 'onPrepared'>

/** Runs a training, with a dashboard if requested. */
export async function withDashboard(
  { dashboard, dashboard_port: port, dashboard_host: host }: DashboardFlags,
  args: TrainingArguments,
  { output, interrupts }: { readonly output: Output; readonly interrupts: Interrupts },
  fineTune: (options: WatchedRunOptions) => Promise<RunOutcome>,
): Promise<RunOutcome> {
  const screen = terminalScreen(output)
  if (dashboard === false || (!dashboard && port === undefined && host === undefined))
    return fineTune({ screen, control: { signal: interrupts.signal } })
  const { watchRun } = await import('../../dashboard/watch-run.ts')
  const watched = await watchRun(args, { screen, stop: interrupts.ask, signal: interrupts.signal, host, port })
  output.print(addressLine(watched, port))
  try {
    const outcome = await fineTune(watched.hooks)
    watched.ended(outcome)
    return outcome
  } catch (error) {
    watched.failed(error)
    throw error
  } finally {
    await watched.close()
  }
}

/** "Dashboard: http://127.0.0.1:6007/#token=..." */
export function addressLine({ address, port }: { address: string; port: number }, wanted: number | undefined): string {
  const other = wanted && wanted !== port ? `  (port ${wanted} is in use)` : ''
  return `Dashboard: ${address}${other}`
}
