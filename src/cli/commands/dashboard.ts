import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { UsageError } from '../../errors.ts'
import { addressLine, hostOption, portOption } from '../flags/dashboard.ts'
import { catchInterrupts } from '../terminal/interrupts.ts'
import { createOutput } from '../terminal/output.ts'

const EXAMPLES = `
Examples:
  Compare the curves and arguments of all runs in a folder:
    spanforge dashboard runs

  Watch, pause and stop a run while it trains:
    spanforge train --args_file arguments.json --dashboard
`

/** Number of folder levels to search for runs. Sweeps are folders of runs and may be nested in other folders. */
const DEPTH = 4

interface Flags {
  readonly port?: number
  readonly host?: string
}

/** `spanforge dashboard`: shows finished runs and runs of other processes in a web page. */
export function dashboardCommand(): Command {
  return new Command('dashboard')
    .argument('[folder]', 'folder of runs, searched recursively', 'runs')
    .addOption(portOption('--port'))
    .addOption(hostOption('--host'))
    .addHelpText('after', EXAMPLES)
    .action(show)
}

async function show(folder: string, { port, host }: Flags): Promise<void> {
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new UsageError(`dashboard: ${folder} is not a folder`, 'Use the folder that contains the runs.')
  const { startDashboard } = await import('../../dashboard/server.ts')
  const output = createOutput(false)
  const interrupts = catchInterrupts(() => {})
  const dashboard = await startDashboard({ folder: resolve(folder), depth: DEPTH, port, host })
  output.print(`${addressLine(dashboard, port)}\nPress Ctrl-C to stop.`)
  try {
    await new Promise((ended) => interrupts.signal.addEventListener('abort', ended))
  } finally {
    await dashboard.close()
    interrupts.release()
  }
}
