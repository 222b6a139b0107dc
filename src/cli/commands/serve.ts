import { Command } from 'commander'
import type { ServedProject } from '../../annotate/served-project.ts'
import type { RunningServer } from '../../server/server.ts'
import { type EngineFlags, engineChoice, withEngineFlags } from '../flags/engine.ts'
import { type HubFlags, withHubFlags, withHubProgress } from '../flags/hub.ts'
import { type ServeFlags, serverLog, tokensOf, withServeFlags } from '../flags/serve.ts'
import { defaultModel, STARTER_DEFAULT } from '../flags/starter.ts'
import { catchInterrupts } from '../terminal/interrupts.ts'
import { createOutput, type Output } from '../terminal/output.ts'

const EXAMPLES = `
Examples:
  Serve a web page and an API on this machine only:
    spanforge serve out

  Serve the starter model, for English texts:
    spanforge serve

  Compare your model with the starter model:
    spanforge serve starter mine=runs/mine

  Serve two models, one of them from the hub, under custom names:
    spanforge serve mine=runs/mine squad=deepset/minilm-uncased-squad2

  Serve behind a proxy, with tokens and a rate limit per client:
    spanforge serve out --host 0.0.0.0 --token_file tokens.txt \\
      --rate_limit 600 --trust_proxy

  Answer from a folder of documents:
    spanforge index manuals --output_dir index
    spanforge serve out --index index

  Keep questions with low confidence, and annotate them:
    spanforge serve out --log_questions questions.jsonl --annotate corrections

  Ask a question:
    curl -s localhost:8000/api/answer -H 'content-type: application/json' \\
      -d '{"question": "Who wrote it?", "context": "Ada wrote it."}'

  Reload the weights and the index without dropping requests:
    kill -HUP PID

The page is at /, the API documentation at /docs, and metrics for Prometheus at
/metrics. On SIGTERM or Ctrl-C the server finishes pending requests and exits.
It logs each request as a line of JSON to standard error, without its texts.
`

/** `spanforge serve`: serves models with a web page and an HTTP API. */
export function serveCommand(): Command {
  const command = new Command('serve')
    .argument('[model...]', `model folders or hub names; NAME=FOLDER sets the name (default: ${STARTER_DEFAULT})`)
    .option('--json', 'print address, models and process id as JSON once the server is listening')
  return withHubFlags(withEngineFlags(withServeFlags(command)))
    .addHelpText('after', EXAMPLES)
    .action(serve)
}

async function serve(named: readonly string[], flags: ServeFlags & HubFlags & EngineFlags): Promise<void> {
  const output = createOutput(flags.json === true)
  const given = named.length > 0 ? named : [defaultModel('serve', output)]
  const { startServer } = await import('../../server/server.ts')
  const tokens = await tokensOf(flags)
  const log = await serverLog(flags)
  const project = await openProject(flags, tokens)
  try {
    const server = await withHubProgress('Downloading', flags, output, (hub) =>
      startServer(given, {
        ...flags,
        choice: engineChoice(flags),
        tokens,
        log,
        hub: { ...hub, revision: flags.revision },
        annotate: project && ((app, models) => project.register(app, models, { tokens, host: flags.host, log })),
      }),
    )
    await serveUntilInterrupted(server, output, () => announce(server, flags, tokens.length > 0, output))
  } finally {
    await project?.close()
  }
}

/** Opens the project of --annotate. */
async function openProject(flags: ServeFlags, tokens: readonly string[]): Promise<ServedProject | undefined> {
  if (flags.annotate === undefined) return undefined
  const { isPrivate } = await import('../../server/server.ts')
  const { requireTokens } = await import('../../annotate/http/page.ts')
  const { ServedProject } = await import('../../annotate/served-project.ts')
  requireTokens(isPrivate(flags), tokens)
  return ServedProject.open(flags.annotate, flags.log_questions)
}

/** Calls `announce` once signal handlers are installed, and closes the server on SIGINT or SIGTERM. */
export async function serveUntilInterrupted(
  server: RunningServer,
  output: Output,
  announce: () => void,
): Promise<void> {
  const interrupts = catchInterrupts(() =>
    output.print('Finishing pending requests. Press Ctrl-C again to quit immediately.'),
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

function announce(
  { address, models, isLocal, questionLog }: RunningServer,
  { annotate }: Pick<ServeFlags, 'annotate'>,
  requiresToken: boolean,
  output: Output,
): void {
  const names = models.all.map(({ id }) => id)
  output.print(`Serving ${names.join(', ')} at ${address}`)
  for (const { id, thread, promotions } of models.all)
    if (promotions.models.length > 0) output.print(`${id}: ${thread.folder}, promoted in place of ${promotions.place}`)
  if (requiresToken) output.print('Requests must include a token.')
  else if (!isLocal)
    output.print('Anyone who can reach this machine can use the service. Restrict access with --token_file.')
  if (questionLog) {
    output.print(
      `Questions with a confidence below ${questionLog.below} are kept in ${questionLog.path}, with their texts, and ` +
        `corrections. The page says so. To annotate them: ` +
        (annotate === undefined ? `spanforge annotate ${questionLog.path}` : `${address}annotate/`),
    )
    for (const { id, thread } of models.all)
      if (!thread.facts.settings?.confidence)
        output.print(`${id} has no stored confidence; the probability of its answers is used instead.`)
  }
  if (annotate !== undefined) output.print(`Annotating ${annotate} at ${address}annotate/`)
  output.print('Press Ctrl-C to stop. See /docs for the API.')
  output.result({ address, models: names, pid: process.pid, ...(questionLog && { question_log: questionLog.path }) })
}
