import { expect, test, vi } from 'vitest'
import type { Screen } from '../runs/screen/screen.ts'
import { watchedScreen } from './watched-screen.ts'

const progress = { step: vi.fn(), update: vi.fn(), note: vi.fn(), stop: vi.fn() }

function watched() {
  const screen = {
    print: vi.fn(),
    warn: vi.fn(),
    show: vi.fn(),
    training: vi.fn(() => progress),
    counting: vi.fn(() => progress),
  } satisfies Screen
  const onActivity = vi.fn()
  return { screen, onActivity, wrapper: watchedScreen(screen, { onNote: vi.fn(), onActivity }) }
}

test('a watched screen forwards every argument', () => {
  const { screen, wrapper } = watched()
  const calls = {
    print: ['a note'],
    warn: ['a warning'],
    show: [[]],
    training: [{ total_steps: 10, first_step: 4 }],
    counting: ['Answering', 'questions', 3000, 1200],
  } satisfies { [K in keyof Screen]: Parameters<Screen[K]> }
  for (const [name, given] of Object.entries(calls)) {
    ;(wrapper[name as keyof Screen] as (...given: readonly unknown[]) => unknown)(...given)
    expect(screen[name as keyof Screen]).toHaveBeenCalledWith(...given)
  }
})

test('a watched screen reports resumed progress from where it resumes', () => {
  const { wrapper, onActivity } = watched()
  const counting = wrapper.counting('Answering', 'questions', 3000, 1200)
  expect(onActivity).toHaveBeenLastCalledWith({ label: 'Answering', unit: 'questions', done: 1200, total: 3000 })
  counting.stop()
  expect(onActivity).toHaveBeenLastCalledWith(undefined)
})
