/** How much of what the other clients leave free one client may take, with all of its requests. */
const OF_CLIENT = 3 / 4

/**
 * A limit that all requests share. No request may take more than a part of what the others leave free, so that there is
 * room for smaller ones: the smaller a request, the longer it is accepted. No client may take more than three quarters
 * of what the other clients leave free, however many requests it sends, so that there is room for another client; nor
 * one of its requests more than the same part of what its others leave of that, so that its own smaller requests have
 * room as well. A request that is alone may take any amount, and the first one of a client is not bound by what it
 * would hold.
 */
export class SharedLimit {
  private taken = 0
  private readonly byClient = new Map<string, number>()

  /** `part` is the part of what the other requests leave free that one request may take. */
  constructor(
    private readonly most: number,
    private readonly part = 1 / 2,
  ) {}

  /** Whether there is room for a request of this amount, `held` of which it holds already. */
  hasRoom(amount: number, client: string, held = 0): boolean {
    const ofRequests = this.taken - held
    const ofClient = (this.byClient.get(client) ?? 0) - held
    if (ofRequests === 0) return true
    const mostOfClient = Math.ceil(OF_CLIENT * (this.most - (ofRequests - ofClient)))
    return (
      amount <= this.part * (this.most - ofRequests) &&
      (ofClient === 0 || amount <= this.part * (mostOfClient - ofClient))
    )
  }

  /** Takes an amount that there is room for; returns the function that gives it back. */
  take(amount: number, client: string): () => void {
    this.change(client, amount)
    let isHeld = true
    return () => {
      if (isHeld) this.change(client, -amount)
      isHeld = false
    }
  }

  private change(client: string, amount: number): void {
    this.taken += amount
    const ofClient = (this.byClient.get(client) ?? 0) + amount
    if (ofClient === 0) this.byClient.delete(client)
    else this.byClient.set(client, ofClient)
  }
}

/** All requests together may hold this many times what one request may. */
export const SHARED = 4
