import { afterEach, describe, expect, test, vi } from 'vitest'
import { catchInterrupts } from './interrupts.ts'

describe('catchInterrupts', () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as typeof process.exit)
  afterEach(() => exit.mockClear())

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('requests a stop on the first %s and exits immediately with %i on the second', (name, code) => {
    const announce = vi.fn()
    const interrupts = catchInterrupts(announce)
    process.emit(name)
    expect(interrupts.signal.aborted).toBe(true)
    expect(announce).toHaveBeenCalledOnce()
    expect(exit).not.toHaveBeenCalled()
    expect(interrupts.exitCode()).toBe(code)
    process.emit(name)
    expect(exit).toHaveBeenCalledExactlyOnceWith(code)
    interrupts.release()
  })

  test('removes its listeners on release', () => {
    const before = process.listenerCount('SIGINT')
    catchInterrupts(() => {}).release()
    expect(process.listenerCount('SIGINT')).toBe(before)
  })
})
