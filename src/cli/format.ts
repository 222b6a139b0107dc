/** Commands and reports write numbers the same way. */
export * from '../report/format.ts'
