import { STATUS_CODES } from 'node:http'
import type { Problem } from './contract.ts'
import type { HttpProblem } from './problem.ts'

/** The body of application/problem+json. */
export const problemBody = ({ status, detail, options }: HttpProblem, request_id?: string): Problem => ({
  type: 'about:blank',
  title: STATUS_CODES[status] ?? 'Error',
  status,
  detail,
  remedy: options.remedy,
  request_id,
})
