import * as ort from 'onnxruntime-web/wasm'
import { startGate } from './gate.ts'

startGate(ort, 'wasm')
