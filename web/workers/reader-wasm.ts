import * as ort from 'onnxruntime-web/wasm'
import { startReader } from './reader.ts'

startReader(ort, 'wasm')
