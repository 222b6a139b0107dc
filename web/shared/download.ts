/** Offers content as a download. */
export function downloadAs(name: string, content: Blob): void {
  const address = URL.createObjectURL(content)
  const link = Object.assign(document.createElement('a'), { href: address, download: name })
  link.click()
  // Browsers read the address after the click.
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
