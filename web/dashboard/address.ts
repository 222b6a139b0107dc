/**
 * The state in the fragment of the address: the token and what the page shows. Browsers never send the fragment to a
 * server, and it survives reloads and bookmarks.
 */
export interface Place {
  readonly view: 'run' | 'runs'
  /** Id of the shown run (default: the one in progress). */
  readonly run?: string
  /** Ids of the compared runs. */
  readonly compare: readonly string[]
}

const parameters = (): URLSearchParams => new URLSearchParams(location.hash.slice(1))

export const tokenOfAddress = (): string | undefined => parameters().get('token') ?? undefined

export function placeOfAddress(): Place {
  const given = parameters()
  return {
    view: given.get('view') === 'runs' ? 'runs' : 'run',
    run: given.get('run') ?? undefined,
    compare: given.getAll('compare'),
  }
}

/** The fragment that links to a place, including the token. */
export function linkTo({ view, run, compare = [] }: Partial<Place>): string {
  const next = new URLSearchParams()
  const token = tokenOfAddress()
  if (token) next.set('token', token)
  if (view === 'runs') next.set('view', view)
  if (run !== undefined) next.set('run', run)
  for (const id of compare) next.append('compare', id)
  return `#${next}`
}
