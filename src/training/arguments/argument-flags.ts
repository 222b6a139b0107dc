import { parseBoundedJson } from '../../bounded-json.ts'
import { UsageError } from '../../errors.ts'
import { showValue } from '../../show-value.ts'
import { type ArgumentKind, notesOf } from './argument-field.ts'
import { argumentDefaults, argumentGroups } from './arguments.ts'

/** One argument as a command-line flag, in commander's terms. */
export interface ArgumentFlag {
  readonly name: string
  /** "--learning_rate <number>" */
  readonly flags: string
  readonly group: string
  /** With the default, where there is one. */
  readonly description: string
  /** The text of the flag as a value for `parseArguments`; `previous` is what earlier texts of a list gave. */
  readonly parse: (text: string, previous?: unknown) => unknown
}

const PLACEHOLDERS: Readonly<Record<ArgumentKind, string>> = {
  integer: ' <integer>',
  number: ' <number>',
  // The value may be left out: --group_by_length is --group_by_length true.
  boolean: ' [true|false]',
  choice: ' <name>',
  list: ' <names...>',
  text: ' <text>',
  object: ' <json>',
}

/** Every training argument as a flag. A boolean flag without a value comes from commander as `true`. */
export function argumentFlags(): ArgumentFlag[] {
  return Object.entries(argumentGroups).flatMap(([group, fields]) =>
    Object.entries(fields).map(([name, schema]) => {
      const { kind, description, expected } = notesOf(schema)
      const value = argumentDefaults[name as keyof typeof argumentDefaults]
      const notes = kind === 'choice' ? [expected] : []
      if (value !== null && kind !== 'boolean') notes.push(`default ${String(value)}`)
      return {
        name,
        flags: `--${name}${PLACEHOLDERS[kind]}`,
        group,
        description: notes.length > 0 ? `${description} (${notes.join('; ')})` : description,
        parse: (text: string, previous?: unknown) => parseText(`--${name}`, kind, expected, text, previous),
      }
    }),
  )
}

function parseText(flag: string, kind: ArgumentKind, expected: string, text: string, previous: unknown): unknown {
  const refuse = (): never => {
    throw new UsageError(`${flag}: found ${showValue(text)}, expected ${expected}`)
  }
  switch (kind) {
    case 'integer':
    case 'number':
      return text.trim() === '' || Number.isNaN(Number(text)) ? refuse() : Number(text)
    case 'boolean':
      return text === 'true' || text === 'false' ? text === 'true' : refuse()
    case 'list':
      return [...(Array.isArray(previous) ? previous : []), ...text.split(',')]
    case 'object':
      try {
        return parseBoundedJson(text)
      } catch {
        return refuse()
      }
    default:
      return text
  }
}
