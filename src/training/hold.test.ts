import { expect, test } from 'vitest'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { trainTiny } from '../../tests/tiny-loop.ts'

/** Says yes after the third step only, until `release` is called. */
function holdAfterThree() {
  let [asked, release] = [0, () => {}]
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  return { hold: () => (++asked === 3 ? released : undefined), release: () => release() }
}

test('A run that is held after a step goes on as if nothing had been', async () => {
  const whole = await trainTiny({ output_dir: temporaryFolder() })
  const { hold, release } = holdAfterThree()
  const held = await trainTiny(
    { output_dir: temporaryFolder() },
    {
      hold,
      until: ({ type }) => {
        if (type === 'paused') setTimeout(release, 300)
        return false
      },
    },
  )
  expect(held.of('step')).toHaveLength(12)
  expect(held.of('paused').map(({ global_step }) => global_step)).toEqual([3])
  expect(held.events.findIndex(({ type }) => type === 'resumed')).toBe(
    held.events.findIndex(({ type }) => type === 'paused') + 1,
  )
  expect(held.timeless).toEqual(whole.timeless)
  expect(held.weights.equals(whole.weights)).toBe(true)
})

test('The time that a run is held is not counted as its own', async () => {
  const { hold, release } = holdAfterThree()
  let [from, heldFor] = [0, 0]
  const began = performance.now()
  const { of } = await trainTiny(
    { output_dir: temporaryFolder() },
    {
      hold,
      until: ({ type }) => {
        if (type === 'paused') {
          from = performance.now()
          setTimeout(release, 400)
        }
        if (type === 'resumed') heldFor = performance.now() - from
        return false
      },
    },
  )
  const whole = (performance.now() - began) / 1000
  expect(heldFor).toBeGreaterThan(350)
  expect(of('end')[0].metrics.train_runtime).toBeLessThan(whole - 0.35)
})

test('A run that is asked to stop while it is held saves and ends', async () => {
  const { hold } = holdAfterThree()
  const stop = new AbortController()
  const { events, of } = await trainTiny(
    { output_dir: temporaryFolder() },
    {
      hold,
      signal: stop.signal,
      until: ({ type }) => {
        if (type === 'paused') setTimeout(() => stop.abort(), 20)
        return false
      },
    },
  )
  expect(of('interrupted')[0].global_step).toBe(3)
  expect(events.at(-1)?.type).toBe('interrupted')
})
