/** Numbers formatted for readers: thousands separators, durations, bytes, rates, percentages. */
import type { Interval } from '../../squad/metrics/bootstrap.ts'

/** Formats an integer with thousands separators: 108893186 -> '108,893,186'; '-' for undefined. */
export const count = (n: number | undefined): string =>
  n === undefined ? '-' : Number.isFinite(n) ? Math.round(n).toLocaleString('en-US') : String(n)

/** Formats a count with its noun: '1 question', '2,000 questions'. */
export const counted = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? '' : 's'}`

/** Formats a number with fixed decimals and thousands separators; NaN and infinities by name, '-' for undefined. */
export function decimal(x: number | undefined, digits = 2): string {
  if (x === undefined) return '-'
  if (!Number.isFinite(x)) return String(x)
  return x.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** Formats a p-value; the tests draw too few samples to tell smaller values apart. */
export const pValue = (p: number): string => (p < 0.0001 ? 'p < 0.0001' : `p ${decimal(p, 4)}`)

/** Formats a setting the way people type it: 3e-5 instead of 0.00003, but 0.01. */
export function setting(x: number): string {
  const tiny = x !== 0 && Math.abs(x) < 1e-3
  return tiny ? x.toExponential() : String(x)
}

/** Formats a duration in seconds: '2.79 s', '4 min 39 s', '1 h 02 min', '2 d 03 h'. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '-'
  if (seconds < 59.995) return `${seconds.toFixed(2)} s`
  const whole = Math.round(seconds)
  const two = (n: number) => String(n).padStart(2, '0')
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`
  const hours = Math.round(seconds / 3600)
  return `${Math.floor(hours / 24)} d ${two(hours % 24)} h`
}

/** Formats a duration for progress bars: '04:38', '1:02:05'; '--:--' if it is unknown. */
export function clock(seconds: number): string {
  if (!Number.isFinite(seconds)) return '--:--'
  const whole = Math.max(0, Math.round(seconds))
  const two = (n: number) => String(n).padStart(2, '0')
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  return h ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`
}

/** Formats a size in decimal units, as the hub and disk vendors do: 435645000 -> '435.6 MB'. */
export function byteSize(n: number): string {
  const units = ['kB', 'MB', 'GB', 'TB']
  if (n < 1000) return `${count(n)} B`
  let unit = -1
  // From 999.95 on, the value would be rounded to 1000.0 in the smaller unit.
  while (n >= 999.95 && unit < units.length - 1) {
    n /= 1000
    unit++
  }
  return `${n.toFixed(1)} ${units[unit]}`
}

/** Formats a rate with a sensible number of digits: '33.03 samples/s', '1,374 examples/s'. */
export function rate(perSecond: number, unit: string): string {
  return `${decimal(perSecond, perSecond >= 1000 ? 0 : perSecond >= 100 ? 1 : 2)} ${unit}/s`
}

/** Formats a fraction as a percentage: 0.1925 -> '19 %', 0.0026 -> '0.26 %'. */
export function percentage(fraction: number): string {
  const value = fraction * 100
  if (!Number.isFinite(value)) return '-'
  const digits = value === 0 || value >= 9.95 ? 0 : value >= 0.995 ? 1 : 2
  return value > 0 && value < 0.005 ? '< 0.01 %' : `${value.toFixed(digits)} %`
}

/** Formats a score in percent with its 95 % interval, if known: '44.20 (40.00 to 48.60)'. */
export const scoreText = (score: number | undefined, interval: Interval | undefined): string =>
  withInterval(decimal(score), interval)

/** Formats a score like `scoreText`, but with its unit: '44.20 % (40.00 to 48.60)'. */
export const percentScore = (score: number, interval: Interval | undefined): string =>
  withInterval(`${decimal(score)} %`, interval)

const withInterval = (text: string, interval: Interval | undefined): string =>
  interval ? `${text} (${interval.map((bound) => decimal(bound)).join(' to ')})` : text
