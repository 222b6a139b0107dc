import { statSync } from 'node:fs'

/** Whether two names stand for one existing file, through links and in whatever case. */
export function isSameFile(a: string, b: string): boolean {
  const [first, second] = [a, b].map((path) => statSync(path, { throwIfNoEntry: false, bigint: true }))
  return first !== undefined && first.dev === second?.dev && first.ino === second.ino
}
