import { expect, test } from 'vitest'
import { fixtureJson } from '../../../tests/fixture.ts'
import { LossScaler } from './loss-scaler.ts'

interface Recorded {
  readonly steps: number
  readonly overflows: readonly number[]
  readonly changes: readonly (readonly [step: number, scale: number])[]
  readonly growth_tracker: number
}

test('The loss scale changes after the same steps as that of torch.amp.GradScaler', () => {
  const { steps, overflows, changes, growth_tracker } = fixtureJson<Recorded>('float16/scaler.json')
  const scaler = new LossScaler()
  const found: (readonly [number, number])[] = []
  for (let step = 0; step < steps; step++) {
    const before = scaler.scale
    scaler.update(overflows.includes(step))
    if (scaler.scale !== before) found.push([step, scaler.scale])
  }
  expect(found).toEqual(changes)
  expect(scaler.state.growth_tracker).toBe(growth_tracker)
})

test('The loss scale stays within float32', () => {
  const large = new LossScaler({ scale: 2 ** 127, growth_tracker: 1999 })
  large.update(false)
  expect(large.state).toEqual({ scale: 2 ** 127, growth_tracker: 0 })
})
