/** Fits the font and colors of the surrounding page, which can style the parts: `answer-box::part(button)`. */
export const STYLE = `
:host { display: block; }
form { display: flex; gap: 0.5em; }
input { flex: 1; min-width: 0; }
input, button { font: inherit; padding: 0.4em 0.7em; }
p { margin: 0.5em 0 0; overflow-wrap: anywhere; }
p:empty { margin: 0; }
`
