import { type Fields, unexpected } from '../fields.ts'
import { Pattern } from './regular-expression.ts'

/** What a `pattern` of tokenizer.json looks for: a string, or a regular expression. */
export function readPattern(fields: Fields, name: string): string | Pattern {
  const pattern = fields.object(name)
  if (pattern.has('Regex')) return new Pattern(pattern.string('Regex'), pattern.path('Regex'))
  const text = pattern.string('String')
  if (text === '') throw unexpected(pattern.path('String'), text, 'at least one character')
  return text
}
