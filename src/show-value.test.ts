import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { SpanforgeError } from './errors.ts'
import { showIssues, showLines, showList, showMessage, showText, showValue } from './show-value.ts'

/** Creates nested lists. */
function nested(depth: number): unknown {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = [value]
  return value
}

describe('showValue', () => {
  it('shows small values as JSON', () => {
    expect(showValue({ a: [1, 'x', null], b: { c: true } })).toBe('{"a": [1, "x", null], "b": {"c": true}}')
    expect(showValue('say "hi"\n')).toBe('"say \\"hi\\"\\n"')
    expect(showValue(undefined)).toBe('undefined')
    expect(showValue(12n)).toBe('12')
    expect(showValue(new Map([['a', 1]]))).toBe('{"a": 1}')
  })

  it('limits long, wide, deep and circular values', () => {
    const circular: unknown[] = []
    circular.push(circular)
    const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`key${i}`, i]))
    for (const value of ['x'.repeat(1e6), '\u0000'.repeat(1e6), wide, nested(200_000), circular, 1n << 1_000_000n])
      expect(showValue(value).length).toBeLessThan(250)
    expect(showValue(nested(200_000))).toBe('[[[[…]]]]')
    expect(showValue('abcdef', 3)).toBe('"abc…"')
  })

  it('visits only the visible part of a list', () => {
    let visited = 0
    const list = Array.from({ length: 1000 })
    list[Symbol.iterator] = function* () {
      for (visited = 0; visited < 1000; visited++) yield visited
      return undefined
    }
    showValue(list)
    expect(visited).toBeLessThan(60)
  })
})

describe('showText', () => {
  it('escapes characters that hide or rewrite text', () => {
    expect(showText('\u001b[31mred\u202egnp\u200b\r')).toBe('\\u001b[31mred\\u202egnp\\u200b\\u000d')
    expect(showText('\ud800')).toBe('\\ud800')
    expect(showText('naïve 😀 東京')).toBe('naïve 😀 東京')
  })

  it('limits the escaped length without splitting surrogate pairs or escapes', () => {
    expect(showText('\u0000'.repeat(1000), 20)).toBe('\\u0000\\u0000\\u0000…')
    expect(showText('😀😀', 3)).toBe('😀…')
    expect(showValue('\n\n\n', 3)).toBe('"\\n…"')
  })
})

it('showList and showLines list the first few and count the others', () => {
  expect(showList(['a', 'b'])).toBe('a, b')
  expect(showList(['a', 'b', 'c'], 2)).toBe('a, b and 1 more')
  expect(showLines(['a', 'b', 'c'], 2)).toBe('a\nb\nand 1 more')
  const many = Array.from({ length: 1e6 }, () => 'x'.repeat(50))
  expect(showList(many).length).toBeLessThan(600)
})

it('showIssues limits unknown keys, which zod lists completely, and long paths', () => {
  const schema = z.strictObject({ a: z.record(z.string(), z.number()).optional() })
  const unknown = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`key${i}`, 1]))
  const found = (value: unknown) => showIssues(schema.safeParse(value).error!.issues)
  expect(found(unknown)).toBe('unknown keys key0, key1, key2, key3, key4 and 99,995 more')
  expect(found({ 'x\u001b': 1 })).toBe('unknown key x\\u001b')
  expect(found({ a: { ['k'.repeat(1e6)]: 'x' } }).length).toBeLessThan(200)
  const wrong = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key${i}`, 'x']))
  expect(found({ a: wrong })).toMatch(/^a\.key0: .*; .* and 995 more$/)
})

it('SpanforgeError messages have at most 4 kB', () => {
  for (const text of ['x', '東', '😀', '\u0000', '\n']) {
    const { message, summary } = new SpanforgeError(text.repeat(1e6), { remedy: text.repeat(1e6) })
    expect(Buffer.byteLength(message)).toBeLessThan(4096)
    expect(message.startsWith(summary)).toBe(true)
  }
  expect(new SpanforgeError('a\nb\u001b', { remedy: 'c' }).message).toBe('a\nb\\u001b\n  c')
  expect(showMessage('short\ttext', 100)).toBe('short\\u0009text')
})
