import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** The pages of `spanforge serve` and of the training dashboard: plain files in dist/web, nothing loaded from elsewhere. */
export default defineConfig({
  root: at('.'),
  // Pages may stand behind a proxy, under any path.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: at('../dist/web'),
    emptyOutDir: true,
    target: 'es2022',
    rolldownOptions: { input: { playground: at('playground/index.html'), dashboard: at('dashboard/index.html') } },
  },
})
