import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RecordLog } from './record-log.ts'
import type { RunRecord } from './records.ts'

const note = (n: number): RunRecord => ({ type: 'note', at: n, text: `note ${n}` })
const numberIn = (json: string): number => JSON.parse(json).at

test('a subscriber is told all that was, and all that comes, in order', () => {
  const log = new RecordLog()
  const told: number[] = []
  log.append(note(1))
  log.subscribe(undefined, (_, json) => told.push(numberIn(json)))
  log.append(note(2))
  expect(told).toEqual([1, 2])
})

test('whoever comes back, however often and whenever, has missed nothing and got nothing twice', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('append', 'leave', 'come back')), (moves) => {
      const log = new RecordLog()
      const told: number[] = []
      let last: string | undefined
      let leave = () => {}
      let count = 0
      const comeBack = () => {
        leave()
        leave = log.subscribe(last, (id, json) => {
          last = id
          told.push(numberIn(json))
        })
      }
      for (const move of moves) {
        if (move === 'append') log.append(note(++count))
        else if (move === 'leave') leave()
        else comeBack()
      }
      comeBack()
      expect(told).toEqual(Array.from({ length: count }, (_, i) => i + 1))
    }),
  )
})

test('an id of another process, or of no record, is not known: everything is told', () => {
  const [log, other] = [new RecordLog(), new RecordLog()]
  let id = ''
  other.append(note(1))
  other.subscribe(undefined, (told) => {
    id = told
  })
  log.append(note(1))
  for (const unknown of [id, 'rubbish', `${id}9999999999999`, undefined]) {
    const told: number[] = []
    expect(log.knows(unknown)).toBe(false)
    log.subscribe(unknown, (_, json) => told.push(numberIn(json)))
    expect(told).toEqual([1])
  }
  expect(other.knows(id)).toBe(true)
})

test('nobody who has left is told anything', () => {
  const log = new RecordLog()
  const told: string[] = []
  log.subscribe(undefined, (id) => told.push(id))()
  log.append(note(1))
  expect(told).toEqual([])
  expect(log.isWatched).toBe(false)
})
