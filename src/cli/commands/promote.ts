import { Command, Option } from 'commander'
import { SpanforgeError, UsageError } from '../../errors.ts'
import type { DataOptions } from '../../runs/load/load-data.ts'
import type { PromotionMetric } from '../../runs/promote/judge.ts'
import type { ServerAccess } from '../../runs/promote/reload-servers.ts'
import { type EngineFlags, engineChoice, withEngineFlags } from '../flags/engine.ts'
import { type OfflineFlag, withDataFlags, withHubProgress, withOfflineFlag } from '../flags/hub.ts'
import { anyNumber, integerFrom, listed } from '../flags/parsers.ts'
import { type ServeFlags, tokensOf } from '../flags/serve.ts'
import { createOutput, type Output } from '../terminal/output.ts'
import { terminalScreen } from '../terminal/screen.ts'
import { promotionStateText, promotionText } from './promote-text.ts'

interface PromoteFlags extends DataOptions, EngineFlags, OfflineFlag {
  readonly data?: readonly string[]
  readonly max_eval_samples?: number
  readonly metric: PromotionMetric
  readonly alpha: number
  readonly min_gain?: number
  readonly version_2_with_negative?: boolean
  readonly dry_run?: boolean
  readonly force?: boolean
  readonly undo?: boolean
  readonly server?: readonly string[]
  readonly token?: string
  readonly token_file?: string
  readonly json?: boolean
}

const EXAMPLES = `
Examples:
  Serve a new model instead of "out", unless the test finds it worse:
    spanforge serve out &
    spanforge promote out out-2 --data dev.json

  Compare only:
    spanforge promote out out-2 --data dev.json --dry_run

  Require a gain of at least 0.5 F1 on two files, and check that a server
  has switched:
    spanforge promote out out-2 --data dev.json --data corrections.json \\
      --min_gain 0.5 --server http://localhost:8000 --token_file tokens.txt

  Show which model is served, and go back to the one before it:
    spanforge promote out
    spanforge promote out --undo

OLD is the folder that "spanforge serve" was started with, or NAME=FOLDER as
given there. Its files are not changed: the choice is recorded in
OLD/promotion, and running servers notice it within seconds. They load the new
model beside the old one, which needs memory for both, and answer the requests
in progress with the old one. The exit code is 1 if NEW is refused.
`

/** `spanforge promote`: replaces a served model, unless a paired test finds the new one worse. */
export function promoteCommand(): Command {
  const command = new Command('promote')
    .argument('<old>', 'folder that is served, or NAME=FOLDER')
    .argument('[new]', 'folder of the new model; without it, show what is served')
    .option('--data <file>', 'data file in any format, or dataset name; can be repeated', listed)
    .option('--max_eval_samples <integer>', 'maximum number of questions of each file', integerFrom(1))
    .addOption(new Option('--metric <name>', 'score that decides').choices(['f1', 'exact_match']).default('f1'))
    .option('--alpha <number>', 'significance level of the test', anyNumber, 0.05)
    .option(
      '--min_gain <points>',
      'lowest gain that the interval of the difference may contain; 0 excludes a loss, -1 allows a loss of 1 point (default: the test must not find NEW worse)',
      anyNumber,
    )
    .option('--version_2_with_negative', 'the data has unanswerable questions (default: stored with the model)')
    .option('--no-version_2_with_negative', 'the data has no unanswerable questions')
    .option('--dry_run', 'compare only; the exit code is 1 if NEW would be refused')
    .option('--force', 'promote NEW even if it is refused')
    .option('--undo', 'serve the model before the last promotion again')
    .option(
      '--server <url>',
      'wait until this server has switched, and undo the promotion if it cannot; can be repeated',
      listed,
    )
    .option('--token <text>', 'token of the servers; prefer --token_file or SPANFORGE_TOKEN')
    .option('--token_file <file>', 'file with the token of the servers')
    .option('--json', 'print the result as JSON')
  return withDataFlags(withOfflineFlag(withEngineFlags(command)), 'validation')
    .addHelpText('after', EXAMPLES)
    .action(run)
}

async function run(old: string, next: string | undefined, flags: PromoteFlags): Promise<void> {
  const output = createOutput(flags.json === true)
  checkCombination(next, flags)
  if (next !== undefined) return promoteModel(old, next, flags, output)
  const { promotionState, undoPromotion } = await import('../../runs/promote/promote.ts')
  const state = flags.undo
    ? await undoPromotion({
        ...{ old, screen: terminalScreen(output), choice: engineChoice(flags) },
        servers: await serversOf(flags),
      })
    : await promotionState(old)
  if (output.forPeople) output.print(promotionStateText(state))
  output.result(state)
}

function checkCombination(next: string | undefined, { undo, data = [], dry_run, force }: PromoteFlags): void {
  if (dry_run && force) throw new UsageError('promote: --dry_run and --force are mutually exclusive')
  if (undo && (next !== undefined || data.length > 0 || dry_run || force))
    throw new UsageError('promote: --undo takes only OLD', 'Use: spanforge promote OLD --undo')
  if (next === undefined && data.length > 0)
    throw new UsageError('promote: NEW is missing', 'Use: spanforge promote OLD NEW --data FILE')
  if (next !== undefined && data.length === 0)
    throw new UsageError('promote: --data is missing', 'Name a file with questions that neither model was trained on.')
}

async function promoteModel(old: string, next: string, flags: PromoteFlags, output: Output): Promise<void> {
  const { promote } = await import('../../runs/promote/promote.ts')
  const servers = await serversOf(flags)
  const found = await withHubProgress('Downloading', flags, output, (hub) =>
    promote({
      ...flags,
      data: flags.data ?? [],
      old,
      next,
      servers,
      hub,
      choice: engineChoice(flags),
      screen: terminalScreen(output),
    }),
  )
  if (output.forPeople) output.print(promotionText(found))
  output.result(found)
  if (found.promoted || found.refusal === undefined) return
  throw new SpanforgeError(`${next}: not promoted: ${found.refusal}`, {
    remedy: `${found.old.folder} stays in use. Promote the new model anyway with --force.`,
  })
}

async function serversOf({ server = [], ...flags }: PromoteFlags): Promise<ServerAccess[]> {
  const wrong = server.find((url) => !/^https?:/.test(url) || !URL.canParse(url))
  if (wrong !== undefined)
    throw new UsageError(`promote: --server ${wrong} is not a URL`, 'Expected one such as http://127.0.0.1:8000.')
  const given: Pick<ServeFlags, 'token' | 'token_file'> = { ...flags, token: flags.token ? [flags.token] : [] }
  const [token] = server.length > 0 ? await tokensOf(given) : []
  return server.map((url) => ({ url, token }))
}
