/** Frames that a place must stay in view, because blocks that come into view may be taller than estimated. */
const STILL_FRAMES = 10
/** Milliseconds after which to stop correcting the position. */
const MAX_SETTLING_MS = 5000

/** Scrolls a pane to a place and keeps it in view until the user scrolls away. */
export class Scroll {
  private frame = 0
  private width: number
  private readonly observer = new ResizeObserver(() => this.onResize())
  private readonly settle = () => this.correct(performance.now() + MAX_SETTLING_MS)
  private readonly release = () => this.stop()

  constructor(
    private readonly pane: HTMLElement,
    private readonly place: () => DOMRect | undefined,
  ) {
    this.width = pane.clientWidth
  }

  start(motion: ScrollBehavior): void {
    for (const name of ['wheel', 'touchmove', 'keydown', 'pointerdown'])
      this.pane.addEventListener(name, this.release, { passive: true })
    this.observer.observe(this.pane)
    const found = this.place()
    if (!found) return
    if (this.isVisible(found)) {
      this.settle()
      return
    }
    const isNear = Math.abs(found.top - this.pane.getBoundingClientRect().top) < 3 * this.pane.clientHeight
    if (isNear && motion === 'smooth') this.pane.addEventListener('scrollend', this.settle, { once: true })
    else this.settle()
    this.scrollTo(found, isNear ? motion : 'instant')
  }

  stop(): void {
    cancelAnimationFrame(this.frame)
    this.observer.disconnect()
    this.pane.removeEventListener('scrollend', this.settle)
    for (const name of ['wheel', 'touchmove', 'keydown', 'pointerdown'])
      this.pane.removeEventListener(name, this.release)
  }

  private onResize(): void {
    if (this.pane.clientWidth === this.width) return
    this.width = this.pane.clientWidth
    this.settle()
  }

  private correct(deadline: number, still = 0): void {
    cancelAnimationFrame(this.frame)
    if (still === STILL_FRAMES || performance.now() > deadline) return
    this.frame = requestAnimationFrame(() => {
      const found = this.place()
      const isStill = !found || this.isVisible(found)
      if (!isStill) this.scrollTo(found, 'instant')
      this.correct(deadline, isStill ? still + 1 : 0)
    })
  }

  private isVisible(found: DOMRect): boolean {
    const { top, bottom } = this.pane.getBoundingClientRect()
    return found.top > top + 20 && found.bottom < bottom - 20
  }

  private scrollTo(found: DOMRect, behavior: ScrollBehavior): void {
    const { top, height } = this.pane.getBoundingClientRect()
    this.pane.scrollBy({ top: found.top - top - height / 3, behavior })
  }
}
