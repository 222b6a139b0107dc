import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RowSource } from '../tokenizing/window-rows.ts'
import { Turn, Turns } from './turns.ts'

const rowsOf = (lengths: readonly number[]): RowSource => ({
  count: lengths.length,
  tokens: lengths.reduce((sum, length) => sum + length, 0),
  length: (index) => lengths[index],
  row: () => {
    throw new Error('turns must not create rows')
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

/** A simulated model that computes one row at a time. Its clock counts tokens. */
class Simulation {
  readonly turns = new Turns<Request>()
  /** Names of the requests whose rows have been computed, in order. */
  readonly computed: string[] = []
  clock = 0
  private clients = 0

  /** Adds a request from a new client. */
  add(name: string, ...lengths: number[]): Request {
    return this.addOf(`client ${this.clients++}`, name, ...lengths)
  }

  addOf(client: string, name: string, ...lengths: number[]): Request {
    const request = new Request(name, lengths, client)
    this.turns.add(request)
    return request
  }

  /** Computes the next row. */
  step(): Request {
    const [place] = this.turns.ahead(1)
    this.clock += this.turns.take([place])
    this.computed.push(place.request.name)
    return place.request
  }
}

const count = (names: readonly string[], name: string) => names.filter((one) => one === name).length

describe('Turns', () => {
  it('serves a request of two windows while clients with one window each keep asking', () => {
    const simulation = new Simulation()
    const clients = 48
    for (let i = 0; i < clients; i++) simulation.add('one', 200)
    const two = simulation.add('two', 200, 200)
    // Each client asks again as soon as it is answered.
    for (let i = 0; i < 2 * clients + 2; i++) if (simulation.step().name === 'one') simulation.add('one', 200)
    expect(two.waiting).toBe(0)
  })

  it('divides the model by request size, independent of the number of requests of each size', () => {
    for (const books of [1, 100]) {
      const simulation = new Simulation()
      for (let i = 0; i < books; i++) simulation.add('book', ...new Array(500).fill(384))
      simulation.add('page', 384)
      for (let i = 0; i < 1000; i++) if (simulation.step().name === 'page') simulation.add('page', 384)
      expect(count(simulation.computed, 'page') / 1000).toBeCloseTo(4 / 5, 2)
    }
  })

  it('divides a line equally between clients, independent of the number of their requests', () => {
    const simulation = new Simulation()
    for (let i = 0; i < 100; i++) simulation.addOf('many', 'many', 384)
    simulation.addOf('single', 'single', 384)
    for (let i = 0; i < 200; i++) {
      const { client, name } = simulation.step()
      simulation.addOf(client, name, 384)
    }
    expect(count(simulation.computed, 'single')).toBe(100)
  })

  it('forgets deleted requests', () => {
    const simulation = new Simulation()
    const requests = [simulation.addOf('one', 'a', 10, 20), simulation.addOf('one', 'b', 10)]
    expect(simulation.step()).toBe(requests[0])
    simulation.turns.delete(requests[0])
    expect(simulation.step()).toBe(requests[1])
    expect(simulation.turns.isEmpty).toBe(true)
  })

  it('does not let an empty line accumulate credit', () => {
    const simulation = new Simulation()
    for (let i = 0; i < 1000; i++) {
      simulation.add('page', 384)
      simulation.step()
    }
    simulation.add('book', ...new Array(500).fill(384))
    simulation.computed.length = 0
    for (let i = 0; i < 20; i++) {
      simulation.add('page', 384)
      simulation.step()
    }
    expect(count(simulation.computed, 'page')).toBeGreaterThanOrEqual(15)
  })

  it('continues correctly after rows are taken out of order', () => {
    const simulation = new Simulation()
    const book = simulation.add('book', 10, 20, 30, 40)
    const taken: number[][] = []
    for (const chosen of [
      [0, 2],
      [0, 1],
    ]) {
      const places = simulation.turns.ahead(1000)
      const rows = chosen.map((index) => places[index])
      taken.push(rows.map(({ row }) => row))
      simulation.turns.take(rows)
    }
    expect(taken).toEqual([
      [0, 2],
      [1, 3],
    ])
    expect([book.waiting, book.tokens, simulation.turns.isEmpty]).toEqual([0, 0, true])
  })

  it('limits the waiting time of every row, whatever else arrives', () => {
    const longest = 400
    const lengths = fc.array(fc.integer({ min: 1, max: longest }), { minLength: 1, maxLength: 60 })
    const clients = fc.array(fc.array(lengths, { minLength: 1, maxLength: 5 }), { minLength: 2, maxLength: 12 })
    fc.assert(
      fc.property(clients, lengths, fc.integer({ min: 0, max: 50 }), (mix, own, before) => {
        const simulation = new Simulation()
        const asks = mix.map(() => 0)
        // Each client cycles through its requests, sending one at a time.
        const ask = (client: number) =>
          simulation.addOf(String(client), String(client), ...mix[client][asks[client]++ % mix[client].length])
        for (const client of mix.keys()) ask(client)
        const step = () => {
          const request = simulation.step()
          if (request.waiting === 0 && request.name !== 'ours') ask(Number(request.name))
        }
        for (let i = 0; i < before; i++) step()
        const ours = simulation.add('ours', ...own)
        // A line gets at least a seventh of the model, and within it each other client gets a row or two between ours.
        const bound = 7 * (mix.length + 1) * 3 * longest
        for (let waiting = ours.waiting, since = simulation.clock; ours.waiting > 0; step()) {
          if (ours.waiting < waiting) [waiting, since] = [ours.waiting, simulation.clock]
          expect(simulation.clock - since).toBeLessThanOrEqual(bound)
        }
      }),
    )
  })
})
