import { vi } from 'vitest'
import { runProgram } from '../src/cli/program.ts'

export interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a spanforge command line in this process, which is faster than a separate process and differs only in signals.
 */
export async function runHere(...argv: readonly string[]): Promise<Said> {
  const written = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += text
      return true
    }),
  )
  try {
    return { code: await runProgram(argv), ...written }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}
