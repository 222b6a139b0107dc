import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Builds the pages of `spanforge serve`, `spanforge annotate`, the dashboard and exported sites as static files in dist/web without external resources. */
export default defineConfig({
  root: at('.'),
  // Pages can be served behind a proxy under any path.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: at('../dist/web'),
    emptyOutDir: true,
    target: 'es2022',
    // The export of a site copies only the files of its page.
    manifest: true,
    rolldownOptions: {
      input: {
        playground: at('playground/index.html'),
        dashboard: at('dashboard/index.html'),
        site: at('site/index.html'),
        annotate: at('annotate/index.html'),
      },
    },
  },
})
