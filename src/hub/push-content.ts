import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, posix, resolve, win32 } from 'node:path'
import { SpanforgeError } from '../errors.ts'
import type { PushFile } from './push-plan.ts'

/** Texts of a model that are uploaded byte for byte: what looks like a path in them is a token. */
const VERBATIM =
  /(^|\/)(tokenizer\.([\w.]+\.)?json|vocab\.(txt|json)|merges\.txt|added_tokens\.json|special_tokens_map\.json)$/
/** Larger files are weights or data. */
const MOST_BYTES = 16 * 2 ** 20

/** A place that is looked for in all texts; shorter ones may be something else. */
const SHORTEST = 4

/** What the hub calls its tokens. */
const TOKEN = /\bhf_[A-Za-z0-9]{30,}\b/

/**
 * The content to upload in place of a file's own: without `places` of this machine, which hold names of people, and with
 * the name of the model in its card. Undefined for a file that is uploaded as it is.
 * @throws SpanforgeError for a file that holds a token of the hub
 */
export async function contentToPush(
  folder: string,
  { path, size }: PushFile,
  { name, places }: { readonly name: string; readonly places: RegExp },
): Promise<string | undefined> {
  if (size > MOST_BYTES) return undefined
  const content = await readFile(join(folder, path))
  if (holdsToken(content))
    throw new SpanforgeError(`${join(folder, path)}: holds an access token of the hub`, {
      remedy: 'Remove it from the file; revoke it if the file was ever shared.',
    })
  if (VERBATIM.test(path) || !isText(content)) return undefined
  const text = content.toString()
  const named = path === 'README.md' ? text.replaceAll(/\bOWNER\/[\w.-]+/g, name) : text
  const json = path.endsWith('.json') ? withoutPaths(named) : named
  const cleaned = json.replace(places, (place) => lastPart(place))
  return cleaned === text ? undefined : cleaned
}

/** Whatever the name of the file says. */
const isText = (content: Buffer): boolean => isUtf8(content) && !content.includes(0)

/** Also in binary files, and in UTF-16, whose letters have zeros between them. */
function holdsToken(content: Buffer): boolean {
  const text = content.toString('latin1')
  return TOKEN.test(text) || TOKEN.test(text.replaceAll('\0', ''))
}

/** Files of a run that name the places that it read from and wrote to. */
const NAMING = ['training_args.json', 'config.json', 'tokenizer_config.json', 'answer_settings.json']

/** Matches home folders of any system, the folder, where this process runs, and the places that a run's files name. */
export async function privatePlaces(folder: string): Promise<RegExp> {
  const places = [resolve(folder), process.cwd(), homedir()].filter((place) => place.length > 1)
  for (const name of NAMING) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => '')
    places.push(...[...pathsIn(text)].map(({ value }) => value).filter((path) => path.length >= SHORTEST))
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

/** A text of JSON in which paths are only their last parts, and everything else is as it was. */
function withoutPaths(text: string): string {
  let [cleaned, end] = ['', 0]
  for (const { literal, value, index } of pathsIn(text)) {
    cleaned += text.slice(end, index) + JSON.stringify(lastPart(value))
    end = index + literal.length
  }
  return cleaned + text.slice(end)
}

/** The strings of a JSON text that are paths, by place; also of one that is broken somewhere. */
function* pathsIn(text: string): Generator<{ literal: string; value: string; index: number }> {
  let key = ''
  for (const { 1: literal, 2: colon, index } of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?/g)) {
    const value = parsed(literal)
    if (colon) key = value ?? ''
    // The content of an added token is no path.
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

/** Absolute, from the home folder, or leading to a file or folder above or beside; not "owner/name". */
const isPath = (text: string): boolean =>
  !text.includes('\n') &&
  (/^(\/[^/]|[A-Za-z]:[\\/]|\\\\|~[\\/]|\.{1,2}[\\/]|file:)/.test(text) ||
    /[\\/].*\.(json|jsonl|csv|tsv|txt|parquet|xlsx|gz)$/i.test(text))

/** In Markdown a path of POSIX may have backslashes, before characters that would mean something else. */
const lastPart = (path: string): string =>
  (/^(~|file:)?\//.test(path) || !path.includes('\\') ? posix : win32).basename(path.replace(/[\\/]+$/, ''))

/** Matches a path as it is, and as it is written in JSON, Markdown, HTML and web addresses. */
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
