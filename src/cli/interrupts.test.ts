import { afterEach, describe, expect, test, vi } from 'vitest'
import { catchInterrupts } from './interrupts.ts'

describe('Signals', () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as typeof process.exit)
  afterEach(() => exit.mockClear())

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s once asks to stop, twice leaves at once with %i', (name, code) => {
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

  test('are left to others after release', () => {
    const before = process.listenerCount('SIGINT')
    catchInterrupts(() => {}).release()
    expect(process.listenerCount('SIGINT')).toBe(before)
  })
})
