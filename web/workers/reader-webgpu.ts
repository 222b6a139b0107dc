import * as ort from 'onnxruntime-web/webgpu'
import { startReader } from './reader.ts'

startReader(ort, 'webgpu')
