/**
 * What follows # in the address: the token, and what is shown. It is never sent to a server, and it survives a reload
 * and a bookmark.
 */
export interface Place {
  readonly view: 'run' | 'runs'
  /** Id of the run that is shown (default: the one in progress). */
  readonly run?: string
  /** Ids of the runs that are compared. */
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

/** The part of an address that leads to a place, token included. */
export function linkTo({ view, run, compare = [] }: Partial<Place>): string {
  const next = new URLSearchParams()
  const token = tokenOfAddress()
  if (token) next.set('token', token)
  if (view === 'runs') next.set('view', view)
  if (run !== undefined) next.set('run', run)
  for (const id of compare) next.append('compare', id)
  return `#${next}`
}
