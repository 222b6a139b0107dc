import { stat } from 'node:fs/promises'
import { extname } from 'node:path'
import type { ParseError } from 'jsonc-parser'
import type { Document } from 'yaml'
import { UsageError } from '../../errors.ts'
import { cannotRead } from '../../files/binary-file.ts'
import { readTextFile, rejectMissing } from '../../files/text-file.ts'
import { showText } from '../../show-value.ts'
import { checkJsonNesting, checkYamlNesting, SyntaxProblem } from './configuration-bounds.ts'

/** The contents of a configuration file, with the position of each top-level name. */
export interface ConfigurationFile {
  readonly values: Readonly<Record<string, unknown>>
  /** Returns `FILE: line 3, column 5` for the value of a top-level name, or the path for any other name. */
  readonly placeOf: (name: string) => string
}

interface Parsed {
  readonly value: unknown
  /** Offset of the value of each top-level name. */
  readonly offsets: ReadonlyMap<string, number>
}

/** Maximum file size, far larger than any file written by hand. */
const MAX_BYTES = 2 ** 17

/**
 * Reads a file of arguments in YAML or JSON, which may contain comments and trailing commas. `$schema`, which tells
 * editors where the JSON Schema is, is ignored.
 * @throws UsageError with the line and column of a syntax error
 */
export async function readConfigurationFile(path: string): Promise<ConfigurationFile> {
  await rejectMissing(path)
  const { size } = await stat(path).catch((error) => Promise.reject(cannotRead(path, error)))
  if (size > MAX_BYTES) throw new UsageError(`${path}: found ${size} bytes, expected a file of at most ${MAX_BYTES}`)
  const raw = await readTextFile(path)
  const text = raw.replace(/^\ufeff/, '')
  const isYaml = /^\.ya?ml$/i.test(extname(path)) || (extname(path) !== '.json' && !/^\s*([{[]|\/[/*])/.test(text))
  const placeAt = (offset: number) => `${path}: ${position(text, offset)}`
  const { value, offsets } = await parse(text, isYaml, placeAt)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`${path}: expected an object of arguments`, isYaml ? YAML_EXAMPLE : JSON_EXAMPLE)
  const { $schema, ...values } = value as Record<string, unknown>
  return {
    values,
    placeOf(name) {
      const offset = offsets.get(name)
      return offset === undefined ? path : placeAt(offset)
    },
  }
}

const JSON_EXAMPLE = 'Example: {"learning_rate": 3e-5}'
const YAML_EXAMPLE = 'Example: "learning_rate: 3e-5"'

async function parse(text: string, isYaml: boolean, placeAt: (offset: number) => string): Promise<Parsed> {
  try {
    return isYaml ? await parseYaml(text) : await parseJsonWithComments(text)
  } catch (cause) {
    if (!(cause instanceof SyntaxProblem)) throw cause
    const format = isYaml ? 'YAML' : 'JSON (comments and trailing commas are allowed)'
    throw new UsageError(`${placeAt(cause.offset)}: ${showText(cause.message)}`, `Expected ${format}.`)
  }
}

/** Converts an offset to a line and column, which count from 1 as in editors. */
function position(text: string, offset: number): string {
  const before = text.slice(0, offset).split(/\r\n?|\n/)
  return `line ${before.length}, column ${before.at(-1)!.length + 1}`
}

async function parseJsonWithComments(text: string): Promise<Parsed> {
  const { default: jsonc } = await import('jsonc-parser')
  await checkJsonNesting(text)
  const errors: ParseError[] = []
  const root = jsonc.parseTree(text, errors, { allowTrailingComma: true })
  const [first] = errors
  if (first) throw new SyntaxProblem(inWords(jsonc.printParseErrorCode(first.error)), first.offset)
  const offsets = new Map<string, number>()
  for (const { children = [] } of root?.type === 'object' ? (root.children ?? []) : []) {
    const [key, value] = children
    if (offsets.has(key.value)) throw new SyntaxProblem(`${key.value} is given twice`, key.offset)
    offsets.set(key.value, value.offset)
  }
  return { value: root && jsonc.getNodeValue(root), offsets }
}

/** Converts "CommaExpected" to "comma expected". */
const inWords = (code: string): string => code.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase()

async function parseYaml(text: string): Promise<Parsed> {
  const { isMap, isNode, isScalar, parseDocument, visit } = await import('yaml')
  await checkYamlNesting(text)
  // The parser's own check for duplicates takes quadratic time.
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false })
  const [first] = document.errors
  if (first) throw new SyntaxProblem(first.message, first.pos[0])
  visit(document, {
    Map(_, { items }) {
      const names = new Set<unknown>()
      for (const { key } of items) {
        if (!isScalar(key)) continue
        if (names.has(key.value)) throw new SyntaxProblem(`${key.value} is given twice`, key.range![0])
        names.add(key.value)
      }
    },
  })
  const pairs = isMap(document.contents) ? document.contents.items : []
  const offsets = pairs.flatMap(({ key, value }): [string, number][] => {
    const node = isNode(value) ? value : key
    return isScalar(key) && isNode(node) ? [[String(key.value), node.range?.[0] ?? 0]] : []
  })
  return { value: asJavaScript(document), offsets: new Map(offsets) }
}

/** Converts the document to values. @throws SyntaxProblem for aliases that expand too far */
function asJavaScript(document: Document.Parsed): unknown {
  try {
    return document.toJS()
  } catch (error) {
    const isDeep = error instanceof RangeError
    throw new SyntaxProblem(isDeep ? 'its aliases are nested too deeply' : (error as Error).message, 0)
  }
}
