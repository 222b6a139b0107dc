/** Share of the capacity left by other clients that one client may take with all its requests. */
const OF_CLIENT = 3 / 4

/**
 * A limit shared by all requests.
 *
 * - One request may take only a part of the free capacity, so small requests still fit when large ones do not.
 * - One client may take at most three quarters of what other clients leave free, so there is always room for another
 * client. Of this, one request may again take only a part, so the client's own small requests are accepted too.
 * - A request may take any amount if no other request is pending, and the per-client rule does not apply to a client's
 * first request.
 */
export class SharedLimit {
  private taken = 0
  private readonly byClient = new Map<string, number>()

  /** `part` is the share of the free capacity that one request may take. */
  constructor(
    private readonly max: number,
    private readonly part = 1 / 2,
  ) {}

  /** Whether a request may take this amount in total, of which it already holds `held`. */
  hasRoom(amount: number, client: string, held = 0): boolean {
    const ofRequests = this.taken - held
    const ofClient = (this.byClient.get(client) ?? 0) - held
    if (ofRequests === 0) return true
    const mostOfClient = Math.ceil(OF_CLIENT * (this.max - (ofRequests - ofClient)))
    return (
      amount <= this.part * (this.max - ofRequests) &&
      (ofClient === 0 || amount <= this.part * (mostOfClient - ofClient))
    )
  }

  /** Takes an amount and returns a function that releases it. Check `hasRoom` first. */
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

/** All requests together may hold this many times the maximum of a single request. */
export const SHARED = 4
