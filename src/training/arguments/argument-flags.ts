import { parseBoundedJson } from '../../bounded-json.ts'
import { UsageError } from '../../errors.ts'
import { showValue } from '../../show-value.ts'
import { type ArgumentKind, notesOf } from './argument-field.ts'
import { argumentDefaults, argumentGroups } from './arguments.ts'

/** A training argument as a command-line flag, in the form that commander expects. */
export interface ArgumentFlag {
  readonly name: string
  /** For example "--learning_rate <number>". */
  readonly flags: string
  readonly group: string
  /** Includes the default, if there is one. */
  readonly description: string
  /**
   * Converts the text of the flag to a value for `parseArguments`. `previous` is the result for earlier texts of a
   * list.
   */
  readonly parse: (text: string, previous?: unknown) => unknown
}

const PLACEHOLDERS: Readonly<Record<ArgumentKind, string>> = {
  integer: ' <integer>',
  number: ' <number>',
  // The value is optional: --group_by_length means --group_by_length true.
  boolean: ' [true|false]',
  choice: ' <name>',
  list: ' <names...>',
  text: ' <text>',
  object: ' <json>',
}

/**
 * Returns all training arguments as flags. For a boolean flag without a value, commander returns `true`. `defaults`
 * describes other defaults than usual.
 */
export function argumentFlags(defaults: Readonly<Record<string, string>> = {}): ArgumentFlag[] {
  return Object.entries(argumentGroups).flatMap(([group, fields]) =>
    Object.entries(fields).map(([name, schema]) => {
      const { kind, description: text, expected } = notesOf(schema)
      // Some descriptions end with the default, which is not a value.
      const [, description, stated] = /^(.*?)(?: \(default: ([^()]*)\))?$/s.exec(text)!
      const value = defaults[name] ?? stated ?? argumentDefaults[name as keyof typeof argumentDefaults]
      const notes = kind === 'choice' ? [expected] : []
      if (value !== null && (stated || kind !== 'boolean')) notes.push(`default: ${String(value)}`)
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
  const reject = (): never => {
    throw new UsageError(`${flag}: found ${showValue(text)}, expected ${expected}`)
  }
  switch (kind) {
    case 'integer':
    case 'number':
      return text.trim() === '' || Number.isNaN(Number(text)) ? reject() : Number(text)
    case 'boolean':
      return text === 'true' || text === 'false' ? text === 'true' : reject()
    case 'list':
      return [...(Array.isArray(previous) ? previous : []), ...text.split(',')]
    case 'object':
      try {
        return parseBoundedJson(text)
      } catch {
        return reject()
      }
    default:
      return text
  }
}
