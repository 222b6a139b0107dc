import { SpanforgeError, UsageError } from '../../errors.ts'
import type { ModelConfig } from '../../models/architecture.ts'
import type { Engine, Precision } from '../../runtime/engine.ts'
import type { EngineEntry } from '../../runtime/engine-entry.ts'
import { type EngineName, engineEntry, enginesOn, openEngine } from '../../runtime/registry.ts'
import { inspectMachine } from '../doctor/machine.ts'
import { secondsOfStep } from './measure-engine.ts'

/** As flags and arguments say it. */
export interface EngineChoice {
  readonly engine?: EngineName | 'auto' | null
  /** Default: `cpu`. */
  readonly device?: string
  /** Whether anything is to be computed in bfloat16. */
  readonly bf16?: boolean
}

export interface ChosenEngine {
  readonly name: EngineName
  readonly engine: Engine
  /** What was chosen and why, where it was chosen by measuring. */
  readonly note?: string
}

interface EngineCandidate {
  readonly entry: EngineEntry
  readonly engine: Engine
}

/**
 * Opens the engine that was asked for. Without a name it is the first of the registry, whatever else is installed, so
 * that the same command gives the same bits. A device of an engine's own asks for that engine, bf16 for those that may
 * compute in it. Where several can do what is asked for, or with `auto`, a small step of the model is timed on each.
 * @throws UsageError for what does not go together, SpanforgeError for what is missing
 */
export async function chooseEngine(
  choice: EngineChoice,
  config: ModelConfig,
  measure = secondsOfStep,
): Promise<ChosenEngine> {
  const { engine: asked, device = 'cpu', bf16 = false } = choice
  const precision = bf16 ? 'bfloat16' : 'float32'
  const entries = entriesFor(asked, device, bf16)
  const { candidates, refusals } = await open(entries, device, precision)
  if (candidates.length === 0) throw refusalOf(refusals, device, precision)
  const timed: (EngineCandidate & { readonly seconds: number })[] = []
  if (candidates.length > 1)
    for (const candidate of candidates)
      timed.push({ ...candidate, seconds: await measure(candidate.engine, config, precision) })
  timed.sort((a, b) => a.seconds - b.seconds)
  const [{ entry, engine }] = timed.length > 0 ? timed : candidates
  const chosen = { name: entry.name, engine }
  if (timed.length > 0) return { ...chosen, note: timesNote(timed) }
  if (asked !== 'auto') return chosen
  const reasons = refusals.map(({ message }) => message).join(' ')
  return { ...chosen, note: `Engine: ${entry.title}, the only one here. ${reasons}`.trimEnd() }
}

/** The engines to choose from. */
function entriesFor(engine: EngineChoice['engine'], device: string, bf16: boolean): readonly EngineEntry[] {
  const able = enginesOn(device)
  if (engine === 'auto') return able
  if (engine !== null && engine !== undefined) return [engineEntry(engine)]
  return bf16 ? able.filter(({ precisions }) => precisions.includes('bfloat16')) : able.slice(0, 1)
}

/** Opens the engines that can compute this, and says why the others cannot. */
async function open(entries: readonly EngineEntry[], device: string, precision: Precision) {
  const candidates: EngineCandidate[] = []
  const refusals: SpanforgeError[] = []
  for (const entry of entries)
    try {
      const engine = await openEngine(entry.name, device)
      if (engine.precisions.includes(precision)) candidates.push({ entry, engine })
      else refusals.push(cannotCompute(engine, entry, entries.length > 1))
    } catch (error) {
      if (!(error instanceof SpanforgeError) || error instanceof UsageError) throw error
      refusals.push(error)
    }
  return { candidates, refusals }
}

/** One of several engines is told from the others by its title. */
function cannotCompute({ device, lacks }: Engine, { title }: EngineEntry, isOneOfSeveral: boolean): SpanforgeError {
  if (isOneOfSeveral) return new SpanforgeError(`${title} does not compute in bfloat16 here.`)
  return new UsageError(
    `bf16: ${device} cannot compute in bfloat16${lacks ? `: ${lacks}` : ''}`,
    'Leave it out and compute in float32.',
  )
}

/** That the processor cannot do it comes first, before anybody installs something that could not help. */
function refusalOf(refusals: readonly SpanforgeError[], device: string, precision: Precision): SpanforgeError {
  const processor = precision === 'bfloat16' ? refusedProcessor(device) : undefined
  if (processor) return processor
  if (refusals.length === 1) return refusals[0]
  const reasons = refusals.map(({ message }) => `\n  ${message}`)
  return new SpanforgeError(
    `engine: none computes in ${precision} on ${device}${reasons.length > 0 ? ':' : ''}${reasons.join('')}`,
  )
}

function refusedProcessor(device: string): UsageError | undefined {
  const { cpu, cpu_features: has } = inspectMachine()
  if (device !== 'cpu' || process.arch !== 'x64' || has.length === 0) return undefined
  if (has.includes('avx512_bf16') || has.includes('amx_bf16')) return undefined
  return new UsageError(
    `bf16: this processor (${cpu}) cannot multiply in bfloat16: it has neither AVX512_BF16 nor AMX`,
    'Leave it out and compute in float32.',
  )
}

function timesNote([best, ...others]: readonly (EngineCandidate & { readonly seconds: number })[]): string {
  const milliseconds = (seconds: number) => `${(1000 * seconds).toFixed(0)} ms`
  const rest = others.map(({ entry, seconds }) => `, ${entry.title} ${milliseconds(seconds)}`)
  return `Engine: ${best.entry.title}: a small step took it ${milliseconds(best.seconds)}${rest.join('')}.`
}
