import { deflateRawSync } from 'node:zlib'

export interface ZipFile {
  readonly name: string
  readonly content: Uint8Array
  /** The size stated in the archive (default: the actual size). */
  readonly declared?: number
}

/** Creates a zip archive of deflated files. */
export function zipOf(files: readonly ZipFile[]): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, content, declared = content.length } of files) {
    const packed = deflateRawSync(content)
    const header = (signature: number, size: number) => {
      const bytes = Buffer.alloc(size)
      bytes.writeUInt32LE(signature, 0)
      const at = size === 30 ? 6 : 8
      bytes.writeUInt16LE(8, at + 2)
      bytes.writeUInt32LE(packed.length, at + 12)
      bytes.writeUInt32LE(declared, at + 16)
      bytes.writeUInt16LE(name.length, at + 20)
      if (size === 46) bytes.writeUInt32LE(offset, 42)
      return Buffer.concat([bytes, Buffer.from(name)])
    }
    const local = Buffer.concat([header(0x04034b50, 30), packed])
    directory.push(header(0x02014b50, 46))
    locals.push(local)
    offset += local.length
  }
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(files.length, 8)
  end.writeUInt16LE(files.length, 10)
  end.writeUInt32LE(Buffer.concat(directory).length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, ...directory, end])
}
