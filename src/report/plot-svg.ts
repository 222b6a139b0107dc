/**
 * A plot as SVG text. Plot names its groups by `aria-label`, which only an element with a role may have: the figure
 * around the plot is what a screen reader reads.
 */
export const plotSvg = (plot: { readonly outerHTML: string }): string =>
  plot.outerHTML.replace(/(<g\b[^>]*?) aria-label="[^"]*"/g, '$1')
