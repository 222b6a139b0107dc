import { setTimeout as sleep } from 'node:timers/promises'
import { SpanforgeError, UsageError } from '../../errors.ts'
import { nativeMemory } from '../../native/koffi.ts'
import { type RankEnvironment, rankEnvironment } from '../../ranks/environment.ts'
import { isFirst, type Ranks, rankName, SharedFailure } from '../../ranks/ranks.ts'
import { describeError } from './output.ts'

/** Milliseconds that another rank than the first waits with its error: if the first one fails too, it ends all. */
const PATIENCE = 3_000

/** Milliseconds between an error and the end of the process. MPICH discards output that it has not read by then. */
const TIME_TO_READ = 500

/**
 * Runs a command on the ranks that mpirun or srun has started, or without ranks in a process of its own. If a rank fails,
 * one message is printed and all ranks end.
 */
export async function withRanks(command: (ranks: Ranks | undefined) => Promise<void>): Promise<void> {
  const environment = rankEnvironment()
  if (!environment) return command(undefined)
  let ranks: Ranks | undefined
  let ending: Promise<void> | undefined
  const fail = (error: unknown) => (ending ??= reportAndEnd(error, environment, ranks))
  // Node.js would wait for the thread that calls MPI, which may never return.
  process.on('uncaughtException', fail)
  try {
    const { openRanks } = await import('../../ranks/open-ranks.ts')
    const { divideCores } = await import('../../ranks/threads.ts')
    ranks = (await openRanks(environment))!
    const { threads, note } = await divideCores(ranks.local)
    if (!process.env.SPANFORGE_THREADS) process.env.SPANFORGE_THREADS = String(threads)
    if (note && isFirst(ranks)) process.stderr.write(`${note}\n`)
    await command(ranks)
    await ranks.close()
  } catch (error) {
    return fail(error)
  }
  await (ending ?? end(Number(process.exitCode ?? 0)))
}

/** Reports the error of this rank, unless another one does, and ends its process. The launcher then ends the others. */
async function reportAndEnd(error: unknown, { rank, local_rank }: RankEnvironment, ranks?: Ranks): Promise<void> {
  if (rank > 0) await sleep(PATIENCE)
  // Ranks that could not join cannot agree on a message, but those on one host have the same library.
  const isReported = error instanceof SharedFailure ? rank > 0 : !ranks && local_rank > 0
  const place = ranks && rank > 0 ? `\n  This error occurred on ${rankName(ranks, rank)}.` : ''
  if (!isReported) process.stderr.write(`${describeError(error)}${place}\n`)
  await sleep(TIME_TO_READ)
  return end(error instanceof SpanforgeError ? error.exitCode : 1)
}

/**
 * Rejects a command that does not divide its work among ranks, on all of them. The first one reports it.
 * @param hasShards whether the command has --shard, which divides its work instead
 */
export async function rejectRanks(command: string, hasShards: boolean): Promise<void> {
  const environment = rankEnvironment()
  if (!environment) return
  const { rank, size } = environment
  if (rank > 0) {
    await sleep(PATIENCE)
    process.exit(2)
  }
  const remedy = hasShards
    ? `Start ${size} processes without mpirun, with --shard 1/${size} to --shard ${size}/${size}, then run spanforge merge.`
    : 'Start it without mpirun.'
  throw new UsageError(
    `${command}: the ranks of mpirun would all do the same work, because only train and adapt divide it`,
    remedy,
  )
}

/** Ends this process when its output is written. */
async function end(exitCode: number): Promise<void> {
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((resolve) => stream.write('', () => resolve()))
  endNow(exitCode)
}

/**
 * Ends the process without ending its threads. One of them may be inside a call of MPI that never returns, and some
 * libraries crash when the thread that called them ends. If the exit code is not 0, the launcher ends the other ranks.
 */
const endNow = (exitCode: number): void => void nativeMemory().ffi.load(null).func('_exit', 'void', ['int'])(exitCode)
