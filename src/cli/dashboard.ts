import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { UsageError } from '../errors.ts'
import { addressLine, hostOption, portOption } from './dashboard-flags.ts'
import { catchInterrupts } from './interrupts.ts'
import { createOutput } from './output.ts'

const EXAMPLES = `
Examples:
  All runs below a folder, their curves overlaid, their arguments compared:
    spanforge dashboard runs

  A run while it trains; here it can be paused and stopped too:
    spanforge train --args_file arguments.json --dashboard
`

/** How deep below the folder runs may lie: sweeps are folders of runs, and may lie in folders themselves. */
const DEPTH = 4

interface Flags {
  readonly port?: number
  readonly host?: string
}

/** `spanforge dashboard`: the page of `train --dashboard` for runs that are over, or go on elsewhere. */
export function dashboardCommand(): Command {
  return new Command('dashboard')
    .argument('[folder]', 'folder of runs; they may lie some folders deeper', 'runs')
    .addOption(portOption('--port'))
    .addOption(hostOption('--host'))
    .addHelpText('after', EXAMPLES)
    .action(show)
}

async function show(folder: string, { port, host }: Flags): Promise<void> {
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new UsageError(`dashboard: ${folder} is not a folder`, 'Give the folder that runs were written to.')
  const { startDashboard } = await import('../dashboard/index.ts')
  const output = createOutput(false)
  const interrupts = catchInterrupts(() => {})
  const dashboard = await startDashboard({ folder: resolve(folder), depth: DEPTH, port, host })
  output.print(`${addressLine(dashboard, port)}\nCtrl-C ends it.`)
  try {
    await new Promise((ended) => interrupts.signal.addEventListener('abort', ended))
  } finally {
    await dashboard.close()
    interrupts.release()
  }
}
