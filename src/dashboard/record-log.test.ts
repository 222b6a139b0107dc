import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RecordLog } from './record-log.ts'
import type { RunRecord } from './records.ts'

const note = (n: number): RunRecord => ({ type: 'note', at: n, text: `note ${n}` })
const numberIn = (json: string): number => JSON.parse(json).at

test('a subscriber receives all past and future records in order', () => {
  const log = new RecordLog()
  const received: number[] = []
  log.append(note(1))
  log.subscribe(undefined, (_, json) => received.push(numberIn(json)))
  log.append(note(2))
  expect(received).toEqual([1, 2])
})

test('a reconnecting subscriber neither misses nor repeats records', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('append', 'unsubscribe', 'resubscribe')), (moves) => {
      const log = new RecordLog()
      const received: number[] = []
      let last: string | undefined
      let unsubscribe = () => {}
      let count = 0
      const resubscribe = () => {
        unsubscribe()
        unsubscribe = log.subscribe(last, (id, json) => {
          last = id
          received.push(numberIn(json))
        })
      }
      for (const move of moves) {
        if (move === 'append') log.append(note(++count))
        else if (move === 'unsubscribe') unsubscribe()
        else resubscribe()
      }
      resubscribe()
      expect(received).toEqual(Array.from({ length: count }, (_, i) => i + 1))
    }),
  )
})

test('an unknown id, or one from another process, leads to all records', () => {
  const [log, other] = [new RecordLog(), new RecordLog()]
  let id = ''
  other.append(note(1))
  other.subscribe(undefined, (received) => {
    id = received
  })
  log.append(note(1))
  for (const unknown of [id, 'rubbish', `${id}9999999999999`, undefined]) {
    const received: number[] = []
    expect(log.knows(unknown)).toBe(false)
    log.subscribe(unknown, (_, json) => received.push(numberIn(json)))
    expect(received).toEqual([1])
  }
  expect(other.knows(id)).toBe(true)
})

test('a former subscriber receives nothing', () => {
  const log = new RecordLog()
  const received: string[] = []
  log.subscribe(undefined, (id) => received.push(id))()
  log.append(note(1))
  expect(received).toEqual([])
  expect(log.isWatched).toBe(false)
})
