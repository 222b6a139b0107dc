import { describe, expect, it } from 'vitest'
import { showList, showText, showValue } from './show-value.ts'

describe('showValue', () => {
  it('shows small values as JSON', () => {
    expect(showValue('a "b"')).toBe('"a \\"b\\""')
    expect(showValue({ a: [1, null, true], b: 'c' })).toBe('{"a": [1, null, true], "b": "c"}')
    expect([undefined, 12n, Number.NaN].map((value) => showValue(value))).toEqual(['undefined', '12', 'NaN'])
    expect(showValue(new Float32Array([1, 2]))).toBe('[1, 2]')
  })

  it('is bounded in length, whatever the value holds', () => {
    const values = [
      'x'.repeat(1e6),
      Array(1e6).fill(7),
      Object.fromEntries(
        Array(1e5)
          .fill(0)
          .map((_, i) => [`k${i}`, i]),
      ),
      10n ** 5000n,
    ]
    for (const value of values) {
      expect(showValue(value).length).toBeLessThan(210)
      expect(showValue(value)).toContain('…')
    }
  })

  it('is bounded in depth', () => {
    let deep: unknown = 'bottom'
    for (let i = 0; i < 200_000; i++) deep = [deep]
    expect(showValue(deep)).toBe('[[[[…]]]]')
  })

  it('visits no more of a value than it shows', () => {
    let visited = 0
    const watched = new Proxy(Array(1e6).fill(0), {
      get(target, key, receiver) {
        visited++
        return Reflect.get(target, key, receiver)
      },
    })
    showValue(watched, 50)
    expect(visited).toBeLessThan(200)
  })

  it('makes invisible characters visible and never cuts a surrogate pair', () => {
    expect(showValue('\u001b[31m\u202e\u200b\u2028\u0085')).toBe('"\\u001b[31m\\u202e\\u200b\\u2028\\u0085"')
    expect(showText('a\nb\u001b\u{e0001}')).toBe('a\\u000ab\\u001b\\u{e0001}')
    expect(showText('ab😀cd', 3)).toBe('ab…')
    expect(showText('\ud800')).toBe('\\ud800')
  })
})

describe('showList', () => {
  it('names the first and counts the others', () => {
    expect(showList(['a', 'b', 'c'], 2)).toBe('a, b and 1 more')
    expect(showList(['a', 'b'])).toBe('a, b')
  })
})
