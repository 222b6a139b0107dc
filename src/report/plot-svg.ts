/**
 * Returns a plot as SVG text without the `aria-label` of its groups, which is not valid on elements without a role.
 * Screen readers read the label of the surrounding figure instead.
 */
export const plotSvg = (plot: { readonly outerHTML: string }): string =>
  plot.outerHTML.replace(/(<g\b[^>]*?) aria-label="[^"]*"/g, '$1')
