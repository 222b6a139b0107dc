import type { Command } from 'commander'
import { showText } from '../../show-value.ts'
import { shellQuoted } from './training.ts'

const MAX_LENGTH = 1000
const HIDDEN = '***'

/** The command line of a command, safe to publish in a report. */
export function shownCommand(command: Command): string {
  let root = command
  while (root.parent) root = root.parent
  // Commander has this property, but its types do not declare it.
  return publicCommand((root as Command & { readonly rawArgs: readonly string[] }).rawArgs)
}

/** A command line of limited length, without secrets and with absolute paths shortened to their last part. */
export function publicCommand(argv: readonly string[]): string {
  const words = argv.map((word, i) => {
    const before = argv[i - 1] ?? ''
    const isSecret = SECRET_FLAG.test(before) && !before.includes('=') && !word.startsWith('--')
    return isSecret ? HIDDEN : shellWord(withoutPlaces(withoutSecrets(word)))
  })
  return showText(['spanforge', ...words].join(' '), MAX_LENGTH)
}

/** Quotes a word for the shell, except for the ellipsis of a shortened path. */
const shellWord = (word: string): string =>
  word.startsWith('…') ? `…${shellQuoted(word.slice(1))}` : shellQuoted(word)

const SECRET = '[\\w-]*(?:token(?!iz|s_|s\\b)|secret|passw|api[-_]?key|credential|authorization)[\\w-]*'
const SECRET_FLAG = new RegExp(`^--${SECRET}`, 'i')
const SECRET_VALUE = new RegExp(`(${SECRET}\\s*[=:]\\s*)[^&\\s]+`, 'gi')
/** Tokens of Hugging Face, GitHub and OpenAI, which are recognizable by their prefix. */
const TOKEN = /\b(?:hf_|gh[pousr]_|github_pat_|sk-)[\w-]{10,}/g
const LOGIN = /(\b[a-z][\w+.-]*:\/\/)[^/\s@]+@/gi

const withoutSecrets = (word: string): string =>
  word.replace(SECRET_VALUE, `$1${HIDDEN}`).replace(TOKEN, HIDDEN).replace(LOGIN, `$1${HIDDEN}@`)

/** Absolute paths, paths in home folders and file: URLs, but not the paths of web addresses. */
const PLACE = /(?<![^\s=,:'"[(])(?:file:\/\/|~[\w.-]*|[A-Za-z]:(?=[\\/]))?[\\/](?!\/)[^,'"\])]*|\\\\[^,'"\])]+/g

const withoutPlaces = (word: string): string =>
  word.replace(PLACE, (place) => {
    const parts = place.split(/[\\/]+/).filter(Boolean)
    return parts.length > 1 || /^[\\/]/.test(place) ? `…/${parts.at(-1) ?? ''}` : place
  })
