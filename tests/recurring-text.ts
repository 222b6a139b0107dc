const NAMES = ['Una Sol', 'Max Ro', 'Ida Den', 'Eve Pit', 'Li Oz', 'Bo Ka', 'Tom Sea', 'Ann Fir', 'Kit Elm', 'Sam Oak']
const THINGS = ['red lamp', 'old boat', 'big tree', 'new road', 'wet well', 'dry barn', 'far gate', 'low wall']

/**
 * A document of `count` paragraphs, each with sentences about the same person and thing, so that the name recurs.
 * Documents with different numbers have different sentences.
 */
export function recurringText(number: number, count = 8): string {
  return Array.from({ length: count }, (_, i) => {
    const name = NAMES[(number + i) % NAMES.length]
    const thing = `${THINGS[(number * 3 + i) % THINGS.length]} ${letters(number * 100 + i)}`
    return `The ${thing} of ${name} is in the bay by a hut. We saw the ${thing} by day with ${name} at sea. All is well.`
  }).join('\n\n')
}

/** A number as a word. */
const letters = (n: number): string => [...String(n)].map((digit) => 'abcdefghij'[Number(digit)]).join('')
