import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { printAbove, setQuiet } from './live-bar.ts'
import { countingProgressBar, trainingProgressBar } from './progress.ts'

/** A stream that records what is written, and a clock that advances only on request. */
function bench(isTTY: boolean, columns = 200) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns })
  let [text, milliseconds] = ['', 0]
  stream.on('data', (chunk) => {
    text += chunk
  })
  return {
    options: { stream, now: () => milliseconds },
    pass: (seconds: number) => {
      milliseconds += seconds * 1000
    },
    written: () => {
      stream.read()
      return text
    },
  }
}

describe('progress without a terminal', () => {
  test('training writes a plain line every ten seconds and one at the end', () => {
    const { options, pass, written } = bench(false)
    const progress = trainingProgressBar({ total_steps: 40 }, options)
    for (let step = 1; step <= 40; step++) {
      pass(1)
      progress.step(step, { loss: 2 - step / 40, samples: 16, tokens: 2000 })
    }
    progress.stop()
    expect(written().trimEnd().split('\n')).toEqual([
      'Training: step 10/40 (25 %), loss 1.7500, 16.00 samples/s, 2,000 tokens/s, 00:10 < 00:30 left',
      'Training: step 20/40 (50 %), loss 1.5000, 16.00 samples/s, 2,000 tokens/s, 00:20 < 00:20 left',
      'Training: step 30/40 (75 %), loss 1.2500, 16.00 samples/s, 2,000 tokens/s, 00:30 < 00:10 left',
      'Training: step 40/40 (100 %), loss 1.0000, 16.00 samples/s, 2,000 tokens/s, 00:40',
    ])
    expect(written()).not.toContain('\x1b')
  })

  test('resumed training computes its rates from the step at which it resumed', () => {
    const { options, pass, written } = bench(false)
    const progress = trainingProgressBar({ total_steps: 100, first_step: 90 }, options)
    pass(10)
    progress.step(91, { loss: 1, samples: 16, tokens: 100 })
    expect(written()).toBe(
      'Training: step 91/100 (91 %), loss 1.0000, 1.60 samples/s, 10.00 tokens/s, 00:10 < 01:30 left\n',
    )
  })

  test('lines become less frequent in long runs', () => {
    const { options, pass, written } = bench(false)
    const progress = countingProgressBar('Evaluating', 'windows', 1e6, options)
    for (let done = 1; done <= 10_000; done++) {
      pass(1)
      progress.update(done)
    }
    const lines = written().trimEnd().split('\n').length
    expect(lines).toBeGreaterThan(80)
    expect(lines).toBeLessThan(120)
  })

  test('interrupted work shows its last state once', () => {
    const { options, pass, written } = bench(false)
    const progress = countingProgressBar('Tokenizing training set', 'examples', 3000, options)
    pass(1)
    progress.update(1374)
    progress.note('interrupted')
    progress.stop()
    progress.stop()
    expect(written()).toBe(
      'interrupted\nTokenizing training set: 1,374/3,000 (46 %), 1,374 examples/s, 00:01 < 00:01 left\n',
    )
  })
})

describe('progress on a terminal', () => {
  test('a live bar is redrawn in place, notes appear above it, and the cursor is never hidden', () => {
    const { options, pass, written } = bench(true)
    const progress = trainingProgressBar({ total_steps: 4 }, options)
    pass(1)
    progress.step(2, { loss: 1.5, samples: 32, tokens: 4000 })
    progress.note('epoch 1: validation loss 1.6476')
    progress.stop()
    expect(written()).toContain('epoch 1: validation loss 1.6476\n')
    expect(written()).toContain('████████████░░░░░░░░░░░░ step 2/4 (50 %), loss 1.5000, 32.00 samples/s')
    expect(written()).not.toContain('\x1b[?25l')
    expect(written().endsWith('\n')).toBe(true)
  })

  test('in a narrow terminal, rates are left out to make room for the time left', () => {
    const { options, pass, written } = bench(true, 80)
    const progress = trainingProgressBar({ total_steps: 19 }, options)
    pass(30)
    progress.step(10, { loss: 5.24, samples: 320, tokens: 12_000 })
    progress.stop()
    const bar = 'Training █████░░░░░ step 10/19 (53 %), loss 5.2400, 00:30 < 00:27 left'
    expect(bar.length).toBeLessThan(80)
    expect(written()).toContain(bar)
  })

  test('messages of a command appear on separate lines above the bar', () => {
    const { options, pass, written } = bench(true)
    const other = new PassThrough()
    const progress = trainingProgressBar({ total_steps: 4 }, options)
    pass(1)
    progress.step(2, { loss: 1.5, samples: 32, tokens: 4000 })
    printAbove('Finishing the step.', other)
    progress.stop()
    printAbove('Stopped.', other)
    expect(written()).toContain('\x1b[2KFinishing the step.\n') // the line is cleared first
    expect(String(other.read())).toBe('Stopped.\n')
  })

  test('a total of zero shows a full bar', () => {
    const { options, written } = bench(true)
    const progress = countingProgressBar('Evaluating', 'windows', 0, options)
    progress.update(0)
    progress.stop()
    expect(written()).toContain('0/0 (100 %)')
    expect(written()).not.toMatch(/NaN|Infinity/)
  })
})

test('A file shows the end of counted work once, even if it is reported several times', () => {
  const { options, written } = bench(false)
  const progress = countingProgressBar('Writing', 'MB', 90, options)
  for (const done of [45, 90, 90, 90]) progress.update(done)
  progress.stop()
  expect(written().match(/90\/90/g)).toHaveLength(1)
})

test('with --quiet there is no progress', () => {
  const { options, written } = bench(false)
  setQuiet(true)
  try {
    const progress = countingProgressBar('Tokenizing', 'examples', 2, options)
    progress.update(2)
    progress.note('a note')
    progress.stop()
    expect(written()).toBe('')
  } finally {
    setQuiet(false)
  }
})
