import { describe, expect, test } from 'vitest'
import { miniLmRun, notebookRun } from '../../../tests/sample-runs.ts'
import { renderText } from '../render/text.ts'
import type { RunSetup } from '../summary/run.ts'
import { opening, openingOnScreen } from './opening.ts'
import { collatorOf, lossOf, optimizerOf, scheduleOf, stepsOf } from './training-setup.ts'

const withArguments = (more: RunSetup['arguments'], total_steps = 579) => ({
  ...notebookRun,
  arguments: { ...notebookRun.arguments, ...more },
  total_steps,
})

describe('the report before training', () => {
  const text = renderText(opening(notebookRun))

  test('shows the parameters of the model by layer with their total', () => {
    expect(text).toMatch(/^Model +bert-base-uncased \(BertForQuestionAnswering\)$/m)
    expect(text).toMatch(/^Attention heads +12, each of 64$/m)
    expect(text).toMatch(
      /^bert\.encoder\.layer\.\{0-11\}\.intermediate\.dense\.weight +3072 x 768 +12 +28,311,552 +26\.0 %$/m,
    )
    expect(text).toMatch(/^Total +108,893,186 +100\.0 %$/m)
  })

  test('lists newly initialized and unexpected parameters', () => {
    expect(text).toContain('Newly initialized: qa_outputs.bias, qa_outputs.weight. This is expected')
    expect(text).toContain('Unexpected in the checkpoint and ignored: cls.predictions.bias.')
    const model = { ...notebookRun.model, missing: ['bert.embeddings.LayerNorm.bias', 'qa_outputs.bias'] }
    expect(renderText(opening({ ...notebookRun, model }))).toContain('More than the head is missing')
  })

  test('shows data, device and all arguments', () => {
    expect(text).toMatch(/^training +3,000 +3,074 +571,987 +186\.1$/m)
    expect(text).toMatch(/^Device +Tesla T4$/m)
    expect(text).toMatch(/^learning_rate +3e-5$/m)
    for (const name of Object.keys(notebookRun.arguments)) expect(text).toMatch(new RegExp(`^${name} `, 'm'))
    expect(text).not.toMatch(/undefined|NaN/)
  })

  test('begins with the lines of the notebook about the graphics card, if it is used', () => {
    const shown = (gpu?: typeof notebookRun.gpu) => renderText(opening({ ...notebookRun, gpu }))
    expect(shown({ name: 'Tesla T4', memory_bytes: 15.83e9 })).toMatch(
      /^GPU available +yes\nGPU name +Tesla T4\nGPU memory +15.8 GB$/m,
    )
    expect(shown({ name: 'Metal' })).toMatch(/^GPU memory +unknown$/m)
    expect(shown()).not.toContain('GPU')
  })

  test('lists only changed arguments on the screen, and no architecture for a resumed run', () => {
    const shown = (isResumed: boolean) =>
      renderText(openingOnScreen(notebookRun, { changed: new Set(['learning_rate']), isResumed }))
    expect(shown(false)).toMatch(/^learning_rate +3e-5\n+All other arguments have their default values/m)
    expect(shown(false)).toContain('Total')
    expect(shown(true)).not.toContain('qa_outputs')
  })

  test('has no row for a missing validation set', () => {
    const { validation: _, ...data } = notebookRun.data
    expect(renderText(opening({ ...notebookRun, data }))).not.toMatch(/^validation/m)
  })
})

describe('the training setup', () => {
  test('explains the number of steps with a formula', () => {
    expect(stepsOf(notebookRun)).toBe('579 = 3 epochs x ceil(3,074 windows / 16)')
    expect(stepsOf(withArguments({ gradient_accumulation_steps: 4 }, 147))).toBe(
      '147 = 3 epochs x ceil(3,074 windows / (16 x 4))',
    )
  })

  test('has no formula if it does not match the number of steps', () => {
    expect(stepsOf(withArguments({ max_steps: 7 }, 7))).toBe('7')
    expect(stepsOf(withArguments({ max_minutes: 30 }, 412))).toBe('412, fitted to max_minutes 30')
  })

  test('describes padding, optimizer, schedule and loss', () => {
    expect(collatorOf(notebookRun)).toBe('every window padded to max_seq_length = 384')
    expect(collatorOf(miniLmRun)).toBe('real tokens only, without padding')
    expect(collatorOf(withArguments({ padding: 'longest' }))).toContain('longest of their batch')
    expect(optimizerOf(notebookRun)).toBe(
      'AdamW, betas 0.9 and 0.999, epsilon 1e-8, weight decay 0.01 except on biases and LayerNorm, gradients clipped to norm 1',
    )
    expect(optimizerOf(withArguments({ max_grad_norm: 0 }))).toContain('no gradient clipping')
    expect(scheduleOf(notebookRun)).toBe('3e-5, linear schedule, no warm-up')
    expect(scheduleOf(withArguments({ warmup_ratio: 0.1 }))).toContain('warm-up over 10 % of the steps')
    expect(lossOf(withArguments({ label_smoothing_factor: 0.1 }))).toContain('label smoothing 0.1')
    expect(lossOf(withArguments({ teacher_weight: 0.7, teacher_temperature: 2 }))).toContain(
      'with weight 0.7 the divergence from a teacher at temperature 2',
    )
  })
})
