import { statSync } from 'node:fs'

/** Whether two names refer to the same existing file, including through links and with different case. */
export function isSameFile(a: string, b: string): boolean {
  const [first, second] = [a, b].map((path) => statSync(path, { throwIfNoEntry: false, bigint: true }))
  return first !== undefined && first.dev === second?.dev && first.ino === second.ino
}
