import type { Handle } from './c-library.ts'

/** Handles that are given back together, the last one first. */
export class Handles {
  private readonly frees: (() => void)[] = []

  keep(handle: Handle, free: (handle: Handle) => void): Handle {
    this.frees.push(() => free(handle))
    return handle
  }

  free(): void {
    for (const free of this.frees.splice(0).reverse()) free()
  }
}
