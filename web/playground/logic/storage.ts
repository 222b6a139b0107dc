/** What the page keeps in this browser, and nowhere else. */
export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

// Named before the page was called the playground; a new name would lose what browsers have kept.
const PREFIX = 'spanforge.demo.'

/** The kept text; undefined where there is none, or where the browser keeps nothing for this page. */
export function kept(name: string, store: () => Store = () => localStorage): string | undefined {
  try {
    return store().getItem(PREFIX + name) ?? undefined
  } catch {
    return undefined
  }
}

/** Whether it was kept: browsers refuse to when their room is used up, or when the user forbids it. */
export function keep(name: string, text: string | undefined, store: () => Store = () => localStorage): boolean {
  try {
    if (text === undefined) store().removeItem(PREFIX + name)
    else store().setItem(PREFIX + name, text)
    return true
  } catch {
    return false
  }
}
