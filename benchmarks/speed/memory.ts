import { readFileSync } from 'node:fs'

/** The most that this process has held: the kernel's high-water mark. */
export function peakResidentBytes(): number {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))!
  return Number(kibibytes) * 1024
}
