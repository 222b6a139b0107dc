/** Number formats, shared with reports. */
export * from '../report/format.ts'
