import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { thoroughOr } from '../../../tests/thorough.ts'
import { pack, type Row } from '../../batching/pack.ts'
import type { Pass } from '../../batching/passes.ts'
import { bindShape, elements, type Shape } from '../../graph/shape.ts'
import { random } from '../../random/random.ts'
import { ALIGNMENT, DropoutPool, POOL } from './draws.ts'
import { WindowDraws } from './window-draws.ts'
import { windowSlots } from './window-slots.ts'

const [SEED, WIDTH, HEADS] = [7, 10, 3]
const TOKENS: Shape = ['tokens', WIDTH]
const ATTENTION: Shape = ['rows', HEADS, 'length', 'length']

interface Placed {
  readonly place: number
  readonly tokens: number
  readonly padded: number
}

const passOf = (windows: readonly Placed[]): Pass => ({
  rows: windows.map(({ tokens, padded }): Row => {
    const input_ids = new Int32Array(padded)
    return { input_ids, token_type_ids: input_ids, attended: tokens }
  }),
  places: windows.map(({ place }) => place),
  spans: [],
  counts: { starts: 1, ends: 1, windows: 1 },
})

interface Site {
  readonly shape: Shape
  readonly probability?: number
  readonly step?: number
  readonly site?: number
  readonly heads?: number
}

/** Padded as for an engine that likes such sizes. */
const dimsOf = (shape: Shape, { rows }: Pass, multiples = { tokens: 8, length: 16 }) =>
  bindShape(shape, pack(rows, { heads: HEADS }, rows.length % 2 === 0 ? multiples : undefined).dims)

/** The whole mask of a pass at a site. */
function maskOf(pass: Pass, { shape, probability = 0.3, step = 3, site = 2 }: Site, draws = new WindowDraws(SEED)) {
  const dims = dimsOf(shape, pass)
  // What an earlier pass left in the memory must not show.
  const out = new Uint8Array(elements(dims)).fill(9)
  draws.masks(step)(site, { name: 'site', shape, dims, probability }, pass, out)
  return out
}

/** What a window's own tokens have in the mask of a pass: [tokens, width] or [tokens, heads, tokens]. */
function ownOf(mask: Uint8Array, shape: Shape, pass: Pass, window: number): number[] {
  const { parts, width, at, partStep, rowStep } = windowSlots(shape, dimsOf(shape, pass), pass)[window]
  const values: number[] = []
  for (let i = 0; i < pass.rows[window].attended; i++)
    for (let p = 0; p < parts; p++)
      for (let j = 0; j < width; j++) values.push(mask[at + p * partStep + i * rowStep + j])
  return values
}

const alone = (window: Placed, site: Site, draws?: WindowDraws): number[] => {
  const pass = passOf([{ ...window, padded: window.tokens }])
  return ownOf(maskOf(pass, site, draws), site.shape, pass, 0)
}

const window = (place: number, tokens: number): Placed => ({ place, tokens, padded: tokens })

describe.each([{ shape: TOKENS }, { shape: ATTENTION }])("A window's draws at a site of $shape", ({ shape }) => {
  test('are the same alone and in any pass, whatever is beside it and however it is padded', () => {
    const windows = fc.array(
      fc.record({ tokens: fc.integer({ min: 1, max: 40 }), padding: fc.nat(12) }).map(({ tokens, padding }) => ({
        tokens,
        padded: tokens + padding,
      })),
      { minLength: 1, maxLength: 6 },
    )
    fc.assert(
      fc.property(windows, fc.nat(100), (sizes, first) => {
        const placed = sizes.map((size, i) => ({ ...size, place: first + i }))
        // In the order of a pass: longest first.
        const pass = passOf([...placed].sort((a, b) => b.padded - a.padded))
        const mask = maskOf(pass, { shape })
        expect(mask.every((value) => value <= 1)).toBe(true)
        for (const [r, place] of pass.places.entries())
          expect(ownOf(mask, shape, pass, r)).toEqual(alone(placed[place - first], { shape }))
      }),
      { seed: 5, numRuns: thoroughOr(60, 15) },
    )
  })

  test('are those that the definition says', () => {
    const [probability, step, site, place, tokens] = [0.3, 35, 4, 11, 23]
    const words = random(SEED, 'dropout', Math.floor(step / 16))
    const pool = new Uint8Array(POOL)
    for (let i = 0; i < POOL; i += 2) {
      const word = words.nextUint32()
      pool[i] = (word & 0xffff) < Math.round(probability * 2 ** 16) ? 0 : 1
      pool[i + 1] = word >>> 16 < Math.round(probability * 2 ** 16) ? 0 : 1
    }
    const start = ALIGNMENT * random(SEED, 'dropout of a window', step, place, site).below(POOL / ALIGNMENT)
    const size = tokens * (shape === TOKENS ? WIDTH : HEADS * tokens)
    expect(alone(window(place, tokens), { shape, probability, step, site })).toEqual(
      Array.from({ length: size }, (_, i) => pool[(start + i) % POOL]),
    )
  })

  test('differ between seeds, steps, places and sites, and are the same again for the same', () => {
    const draws = (change: Site & { seed?: number; place?: number }) =>
      alone(window(change.place ?? 0, 30), change, new WindowDraws(change.seed ?? SEED)).join('')
    const changes = [{}, { seed: 8 }, { step: 4 }, { step: 19 }, { place: 1 }, { site: 3 }, { place: 2, site: 0 }]
    const found = changes.map((change) => draws({ shape, ...change }))
    expect(new Set(found).size).toBe(changes.length)
    expect(draws({ shape })).toBe(found[0])
  })

  test('are dropped with the probability, each independently of other windows, sites and steps', () => {
    const draws = new WindowDraws(SEED)
    const p = 0.25
    const tokens = shape === TOKENS ? 300 : 60
    const masks = [0, 1, 2].flatMap((place) =>
      [0, 1].flatMap((site) =>
        [0, 1, 16].map((step) => alone(window(place, tokens), { shape, probability: p, site, step }, draws)),
      ),
    )
    const n = masks[0].length
    const within = (share: number, expected: number) =>
      expect(Math.abs(share - expected)).toBeLessThan(5 * Math.sqrt((expected * (1 - expected)) / n))
    const dropped = (...of: number[][]) => of[0].filter((_, i) => of.every((mask) => mask[i] === 0)).length / n
    for (const [a, mask] of masks.entries()) {
      within(dropped(mask), p)
      for (const other of masks.slice(a + 1)) within(dropped(mask, other), p * p)
    }
  })
})

