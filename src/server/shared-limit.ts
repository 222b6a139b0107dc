/**
 * A limit that all requests share. A request may take at most half of what the others leave free, so that none can take
 * everything and there is always room for smaller ones: the smaller a request, the longer it is accepted. A request
 * that is alone may take any amount.
 */
export class SharedLimit {
  private taken = 0

  constructor(private readonly most: number) {}

  /** Whether there is room for a request of this amount, `held` of which it holds already. */
  hasRoom(amount: number, held = 0): boolean {
    const others = this.taken - held
    return others === 0 || amount <= (this.most - others) / 2
  }

  /** Takes an amount that there is room for; returns the function that gives it back. */
  take(amount: number): () => void {
    this.taken += amount
    let isHeld = true
    return () => {
      if (isHeld) this.taken -= amount
      isHeld = false
    }
  }
}

/** All requests together may hold this many times what one request may. */
export const SHARED = 4
