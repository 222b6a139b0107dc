import { expect, it } from 'vitest'
import { goingOn, statusText } from './status.ts'

const evaluating = { label: 'Evaluating', unit: 'samples', done: 8, total: 90 }
const evaluated = { ...evaluating, done: 90 }

it('says that a run evaluates, in the midst of training and at its end', () => {
  expect(statusText('running', undefined)).toBe('Training')
  expect(statusText('running', evaluating)).toBe('Evaluating')
  expect(statusText('finishing', evaluating)).toBe('Evaluating')
  expect(statusText('finishing', evaluated)).toBe('Writing model and report')
})

it('says what was asked for first, and what is over is over', () => {
  expect(statusText('pausing', evaluating)).toBe('Pausing after this step')
  expect(statusText('finished', evaluating)).toBe('Finished')
  expect(goingOn('running', evaluating)).toBe(evaluating)
  expect(goingOn('running', evaluated)).toBeUndefined()
  expect(goingOn('finished', evaluating)).toBeUndefined()
})

it('other things that are counted have names of their own, beside the status', () => {
  expect(statusText('preparing', { ...evaluating, label: 'Tokenizing' })).toBe('Preparing')
  expect(statusText('running', { ...evaluating, label: 'Computing the frozen layers' })).toBe('Training')
})
