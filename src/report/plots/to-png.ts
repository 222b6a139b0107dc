import { createRequire } from 'node:module'
import { Resvg } from '@resvg/resvg-js'

const font = (file: string) => createRequire(import.meta.url).resolve(`@expo-google-fonts/inter/${file}`)

/**
 * Renders an SVG as a PNG at twice its size, so that it is sharp in print. It uses the font that is installed with this
 * package, so the image does not depend on system fonts.
 */
export function toPng(svg: string): Uint8Array {
  const image = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: 2 },
    font: {
      fontFiles: [font('400Regular/Inter_400Regular.ttf'), font('600SemiBold/Inter_600SemiBold.ttf')],
      loadSystemFonts: false,
      defaultFontFamily: 'Inter',
    },
  })
  return image.render().asPng()
}
