import { expect, it } from 'vitest'
import { currentActivity, statusText } from './status.ts'

const evaluating = { label: 'Evaluating', unit: 'samples', done: 8, total: 90 }
const evaluated = { ...evaluating, done: 90 }

it('shows evaluations during and after training', () => {
  expect(statusText('running', undefined)).toBe('Training')
  expect(statusText('running', evaluating)).toBe('Evaluating')
  expect(statusText('finishing', evaluating)).toBe('Evaluating')
  expect(statusText('finishing', evaluated)).toBe('Writing model and report')
})

it('gives requested pauses precedence and ignores finished activities', () => {
  expect(statusText('pausing', evaluating)).toBe('Pausing after this step')
  expect(statusText('finished', evaluating)).toBe('Finished')
  expect(currentActivity('running', evaluating)).toBe(evaluating)
  expect(currentActivity('running', evaluated)).toBeUndefined()
  expect(currentActivity('finished', evaluating)).toBeUndefined()
})

it('does not show other activities as the status', () => {
  expect(statusText('preparing', { ...evaluating, label: 'Tokenizing' })).toBe('Preparing')
  expect(statusText('running', { ...evaluating, label: 'Computing the frozen layers' })).toBe('Training')
})
