import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { trainTiny } from '../../../tests/tiny-loop.ts'

/** Pauses only after the third step, until `release` is called. */
function holdAfterThree() {
  let [asked, release] = [0, () => {}]
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  return { hold: () => (++asked === 3 ? released : undefined), release: () => release() }
}

test('Pausing after a step does not affect the result of a run', async () => {
  const whole = await trainTiny({ output_dir: temporaryFolder() })
  const { hold, release } = holdAfterThree()
  const held = await trainTiny(
    { output_dir: temporaryFolder() },
    {
      control: { hold },
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

test('The runtime excludes pauses', async () => {
  const { hold, release } = holdAfterThree()
  let [from, heldFor] = [0, 0]
  const began = performance.now()
  const { of } = await trainTiny(
    { output_dir: temporaryFolder() },
    {
      control: { hold },
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

test('A paused run that is interrupted saves and ends', async () => {
  const { hold } = holdAfterThree()
  const stop = new AbortController()
  const { events, of } = await trainTiny(
    { output_dir: temporaryFolder() },
    {
      control: { hold, signal: stop.signal },
      until: ({ type }) => {
        if (type === 'paused') setTimeout(() => stop.abort(), 20)
        return false
      },
    },
  )
  expect(of('interrupted')[0].global_step).toBe(3)
  expect(events.at(-1)?.type).toBe('interrupted')
})

test('Events include the complete progress of evaluations and frozen layers in order', async () => {
  const given = {
    output_dir: temporaryFolder(),
    freeze_layers: 1,
    eval_strategy: 'epoch',
    max_tokens_per_pass: 64,
  } as const
  const { events, of } = await trainTiny(given)
  const order = events
    .filter(({ type }) => type === 'progress' || type === 'start' || type === 'evaluate')
    .map((event) => (event.type === 'progress' ? `${event.of} of ${event.total}` : event.type))
  const once = order.filter((name, i) => name !== order[i - 1])
  const evaluation = ['evaluation of 10', 'evaluate']
  expect(once).toEqual(['freezing of 22', 'start', ...evaluation, ...evaluation])
  const done = of('progress').map(({ done }) => done)
  expect(done.filter((n) => n === 22)).toHaveLength(1)
  expect(done.filter((n) => n === 10).length).toBeGreaterThanOrEqual(2)
})

test('A run whose consumer stops during an evaluation ends without finishing it', async () => {
  const given = { output_dir: temporaryFolder(), eval_on_start: true, per_device_eval_batch_size: 1 }
  const { events } = await trainTiny(given, { until: ({ type }) => type === 'progress' })
  expect(events.map(({ type }) => type)).toEqual(['start', 'progress'])
})
