/** Creates malformed files and requests from valid ones, simulating accidents and attacks, reproducibly from a seed. */
import { type Random, random } from '../src/random/random.ts'

/** The random choices of one case. */
export class Dice {
  private readonly random: Random

  constructor(seed: number, index: number) {
    this.random = random(seed, 'malformed', index)
  }

  /** An integer from 0 to below `end`. */
  below(end: number): number {
    return end > 0 ? this.random.below(end) : 0
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]
  }
}

type Mutation = (content: Buffer, dice: Dice) => Buffer

const splice = (content: Buffer, at: number, removed: number, inserted: Buffer | string): Buffer =>
  Buffer.concat([content.subarray(0, at), Buffer.from(inserted as string), content.subarray(at + removed)])

const randomBytes = (dice: Dice, length: number): Buffer => Buffer.from(Array.from({ length }, () => dice.below(256)))

/** Accidental damage to files of any type. */
const BYTES: readonly Mutation[] = [
  (content, dice) => content.subarray(0, dice.below(content.length)),
  (content, dice) => content.subarray(dice.below(Math.min(64, content.length))),
  (content, dice) =>
    splice(content, dice.below(content.length), 1 + dice.below(8), randomBytes(dice, 1 + dice.below(8))),
  (content, dice) => splice(content, dice.below(Math.min(content.length, 600)), 1, randomBytes(dice, 1)),
  (content, dice) =>
    splice(content, dice.below(content.length), 0, Buffer.alloc(1 << 20, dice.of([0, 0x20, 0x5b, 0xff]))),
  (content) => Buffer.concat([content, content]),
  (content, dice) => {
    const at = dice.below(content.length)
    const part = content.subarray(at, at + 1 + dice.below(200))
    return splice(content, at, 0, Buffer.concat(Array.from({ length: 1000 }, () => part)))
  },
  (_content, dice) => randomBytes(dice, dice.below(2000)),
  () => Buffer.alloc(0),
]

const fields = (count: number, length: number): string =>
  `{${Array.from({ length: count }, (_, i) => `"${i}${'k'.repeat(length)}": ${i}`).join(', ')}}`

/** Unexpected values. */
const VALUES: readonly string[] = [
  'null',
  '-1',
  '0',
  '1e308',
  '1e400',
  '9007199254740993',
  '100000000',
  '0.1',
  'true',
  '""',
  '[]',
  '{}',
  `"${'x'.repeat(1_000_000)}"`,
  '"\\u001b[2J\\u202e\\u0000\\ud800"',
  `${'['.repeat(200_000)}${']'.repeat(200_000)}`,
  `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`,
  fields(100_000, 5),
  fields(3, 500_000),
  `[${Array(200_000).fill('1').join(',')}]`,
  `[${Array(50_000).fill('"\\u0007"').join(',')}]`,
]

/**
 * The start and end of values, and of keys with their values, in JSON text, as far as a regular expression can find
 * them.
 */
const VALUE = /(?<=[[:,]\s*)("(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null)/g
const KEY = /"(?:[^"\\]|\\.)*"(?=\s*:)/g

function replaceOne(text: string, pattern: RegExp, dice: Dice, by: string): string {
  const found = [...text.matchAll(pattern)]
  if (found.length === 0) return by
  const { index, 0: match } = dice.of(found)
  return text.slice(0, index) + by + text.slice(index + match.length)
}

/** Malicious changes to JSON. */
const JSON_TEXT: readonly Mutation[] = [
  (content, dice) => Buffer.from(replaceOne(content.toString(), VALUE, dice, dice.of(VALUES))),
  (content, dice) => Buffer.from(replaceOne(content.toString(), KEY, dice, `"${'n'.repeat(dice.of([1, 1_000_000]))}"`)),
  (content, dice) => Buffer.from(content.toString().replace('{', `{"unknown": ${dice.of(VALUES)}, `)),
  (content) => Buffer.from(content.toString().replace('{', `{${fields(100_000, 5).slice(1, -1)}, `)),
  (_content, dice) => Buffer.from(dice.of(VALUES)),
]

/** Returns malformed content based on a valid file. JSON is mostly changed in its values. */
export function malformed(content: Buffer, isJson: boolean, dice: Dice): Buffer {
  return dice.of(isJson && dice.below(4) > 0 ? JSON_TEXT : BYTES)(content, dice)
}

/** A safetensors file with a malformed header. */
export function malformedHeader(content: Buffer, dice: Dice): Buffer {
  const length = Number(content.readBigUInt64LE())
  const header = malformed(content.subarray(8, 8 + length), true, dice)
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([size, header, content.subarray(8 + length)])
}

/** Sizes that do not occur in valid files. */
const SIZES = ['-1', '0', '65536', '2147483647', '2147483648', '4294967296', '1000000000000', '1e308']
const NUMBER = /(?<=[[:,]\s*)-?\d[\d.eE+-]*/g

/** JSON text with some absurd numbers or a deeply nested part. */
export function absurd(content: Buffer, dice: Dice): Buffer {
  let text = content.toString()
  if (dice.below(4) === 0)
    return Buffer.from(replaceOne(text, VALUE, dice, dice.of([nested('[', ']'), nested('{"a":', '}')])))
  for (let left = 1 + dice.below(3); left > 0; left--) text = replaceOne(text, NUMBER, dice, dice.of(SIZES))
  return Buffer.from(text)
}

const nested = (open: string, close: string): string => `${open.repeat(20_000)}1${close.repeat(20_000)}`

/** A binary file with some absurd integers, most of which are lengths and offsets. */
export function falseLengths(content: Buffer, dice: Dice): Buffer {
  const changed = Buffer.from(content)
  for (let left = 1 + dice.below(3); left > 0; left--) {
    const at = 4 * dice.below((changed.length - 8) >> 2)
    if (dice.below(2)) changed.writeUInt32LE(dice.of([0, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff]), at)
    else changed.writeBigInt64LE(dice.of([-1n, 1n << 24n, 1n << 32n, 1n << 40n, (1n << 63n) - 1n]), at)
  }
  return changed
}
