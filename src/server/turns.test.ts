import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Turn, Turns } from './turns.ts'
import type { RowSource } from './window-rows.ts'

const rowsOf = (lengths: readonly number[]): RowSource => ({
  count: lengths.length,
  tokens: lengths.reduce((sum, length) => sum + length, 0),
  length: (index) => lengths[index],
  row: () => {
    throw new Error('no row is made to find its turn')
  },
})

class Request extends Turn {
  constructor(
    readonly name: string,
    lengths: readonly number[],
    client: string,
  ) {
    super(rowsOf(lengths), client)
  }
}

/** A model that computes one row after the other, on a clock of tokens. */
class World {
  readonly turns = new Turns<Request>()
  /** Names of the requests whose rows were computed, in order. */
  readonly computed: string[] = []
  clock = 0
  private clients = 0

  /** Each request is that of another client. */
  add(name: string, ...lengths: number[]): Request {
    return this.addOf(`client ${this.clients++}`, name, ...lengths)
  }

  addOf(client: string, name: string, ...lengths: number[]): Request {
    const request = new Request(name, lengths, client)
    this.turns.add(request)
    return request
  }

  /** Computes the row whose turn it is. */
  step(): Request {
    const [place] = this.turns.ahead(1)
    this.clock += this.turns.take([place])
    this.computed.push(place.request.name)
    return place.request
  }
}

const count = (names: readonly string[], name: string) => names.filter((one) => one === name).length

describe('turns', () => {
  it('come to a text of two windows while clients with one window each keep asking', () => {
    const world = new World()
    const clients = 48
    for (let i = 0; i < clients; i++) world.add('one', 200)
    const two = world.add('two', 200, 200)
    // Each client asks again as soon as it is answered.
    for (let i = 0; i < 2 * clients + 2; i++) if (world.step().name === 'one') world.add('one', 200)
    expect(two.waiting).toBe(0)
  })

  it('share the model by size: books have theirs, however many questions come, and no more, however many they are', () => {
    for (const books of [1, 100]) {
      const world = new World()
      for (let i = 0; i < books; i++) world.add('book', ...new Array(500).fill(384))
      world.add('page', 384)
      for (let i = 0; i < 1000; i++) if (world.step().name === 'page') world.add('page', 384)
      expect(count(world.computed, 'page') / 1000).toBeCloseTo(4 / 5, 2)
    }
  })

  it('share a line by client: one with a hundred requests gets no more than one with a single one', () => {
    const world = new World()
    for (let i = 0; i < 100; i++) world.addOf('many', 'many', 384)
    world.addOf('single', 'single', 384)
    for (let i = 0; i < 200; i++) {
      const { client, name } = world.step()
      world.addOf(client, name, 384)
    }
    expect(count(world.computed, 'single')).toBe(100)
  })

  it('leave nothing behind of requests that are deleted', () => {
    const world = new World()
    const requests = [world.addOf('one', 'a', 10, 20), world.addOf('one', 'b', 10)]
    expect(world.step()).toBe(requests[0])
    world.turns.delete(requests[0])
    expect(world.step()).toBe(requests[1])
    expect(world.turns.isEmpty).toBe(true)
  })

  it('do not make up for what a line did not use while it was empty', () => {
    const world = new World()
    for (let i = 0; i < 1000; i++) {
      world.add('page', 384)
      world.step()
    }
    world.add('book', ...new Array(500).fill(384))
    world.computed.length = 0
    for (let i = 0; i < 20; i++) {
      world.add('page', 384)
      world.step()
    }
    expect(count(world.computed, 'page')).toBeGreaterThanOrEqual(15)
  })

  it('go on where rows were taken out of order', () => {
    const world = new World()
    const book = world.add('book', 10, 20, 30, 40)
    const taken: number[][] = []
    for (const chosen of [
      [0, 2],
      [0, 1],
    ]) {
      const places = world.turns.ahead(1000)
      const rows = chosen.map((index) => places[index])
      taken.push(rows.map(({ row }) => row))
      world.turns.take(rows)
    }
    expect(taken).toEqual([
      [0, 2],
      [1, 3],
    ])
    expect([book.waiting, book.tokens, world.turns.isEmpty]).toEqual([0, 0, true])
  })

  it('let nothing wait longer than a bound, whatever else comes', () => {
    const longest = 400
    const lengths = fc.array(fc.integer({ min: 1, max: longest }), { minLength: 1, maxLength: 60 })
    const clients = fc.array(fc.array(lengths, { minLength: 1, maxLength: 5 }), { minLength: 2, maxLength: 12 })
    fc.assert(
      fc.property(clients, lengths, fc.integer({ min: 0, max: 50 }), (mix, own, before) => {
        const world = new World()
        const asks = mix.map(() => 0)
        // Each client asks one thing after the other, and begins again when it has asked all.
        const ask = (client: number) =>
          world.addOf(String(client), String(client), ...mix[client][asks[client]++ % mix[client].length])
        for (const client of mix.keys()) ask(client)
        const step = () => {
          const request = world.step()
          if (request.waiting === 0 && request.name !== 'ours') ask(Number(request.name))
        }
        for (let i = 0; i < before; i++) step()
        const ours = world.add('ours', ...own)
        // Its line has a seventh of the model at least, and in its line each other client a row or two between its own.
        const bound = 7 * (mix.length + 1) * 3 * longest
        for (let waiting = ours.waiting, since = world.clock; ours.waiting > 0; step()) {
          if (ours.waiting < waiting) [waiting, since] = [ours.waiting, world.clock]
          expect(world.clock - since).toBeLessThanOrEqual(bound)
        }
      }),
    )
  })
})
