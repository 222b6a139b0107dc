/** Errors, as the page shows them. */
import { ServiceError } from './backend.ts'
import * as state from './state.ts'

/** The message of an error. If the server requires a token, this opens the dialog that asks for it. */
export function errorMessage(error: unknown): string {
  if (error instanceof ServiceError && error.status === 401) state.openDialog.value = 'token'
  return error instanceof Error ? error.message : String(error)
}

/** Shows an error at the top of the page, unless the dialog that asks for the token explains it. */
export function showProblem(error: unknown): void {
  const problem = errorMessage(error)
  if (state.openDialog.value !== 'token') state.complaint.value = problem
}
