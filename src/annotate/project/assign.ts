import type { NewEvent } from './events.ts'
import type { ProjectState } from './state.ts'

/**
 * Assigns passages to annotators in turn, each to as many as `overlap` says. Passages that are assigned to enough of
 * them stay as they are.
 */
export function assignments(state: ProjectState, overlap: number): NewEvent[] {
  const names = state.annotators
  const load = new Map(names.map((name) => [name, 0]))
  for (const { assigned } of state.passages.values())
    for (const name of assigned) if (load.has(name)) load.set(name, load.get(name)! + 1)
  const added = new Map<string, string[]>()
  for (const { id, assigned } of state.passages.values()) {
    const current = names.filter((name) => assigned.has(name))
    const free = names.filter((name) => !assigned.has(name)).sort((a, b) => load.get(a)! - load.get(b)!)
    for (const name of free.slice(0, Math.max(0, overlap - current.length))) {
      load.set(name, load.get(name)! + 1)
      if (!added.has(name)) added.set(name, [])
      added.get(name)!.push(id)
    }
  }
  return [...added].map(([annotator, passages]) => ({ type: 'assign', annotator, passages }))
}
