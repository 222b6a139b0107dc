/** Fits the font and colors of the surrounding page, which can style the parts: `answer-box::part(button)`. */
export const STYLE = `
:host { display: block; }
form { display: flex; gap: 0.5em; }
input { flex: 1; min-width: 0; }
input, button { font: inherit; color: inherit; padding: 0.4em 0.7em; border: 1px solid; border-radius: 0.25em; }
input { background: transparent; }
input::placeholder { color: inherit; opacity: 0.7; }
button { background: color-mix(in srgb, currentColor 12%, transparent); cursor: pointer; }
p { margin: 0.5em 0 0; overflow-wrap: anywhere; }
p:empty { margin: 0; }
a { display: block; margin-top: 0.25em; font-size: 0.9em; color: inherit; }
`
