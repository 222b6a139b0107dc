/** A random id. `crypto.randomUUID` is not available on pages loaded over plain HTTP. */
export const randomId = (): string =>
  [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
