import { describe, expect, test } from 'vitest'
import { byteSize, clock, count, counted, decimal, duration, percentage, rate, setting } from './format.ts'

describe('number formats', () => {
  test('counts have thousands separators, regardless of the locale', () => {
    expect(count(108893186)).toBe('108,893,186')
    expect(count(0)).toBe('0')
    expect(count(undefined)).toBe('-')
    expect([0, 1, 2000].map((n) => counted(n, 'question'))).toEqual(['0 questions', '1 question', '2,000 questions'])
  })

  test('decimals have a fixed number of digits, and NaN is shown as such', () => {
    expect(decimal(1.647568, 4)).toBe('1.6476')
    expect(decimal(12345.678)).toBe('12,345.68')
    expect(decimal(Number.NaN)).toBe('NaN')
    expect(decimal(Number.POSITIVE_INFINITY)).toBe('Infinity')
  })

  test('settings look the way people type them', () => {
    expect(setting(3e-5)).toBe('3e-5')
    expect(setting(1e-8)).toBe('1e-8')
    expect(setting(0.01)).toBe('0.01')
    expect(setting(16)).toBe('16')
    expect(setting(0)).toBe('0')
  })

  test('durations choose their units and never show 60 of one unit', () => {
    expect(duration(2.79)).toBe('2.79 s')
    expect(duration(59.999)).toBe('1 min 00 s')
    expect(duration(279.17)).toBe('4 min 39 s')
    expect(duration(3599.7)).toBe('1 h 00 min')
    expect(duration(3725)).toBe('1 h 02 min')
    expect(duration(86399)).toBe('1 d 00 h')
    expect(duration(Number.NaN)).toBe('-')
  })

  test('clocks show minutes and seconds, and hours if needed', () => {
    expect(clock(278)).toBe('04:38')
    expect(clock(3725)).toBe('1:02:05')
    expect(clock(Number.POSITIVE_INFINITY)).toBe('--:--')
    expect(clock(-1)).toBe('00:00')
  })

  test('sizes use decimal units and never show 1000 of one unit', () => {
    expect(byteSize(570)).toBe('570 B')
    expect(byteSize(231508)).toBe('231.5 kB')
    expect(byteSize(435_588_776)).toBe('435.6 MB')
    expect(byteSize(999_999)).toBe('1.0 MB')
    expect(byteSize(1_741_000_000)).toBe('1.7 GB')
  })

  test('rates and percentages keep the significant digits', () => {
    expect(rate(33.034, 'samples')).toBe('33.03 samples/s')
    expect(rate(186.27, 'samples')).toBe('186.3 samples/s')
    expect(rate(1374.03, 'examples')).toBe('1,374 examples/s')
    expect(percentage(0.1925)).toBe('19 %')
    expect(percentage(1 / 384)).toBe('0.26 %')
    expect(percentage(0.05)).toBe('5.0 %')
    expect(percentage(0)).toBe('0 %')
    expect(percentage(1e-7)).toBe('< 0.01 %')
    expect(percentage(1)).toBe('100 %')
  })
})
