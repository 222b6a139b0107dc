import * as ort from 'onnxruntime-web/webgpu'
import { startGate } from './gate.ts'

startGate(ort, 'webgpu')
