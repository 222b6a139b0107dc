/** These have moved to files/. */
export * from '../files/atomic.ts'
export { explain } from '../files/explain.ts'
