import type { Handle } from './c-library.ts'

/** A list of handles that are freed together, in reverse order. */
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