test('A window with more values than the pool has bits takes a new place where the pool is used up', () => {
  const [heads, tokens] = [24, 900]
  const shape: Shape = ['rows', heads, 'length', 'length']
  const pass = passOf([window(0, tokens)])
  const mask = maskOf(pass, { shape })
  const values = heads * tokens
  const together = Math.floor(POOL / values)
  const row = (i: number) =>
    Buffer.concat(
      Array.from({ length: heads }, (_, h) => mask.slice((h * tokens + i) * tokens, (h * tokens + i + 1) * tokens)),
    )
  const { below } = random(SEED, 'dropout of a window', 3, 0, 2)
  const [first, second] = [0, 1].map(() => ALIGNMENT * below(POOL / ALIGNMENT))
  const pool = new DropoutPool(SEED).bits(0.3, 3)
  for (const [i, start] of [
    [0, first],
    [together - 1, first + (together - 1) * values],
    [together, second],
    [tokens - 1, second + (tokens - 1 - together) * values],
  ]) {
    const expected = new Uint8Array(values)
    pool.expand(expected, 0, { start, rows: 1, step: 0, width: values })
    expect(row(i).equals(expected), `row ${i}`).toBe(true)
  }
})

test('A table that all windows share is dropped once per step, whatever the pass is', () => {
  const shape: Shape = [40, 50]
  const mask = maskOf(passOf([window(3, 4)]), { shape })
  expect(mask.reduce((sum, kept) => sum + kept, 0) / mask.length).toBeCloseTo(0.7, 1)
  expect(maskOf(passOf([window(0, 9), window(1, 2)]), { shape })).toEqual(mask)
  expect(maskOf(passOf([window(3, 4)]), { shape, step: 4 })).not.toEqual(mask)
})

test.each<{ shape: Shape }>([{ shape: TOKENS }, { shape: ATTENTION }, { shape: [6, WIDTH] }])(
  'The places in the pool of a site of $shape are those of its mask',
  ({ shape }) => {
    const pass = passOf([window(4, 7), window(0, 5), { ...window(2, 3), padded: 5 }])
    const dims = dimsOf(shape, pass, { tokens: 1, length: 1 })
    const [step, site, probability] = [3, 2, 0.3]
    const masks = new WindowDraws(SEED).masks(step)
    const mask = new Uint8Array(elements(dims))
    masks(site, { name: 'site', shape, dims, probability }, pass, mask)
    const { values, starts } = masks.pooled!
    const pool = values(probability, POOL + 2 ** 17)
    const places = starts(site, { name: 'site', shape, dims, probability }, pass)
    for (const { at, rows, parts, width, partStep, rowStep } of windowSlots(shape, dims, pass))
      for (let i = 0; i < rows; i++)
        for (let p = 0; p < parts; p++)
          for (let j = 0; j < width; j++)
            expect(pool[places[at / (parts * rowStep) + i] + p * width + j]).toBe(
              mask[at + p * partStep + i * rowStep + j],
            )
  },
)
