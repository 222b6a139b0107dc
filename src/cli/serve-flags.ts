import { type Command, InvalidArgumentError } from 'commander'
import type { Logger } from 'pino'
import { UsageError } from '../errors.ts'
import { readTextFileOrPipe } from '../files/text-file.ts'
import { SERVER_DEFAULTS, type ServerSettings } from '../server/defaults.ts'
import { wholeNumber } from './flags.ts'

export interface ServeFlags extends ServerSettings {
  readonly token?: readonly string[]
  readonly token_file?: string
  readonly log_level?: string
}

const LEVELS = ['error', 'warn', 'info', 'debug', 'silent']

export const withServeFlags = (command: Command): Command =>
  command
    .option('--host <address>', 'address to listen at; 0.0.0.0 for the network', SERVER_DEFAULTS.host)
    .option('--port <integer>', 'port to listen at; 0 takes any that is free', portNumber, SERVER_DEFAULTS.port)
    .option(
      '--token <text...>',
      'who asks must send one of these; better in a file or SPANFORGE_TOKEN: others see flags',
    )
    .option('--token_file <file>', 'file with the tokens, one a line; # begins a comment')
    .option('--cors <origin...>', 'origins whose pages may call, such as https://example.org', origins)
    .option('--rate_limit <integer>', 'requests a minute that one client may send', wholeNumber(1))
    .option('--trust_proxy', 'believe X-Forwarded-For: only behind a proxy that sets it')
    .option('--max_body <megabytes>', 'largest request', wholeNumber(1), SERVER_DEFAULTS.max_body)
    .option('--max_context <characters>', 'most text in a request', wholeNumber(1), SERVER_DEFAULTS.max_context)
    .option('--max_question <characters>', 'longest question', wholeNumber(1), SERVER_DEFAULTS.max_question)
    .option(
      '--max_windows <integer>',
      'most windows that a request may take, over all its questions and texts',
      wholeNumber(1),
      SERVER_DEFAULTS.max_windows,
    )
    .option(
      '--max_requests <integer>',
      'requests that may wait at once, at most half with long texts and 3/4 of one client; more get 503',
      wholeNumber(1),
      SERVER_DEFAULTS.max_requests,
    )
    .option(
      '--batch_tokens <integer>',
      'most tokens computed together; 1 is one window at a time',
      wholeNumber(1),
      SERVER_DEFAULTS.batch_tokens,
    )
    .option(
      '--batch_wait <milliseconds>',
      'how long a request waits for others where some came lately',
      wholeNumber(0),
      SERVER_DEFAULTS.batch_wait,
    )
    .option(
      '--timeout <seconds>',
      'a request not answered by then gets 504; streams have no limit',
      wholeNumber(1),
      SERVER_DEFAULTS.timeout,
    )
    .option('--grace <seconds>', 'time to finish requests when the server ends', wholeNumber(0), SERVER_DEFAULTS.grace)
    .option('--log_level <name>', `${LEVELS.join(', ')}: info, or warn where a person watches`, logLevel)

/** As browsers name them: scheme, host, and port where it is not the usual one. */
function origins(text: string, before: readonly string[] = []): string[] {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || url.origin === 'null' || url.href !== `${url.origin}/`)
    throw new InvalidArgumentError('Expected an origin: https://example.org, or http://localhost:3000.')
  return [...before, url.origin]
}

/**
 * The tokens of --token, --token_file and SPANFORGE_TOKEN together.
 * @throws UsageError for a token that no header can hold, or too short to keep anybody out
 */
export async function tokensOf(
  { token = [], token_file }: Pick<ServeFlags, 'token' | 'token_file'>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string[]> {
  const text = token_file ? await readTextFileOrPipe(token_file) : ''
  const inFile = text
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*/, '').trim())
    .filter(Boolean)
  if (token_file && inFile.length === 0) throw new UsageError(`${token_file}: found no token, expected one a line`)
  const inEnvironment = (env.SPANFORGE_TOKEN ?? '').split(/[\s,]+/).filter(Boolean)
  const tokens = [...token, ...inFile, ...inEnvironment]
  const wrong = tokens.find((one) => !/^[\x21-\x7e]{16,}$/.test(one))
  if (wrong === undefined) return tokens
  throw new UsageError(
    `serve: a token of ${wrong.length} characters, expected 16 or more, of ASCII without spaces`,
    'Make one with: openssl rand -hex 32',
  )
}

/** One line of JSON an event, on standard error: standard output is for the command's own words. */
export async function serverLog({ log_level: level }: Pick<ServeFlags, 'log_level'>): Promise<Logger> {
  const { pino } = await import('pino')
  return pino(
    { level: level ?? (process.stderr.isTTY ? 'warn' : 'info'), base: { pid: process.pid } },
    pino.destination(2),
  )
}

function portNumber(text: string): number {
  const port = wholeNumber(0)(text)
  if (port <= 65_535) return port
  throw new InvalidArgumentError('Expected a port from 0 to 65535.')
}

function logLevel(text: string): string {
  if (LEVELS.includes(text)) return text
  throw new InvalidArgumentError(`Expected one of ${LEVELS.join(', ')}.`)
}
