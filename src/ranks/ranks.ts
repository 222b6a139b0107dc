import { SpanforgeError } from '../errors.ts'

/** Precision in which numbers travel between ranks when they are added up. They are always added in float32. */
export type ReduceDtype = 'float32' | 'bf16'

/** The ranks on the same host. Only these must make the same calls. */
export interface LocalRanks {
  /** Index of this rank among them, from 0. */
  readonly rank: number
  readonly size: number
  /** Returns what each of these ranks sent, in their order. */
  gather(bytes: Uint8Array): Promise<Uint8Array[]>
}

/**
 * The processes of a run that computes on several of them (ranks). All ranks must make the same calls in the same order;
 * a call returns when all have made it.
 */
export interface Ranks {
  /** Index of this rank, from 0. */
  readonly rank: number
  readonly size: number
  /** The ranks on the same host, and the place of this one among them. */
  readonly local: LocalRanks
  /** The host of each rank. */
  readonly hosts: readonly string[]
  /** Adds up an array over all ranks, in place. All ranks get the same bits. */
  sum(values: Float32Array, dtype?: ReduceDtype): Promise<void>
  /** Replaces the values of all ranks by those of the first one. */
  broadcast(values: Float32Array): Promise<void>
  /** Returns what each rank sent, by rank. */
  gather(bytes: Uint8Array): Promise<Uint8Array[]>
  /** Ends the communication. */
  close(): Promise<void>
}

/** Whether this process writes files and shows progress: it is the first rank, or there are no others. */
export const isFirst = (ranks: Ranks | undefined): boolean => !ranks || ranks.rank === 0

/** Returns the value of each rank, by rank. Values must be representable in JSON. */
export async function gatherValues<T>(ranks: Pick<Ranks, 'gather'>, value: T): Promise<T[]> {
  const sent = Buffer.from(JSON.stringify([value]))
  const received = await ranks.gather(sent)
  return received.map((bytes) => JSON.parse(Buffer.from(bytes).toString())[0])
}

/** Returns the number of each rank, by rank, which may be infinite or NaN. */
export async function gatherNumbers(ranks: Ranks, value: number): Promise<number[]> {
  const bytes = await ranks.gather(new Uint8Array(Float64Array.of(value).buffer))
  return bytes.map((one) => new Float64Array(Uint8Array.from(one).buffer)[0])
}

/** Returns the value of the first rank. */
export async function fromFirst<T>(ranks: Ranks, value: T | undefined): Promise<T> {
  const values = await gatherValues(ranks, ranks.rank === 0 ? value : undefined)
  return values[0] as T
}

/** Returns the value of the first rank or, without ranks, of this process. */
export const agreeOn = async <T>(ranks: Ranks | undefined, value: T): Promise<T> =>
  ranks ? fromFirst(ranks, value) : value

/** Whether the flag is set on any rank. */
export async function onAny(ranks: Ranks, flag: boolean): Promise<boolean> {
  return (await gatherValues(ranks, flag)).some(Boolean)
}

/** An error of one or several ranks that is thrown on all, so that only the first rank reports it. */
export class SharedFailure extends SpanforgeError {}

/** A rank was asked to stop while the ranks prepared their work. Thrown on all. */
export class StoppedTogether extends SpanforgeError {}

type Failure = { readonly message: string; readonly remedy?: string; readonly exitCode: number } | 'stopped' | null

/**
 * Does the work of this rank, and returns its result if all ranks have succeeded.
 * @throws SharedFailure with the error of the first rank that failed; StoppedTogether if a signal stopped the work
 */
export async function together<T>(ranks: Ranks | undefined, work: () => Promise<T>): Promise<T> {
  if (!ranks) return work()
  const outcome = await work().then(
    (value) => ({ value, failure: null }),
    (error: unknown) => ({ value: undefined as T, failure: failureOf(error) }),
  )
  const failures = await gatherValues<Failure>(ranks, outcome.failure)
  if (failures.includes('stopped')) throw new StoppedTogether('stopped before the first step')
  const failed = failures.flatMap((failure, rank) => (failure && failure !== 'stopped' ? [{ ...failure, rank }] : []))
  if (failed.length === 0) return outcome.value
  const [{ rank, message, remedy, exitCode }] = failed
  throw new SharedFailure(rank === 0 ? message : `${rankName(ranks, rank)}: ${message}`, { remedy, exitCode })
}

/**
 * Does work on the first rank only, and returns its result on all ranks. Results must be representable in JSON.
 * @throws SharedFailure with its error; StoppedTogether if a signal stopped the work
 */
export async function onFirst<T>(ranks: Ranks | undefined, work: () => Promise<T>): Promise<T> {
  if (!ranks) return work()
  const own = await together(ranks, async () => (isFirst(ranks) ? work() : undefined))
  return fromFirst(ranks, own)
}

function failureOf(error: unknown): Failure {
  if (error instanceof StoppedTogether || (error as Error)?.name === 'AbortError') return 'stopped'
  if (!(error instanceof SpanforgeError)) return { message: String((error as Error)?.stack ?? error), exitCode: 1 }
  return { message: error.summary, remedy: error.options.remedy, exitCode: error.exitCode }
}

/** Names a rank in messages: rank 2 (host-b). */
export const rankName = ({ hosts }: Ranks, rank: number): string => `rank ${rank} (${hosts[rank]})`

/**
 * Compares facts that must be the same on all ranks.
 * @throws SharedFailure that names the first rank and fact that differ
 */
export async function rejectDifferences(ranks: Ranks, facts: Readonly<Record<string, unknown>>): Promise<void> {
  const all = await gatherValues(ranks, facts)
  for (const [rank, other] of all.entries()) {
    const names = [...new Set([...Object.keys(all[0]), ...Object.keys(other)])]
    const differing = names.filter((name) => JSON.stringify(all[0][name]) !== JSON.stringify(other[name]))
    if (differing.length === 0) continue
    const shown = differing.map((name) => describeDifference(name, all[0][name], other[name]))
    throw new SharedFailure(
      `${rankName(ranks, rank)} differs from ${rankName(ranks, 0)}: ${shown.slice(0, 5).join(', ')}`,
      { remedy: 'Install the same version, and use the same arguments, data and model on all hosts.', exitCode: 2 },
    )
  }
}

const DIGEST = /^[0-9a-f]{32,}$/

const describeDifference = (name: string, first: unknown, other: unknown): string =>
  [first, other].every((value) => value === undefined || DIGEST.test(String(value)))
    ? `other ${name.replaceAll('_', ' ')}`
    : `${name} ${JSON.stringify(other)?.slice(0, 100)} instead of ${JSON.stringify(first)?.slice(0, 100)}`
