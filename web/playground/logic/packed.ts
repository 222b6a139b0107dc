/** Compresses text for use in a URL: deflate, then base64url. */

/** Maximum characters of an unpacked text, so that an untrusted link cannot exhaust the memory. */
export const MAX_CHARACTERS = 20_000_000

export async function compress(text: string): Promise<string> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate-raw'))
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer())
  let binary = ''
  for (let i = 0; i < bytes.length; i += 0x8000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

/** @throws Error if the text was not compressed by `compress`, is truncated, or is longer than MAX_CHARACTERS */
export async function decompress(packed: string): Promise<string> {
  const binary = atob(packed.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += part.value
    if (text.length <= MAX_CHARACTERS) continue
    await reader.cancel()
    throw new Error(`more than ${MAX_CHARACTERS} characters`)
  }
  return text
}
