export { openvinoEngine } from './engine.ts'
export { INSTALL_OPENVINO, inspectOpenVino, type OpenVinoFacts, openOpenVino } from './open.ts'
