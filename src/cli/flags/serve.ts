import { type Command, InvalidArgumentError } from 'commander'
import type { Logger } from 'pino'
import { UsageError } from '../../errors.ts'
import { readNamedTextFile } from '../../files/text-file.ts'
import { SERVER_DEFAULTS, type ServerSettings } from '../../server/defaults.ts'
import { integerFrom, numberFrom } from './parsers.ts'

export interface ServeFlags extends ServerSettings {
  readonly token?: readonly string[]
  readonly token_file?: string
  readonly log_level?: string
  readonly index?: string
  readonly annotate?: string
}

const LEVELS = ['error', 'warn', 'info', 'debug', 'silent']

/** Adds the flags of `tokensOf`. */
export const withTokenFlags = (command: Command): Command =>
  command
    .option(
      '--token <text...>',
      'require one of these tokens; prefer --token_file or SPANFORGE_TOKEN, as other users can see flags',
    )
    .option('--token_file <file>', 'file with one token per line; # starts a comment')

/** Adds the flag of `serverLog`. */
export const withLogLevel = (command: Command): Command =>
  command.option('--log_level <name>', `${LEVELS.join(', ')} (default: warn in a terminal, else info)`, logLevel)

export const withServeFlags = (command: Command): Command =>
  withLogLevel(withQuestionLog(withLimits(withTokenFlags(withAddress(command)))))

const withAddress = (command: Command): Command =>
  command
    .option('--index <folder>', 'also answer from the documents of an index (see "spanforge index")')
    .option('--host <address>', 'address to listen on; 0.0.0.0 for the network', SERVER_DEFAULTS.host)
    .option('--port <integer>', 'port to listen on; 0 for any free port', portNumber, SERVER_DEFAULTS.port)

const withLimits = (command: Command): Command =>
  command
    .option('--cors <origin...>', 'origins allowed by CORS, such as https://example.org', origins)
    .option('--rate_limit <integer>', 'maximum requests per minute from one client', integerFrom(1))
    .option('--trust_proxy', 'trust X-Forwarded-For; use only behind a proxy that sets it')
    .option('--max_body <megabytes>', 'maximum size of a request', integerFrom(1), SERVER_DEFAULTS.max_body)
    .option(
      '--max_context <characters>',
      'maximum text length per request',
      integerFrom(1),
      SERVER_DEFAULTS.max_context,
    )
    .option('--max_question <characters>', 'maximum question length', integerFrom(1), SERVER_DEFAULTS.max_question)
    .option(
      '--max_windows <integer>',
      'maximum windows per request, over all its questions and texts',
      integerFrom(1),
      SERVER_DEFAULTS.max_windows,
    )
    .option(
      '--max_requests <integer>',
      'maximum pending requests, at most half of them with long texts and 3/4 from one client; others get 503',
      integerFrom(1),
      SERVER_DEFAULTS.max_requests,
    )
    .option(
      '--batch_tokens <integer>',
      'maximum tokens per batch; 1 for one window at a time',
      integerFrom(1),
      SERVER_DEFAULTS.batch_tokens,
    )
    .option(
      '--batch_wait <milliseconds>',
      'how long an idle server waits for more requests to batch',
      integerFrom(0),
      SERVER_DEFAULTS.batch_wait,
    )
    .option(
      '--timeout <seconds>',
      'time limit of a request, after which it gets 504; streams have no limit',
      integerFrom(1),
      SERVER_DEFAULTS.timeout,
    )
    .option('--grace <seconds>', 'time to finish requests on shutdown', integerFrom(0), SERVER_DEFAULTS.grace)

const withQuestionLog = (command: Command): Command =>
  command
    .option(
      '--log_questions <file>',
      'keep questions with low confidence, their texts, and corrections in this file, to annotate them; the page says so',
    )
    .option(
      '--annotate <folder>',
      'also serve the page of "spanforge annotate", for the project in this folder and the questions kept',
    )
    .option(
      '--log_below <number>',
      'with --log_questions, keep the questions whose answers have a lower confidence',
      share,
      SERVER_DEFAULTS.log_below,
    )
    .option(
      '--log_max_size <megabytes>',
      'maximum size of the --log_questions file',
      integerFrom(1),
      SERVER_DEFAULTS.log_max_size,
    )

function share(text: string): number {
  const value = numberFrom(0)(text)
  if (value <= 1) return value
  throw new InvalidArgumentError('Expected a number from 0 to 1.')
}

/** Parses origins as sent by browsers: scheme, host and non-default port. */
function origins(text: string, before: readonly string[] = []): string[] {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || url.origin === 'null' || url.href !== `${url.origin}/`)
    throw new InvalidArgumentError('Expected an origin such as https://example.org or http://localhost:3000.')
  return [...before, url.origin]
}

/**
 * Collects the tokens of --token, --token_file and SPANFORGE_TOKEN.
 * @throws UsageError for a token that is too short or not valid in a header
 */
export async function tokensOf(
  { token = [], token_file }: Pick<ServeFlags, 'token' | 'token_file'>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string[]> {
  const text = token_file ? await readNamedTextFile(token_file) : ''
  const inFile = text
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*/, '').trim())
    .filter(Boolean)
  if (token_file && inFile.length === 0) throw new UsageError(`${token_file}: found no token, expected one per line`)
  const inEnvironment = (env.SPANFORGE_TOKEN ?? '').split(/[\s,]+/).filter(Boolean)
  const tokens = [...token, ...inFile, ...inEnvironment]
  const wrong = tokens.find((one) => !/^[\x21-\x7e]{16,}$/.test(one))
  if (wrong === undefined) return tokens
  throw new UsageError(
    `serve: found a token of ${wrong.length} characters, expected at least 16 ASCII characters without spaces`,
    'Create one with: openssl rand -hex 32',
  )
}

/** Logs JSON lines to standard error; standard output is reserved for the output of the command. */
export async function serverLog({ log_level: level }: Pick<ServeFlags, 'log_level'>): Promise<Logger> {
  const { pino } = await import('pino')
  return pino(
    { level: level ?? (process.stderr.isTTY ? 'warn' : 'info'), base: { pid: process.pid } },
    pino.destination(2),
  )
}

export function portNumber(text: string): number {
  const port = integerFrom(0)(text)
  if (port <= 65_535) return port
  throw new InvalidArgumentError('Expected a port from 0 to 65535.')
}

function logLevel(text: string): string {
  if (LEVELS.includes(text)) return text
  throw new InvalidArgumentError(`Expected one of ${LEVELS.join(', ')}.`)
}
