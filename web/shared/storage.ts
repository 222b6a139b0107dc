/** The browser storage of the page. */
export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

/** The storage of this tab, which the browser empties when the tab is closed. */
export const perTab = (): Store => sessionStorage

// Named before the page was called the playground; a new name would lose what browsers have kept.
/** The key under which the browser stores a text. */
const storageKey = (name: string): string => `spanforge.demo.${name}`

/** Reads a stored text. Returns undefined if there is none or storage is not available. */
export function kept(name: string, store: () => Store = () => localStorage): string | undefined {
  try {
    return store().getItem(storageKey(name)) ?? undefined
  } catch {
    return undefined
  }
}

/** The names of stored texts that start like this. */
export function keptNames(start: string, store: () => Pick<Storage, 'length' | 'key'> = () => localStorage): string[] {
  const prefix = storageKey('')
  try {
    const keys = Array.from({ length: store().length }, (_, i) => store().key(i) ?? '')
    return keys.filter((key) => key.startsWith(prefix + start)).map((key) => key.slice(prefix.length))
  } catch {
    return []
  }
}

/** Calls `take` with a text whenever another tab stores or removes it. */
export function onKeptElsewhere(name: string, take: (text: string | undefined) => void): void {
  // The key is null if the whole storage is cleared.
  addEventListener('storage', ({ key }) => (key === storageKey(name) || key === null) && take(kept(name)))
}

/** Stores a text. Returns false if the storage is full or not available. */
export function keep(name: string, text: string | undefined, store: () => Store = () => localStorage): boolean {
  try {
    if (text === undefined) store().removeItem(storageKey(name))
    else store().setItem(storageKey(name), text)
    return true
  } catch {
    return false
  }
}
