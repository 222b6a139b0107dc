/** A script that forbids all storage to a page, as browsers do if their user blocks cookies. */
export const WITHOUT_STORAGE = `for (const name of ['localStorage', 'sessionStorage'])
  Object.defineProperty(window, name, { get() { throw new DOMException('Access is denied.', 'SecurityError') } })`
