export { checkStreamParts, type StreamPart } from './checkStreamParts';
export { installNodePort, type InstalledPort } from './installNodePort';
export { manualScheduler, type ManualScheduler } from './manualScheduler';
export { type NodePort, type NodePortOptions, openNodePort } from './nodePort';
export { beginTurn, finishLoading, modelInfo, modelState, scopeSummary, type ScriptedTurn } from './play';
export { type ScriptedPort, scriptedPort, type Sent } from './scriptedPort';
export { stayAlive } from './stayAlive';
