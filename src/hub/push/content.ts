import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, posix, resolve, win32 } from 'node:path'
import { SpanforgeError } from '../../errors.ts'
import type { PushFile } from './plan.ts'

/** Vocabulary files, which are uploaded unchanged, because anything in them that looks like a path is a token. */
const VERBATIM =
  /(^|\/)(tokenizer\.([\w.]+\.)?json|vocab\.(txt|json)|merges\.txt|added_tokens\.json|special_tokens_map\.json)$/
/** Larger files are weights or data, not text. */
const MAX_BYTES = 16 * 2 ** 20

/** Minimum length of a path that is searched for in every text. Shorter ones match too much. */
const MIN_PATH_LENGTH = 4

/** An access token of the hub. */
const TOKEN = /\bhf_[A-Za-z0-9]{30,}\b/

/**
 * Returns the content to upload instead of a file's own: private paths (`places`) are shortened to their last part, and
 * the model card gets the repository's name. Returns undefined for a file to upload unchanged.
 * @throws SpanforgeError for a file that contains an access token of the hub
 */
export async function contentToPush(
  folder: string,
  { path, size }: PushFile,
  { name, places }: { readonly name: string; readonly places: RegExp },
): Promise<string | undefined> {
  if (size > MAX_BYTES) return undefined
  const content = await readFile(join(folder, path))
  if (holdsToken(content))
    throw new SpanforgeError(`${join(folder, path)}: contains an access token of the hub`, {
      remedy: 'Remove the token from the file, and revoke it if the file was ever shared.',
    })
  if (VERBATIM.test(path) || !isText(content)) return undefined
  const text = content.toString()
  const named = path === 'README.md' ? text.replaceAll(/\bOWNER\/[\w.-]+/g, name) : text
  const json = path.endsWith('.json') ? withoutPaths(named) : named
  const cleaned = json.replace(places, (place) => lastPart(place))
  return cleaned === text ? undefined : cleaned
}

/** Whether the content is text, regardless of the file's name. */
const isText = (content: Buffer): boolean => isUtf8(content) && !content.includes(0)

/** Whether the content contains a token, in any encoding: UTF-16 puts a zero byte between its letters. */
function holdsToken(content: Buffer): boolean {
  const text = content.toString('latin1')
  return TOKEN.test(text) || TOKEN.test(text.replaceAll('\0', ''))
}

/** Files of a run that contain the paths it read from and wrote to. */
const FILES_WITH_PATHS = ['training_args.json', 'config.json', 'tokenizer_config.json', 'answer_settings.json']

/** Matches home folders of any system, `folder`, the working directory, and the paths in the run's own files. */
export async function privatePlaces(folder: string): Promise<RegExp> {
  const places = [resolve(folder), process.cwd(), homedir()].filter((place) => place.length > 1)
  for (const name of FILES_WITH_PATHS) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => '')
    places.push(...[...pathsIn(text)].map(({ value }) => value).filter((path) => path.length >= MIN_PATH_LENGTH))
  }
  const homes = [
    '/home/[^/\\s"\'<>]+',
    '/Users/[^/\\s"\'<>]+',
    '/root',
    '[A-Za-z]:[\\\\/]+Users[\\\\/]+[^\\\\/\\s"\'<>]+',
  ]
  const known = [...places.sort((a, b) => b.length - a.length).map(inAnyText), ...homes].join('|')
  return new RegExp(`(?<![\\w.-])(?:${known})(?:[\\\\/]+[^\\\\/\\s"'<>)\\]\`|,;]+)*(?![\\w-])`, 'g')
}

/** Shortens every path in a JSON text to its last part and leaves everything else unchanged. */
function withoutPaths(text: string): string {
  let [cleaned, end] = ['', 0]
  for (const { literal, value, index } of pathsIn(text)) {
    cleaned += text.slice(end, index) + JSON.stringify(lastPart(value))
    end = index + literal.length
  }
  return cleaned + text.slice(end)
}

/** Yields the strings in a JSON text that are paths, with their positions. Works on invalid JSON too. */
function* pathsIn(text: string): Generator<{ literal: string; value: string; index: number }> {
  let key = ''
  for (const { 1: literal, 2: colon, index } of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?/g)) {
    const value = parsed(literal)
    if (colon) key = value ?? ''
    // "content" holds the text of an added token, which is not a path.
    else if (key !== 'content' && value !== undefined && isPath(value)) yield { literal, value, index }
  }
}

function parsed(literal: string): string | undefined {
  try {
    return JSON.parse(literal)
  } catch {
    return undefined
  }
}

/** Whether a text is a path: absolute, starting with "~", "." or "..", or ending in a known file extension. */
const isPath = (text: string): boolean =>
  !text.includes('\n') &&
  (/^(\/[^/]|[A-Za-z]:[\\/]|\\\\|~[\\/]|\.{1,2}[\\/]|file:)/.test(text) ||
    /[\\/].*\.(json|jsonl|csv|tsv|txt|parquet|xlsx|gz)$/i.test(text))

/** The last part of a path. A POSIX path in Markdown may contain backslashes as escapes. */
const lastPart = (path: string): string =>
  (/^(~|file:)?\//.test(path) || !path.includes('\\') ? posix : win32).basename(path.replace(/[\\/]+$/, ''))

/** A pattern that matches a path as plain text and as escaped in JSON, Markdown, HTML and URLs. */
const inAnyText = (path: string): string => Array.from(path, inAnyTextCharacter).join('')

const ENTITIES: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' }

function inAnyTextCharacter(character: string): string {
  if (/[A-Za-z0-9]/.test(character)) return character
  const code = character.codePointAt(0)!
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
  const json = units.map((unit) => `\\\\u${anyCase(unit.toString(16).padStart(4, '0'))}`).join('')
  const percent = Array.from(Buffer.from(character), (byte) => `%${anyCase(byte.toString(16).padStart(2, '0'))}`).join(
    '',
  )
  const entities = [`#0*${code}`, `#[xX]0*${anyCase(code.toString(16))}`, ENTITIES[character]].filter(Boolean).join('|')
  return `(?:\\\\*${escaped(character)}|${json}|${percent}|&(?:${entities});)`
}

const anyCase = (digits: string): string =>
  digits.replace(/[a-f]/gi, (digit) => `[${digit.toLowerCase()}${digit.toUpperCase()}]`)

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
