import { readFileSync } from 'node:fs'

/** Peak resident memory of this process, as measured by the kernel. */
export function peakResidentBytes(): number {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))!
  return Number(kibibytes) * 1024
}
