import { Command } from 'commander'
import type { RunningServer } from '../server/index.ts'
import { type EngineFlags, engineChoice, withEngineFlags } from './engine-options.ts'
import { type HubFlags, withHubFlags, withHubProgress } from './hub-options.ts'
import { catchInterrupts } from './interrupts.ts'
import { createOutput, type Output } from './output.ts'
import { type ServeFlags, serverLog, tokensOf, withServeFlags } from './serve-flags.ts'

const EXAMPLES = `
Examples:
  A page to ask questions on, and the API, for this machine only:
    spanforge serve out

  Two models side by side, one from the hub, under names of your own:
    spanforge serve mine=runs/mine squad=deepset/minilm-uncased-squad2

  Behind a proxy, with tokens (one a line) and a rate limit for each client:
    spanforge serve out --host 0.0.0.0 --token_file tokens.txt \\
      --rate_limit 600 --trust_proxy

  Ask a question:
    curl -s localhost:8000/api/answer -H 'content-type: application/json' \\
      -d '{"question": "Who wrote it?", "context": "Ada wrote it."}'

  Load new weights from the same folder without losing a request:
    kill -HUP PID

The page is at /, the API documentation at /docs, and metrics for Prometheus at
/metrics. On SIGTERM or Ctrl-C the server answers the requests it has and exits.
It logs each request to standard error as a line of JSON, without any texts.
`

/** `spanforge serve`: models as a page for people and an API for programs. */
export function serveCommand(): Command {
  const command = new Command('serve')
    .argument('<model...>', 'model folders or names on the hub, NAME=FOLDER to name one')
    .option('--json', 'print address, models and process id as one JSON document once the server listens')
  return withHubFlags(withEngineFlags(withServeFlags(command)))
    .addHelpText('after', EXAMPLES)
    .action(serve)
}

async function serve(given: readonly string[], flags: ServeFlags & HubFlags & EngineFlags): Promise<void> {
  const output = createOutput(flags.json === true)
  const { startServer } = await import('../server/index.ts')
  const tokens = await tokensOf(flags)
  const log = await serverLog(flags)
  const server = await withHubProgress('Downloading', flags, output, (hub) =>
    startServer(given, {
      ...flags,
      choice: engineChoice(flags),
      tokens,
      log,
      hub: { ...hub, revision: flags.revision },
    }),
  )
  await untilInterrupted(server, output, () => announce(server, tokens.length > 0, output))
}

/** Announces a server once signals find it ready, and closes it when one comes. */
export async function untilInterrupted(server: RunningServer, output: Output, announce: () => void): Promise<void> {
  const interrupts = catchInterrupts(() =>
    output.print('Answering what has been asked, then ending. Once more (Ctrl-C) leaves at once.'),
  )
  const reload = () => void server.reloadAll()
  process.on('SIGHUP', reload)
  try {
    announce()
    if (!interrupts.signal.aborted) await new Promise((ended) => interrupts.signal.addEventListener('abort', ended))
    await server.close()
  } finally {
    process.off('SIGHUP', reload)
    interrupts.release()
  }
}

function announce({ address, models, isLocal }: RunningServer, asksForToken: boolean, output: Output): void {
  const names = models.all.map(({ id }) => id)
  output.print(`Serving ${names.join(', ')} at ${address}`)
  if (asksForToken) output.print('Whoever asks must send a token.')
  else if (!isLocal) output.print('Anybody who reaches this machine may ask: a token (--token_file) keeps others out.')
  output.print('Ctrl-C ends it. The API is described at /docs.')
  output.result({ address, models: names, pid: process.pid })
}
