import { describe, expect, it } from 'vitest'
import { PATIENT, type RetryPolicy, retryAfter, retrying, TransientError } from './retry.ts'

function recording(random = 1): { policy: RetryPolicy; waits: number[] } {
  const waits: number[] = []
  const sleep = async (milliseconds: number) => void waits.push(milliseconds)
  return { policy: { ...PATIENT, sleep, random: () => random }, waits }
}

const failing = (times: number, wait?: number) => async () => {
  if (times-- > 0) throw new TransientError('busy', wait)
  return 'done'
}

describe('retrying', () => {
  it('doubles the delay each time, with jitter between 50 % and 100 %', async () => {
    const longest = recording(1)
    expect(await retrying(longest.policy, failing(4))).toBe('done')
    expect(longest.waits).toEqual([500, 1000, 2000, 4000])
    const shortest = recording(0)
    await retrying(shortest.policy, failing(4))
    expect(shortest.waits).toEqual([250, 500, 1000, 2000])
  })

  it('waits as long as the server asks', async () => {
    const { policy, waits } = recording()
    await retrying(policy, failing(2, 7000))
    expect(waits).toEqual([7000, 7000])
  })

  it('fails at once if the server asks for more than the maximum delay', async () => {
    const { policy, waits } = recording()
    await expect(retrying(policy, failing(1, 3_600_000))).rejects.toThrow('busy')
    expect(waits).toEqual([])
  })

  it('gives up after the maximum number of attempts, and at once for a permanent error', async () => {
    const { policy, waits } = recording()
    await expect(retrying(policy, failing(100))).rejects.toThrow('busy')
    expect(waits).toHaveLength(policy.attempts - 1)
    await expect(retrying(policy, () => Promise.reject(new Error('wrong')))).rejects.toThrow('wrong')
    expect(waits).toHaveLength(policy.attempts - 1)
  })

  it('resets the count after progress', async () => {
    const { policy, waits } = recording()
    let left = 20
    const operation = async (progressed: () => void) => {
      if (left-- === 0) return 'done'
      progressed()
      throw new TransientError('cut')
    }
    expect(await retrying(policy, operation)).toBe('done')
    expect(waits).toEqual(Array(20).fill(500))
  })
})

it('reads Retry-After as seconds or a date', () => {
  const now = Date.parse('Wed, 21 Oct 2015 07:28:00 GMT')
  expect(retryAfter('3')).toBe(3000)
  expect(retryAfter('Wed, 21 Oct 2015 07:28:09 GMT', now)).toBe(9000)
  expect(retryAfter('Wed, 21 Oct 2015 07:00:00 GMT', now)).toBe(0)
  expect(retryAfter('soon')).toBeUndefined()
  expect(retryAfter(undefined)).toBeUndefined()
})
