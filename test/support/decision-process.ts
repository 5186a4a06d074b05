import { DecisionAgent } from './decision-agent.ts'

/** Kills itself at a step of the execution as a power cut would: `decision-process.ts <folder> <endpoint> <step>`. */
const [folder, endpoint, step] = process.argv.slice(2)
await DecisionAgent.start(folder, endpoint, (at) => {
  if (at === step) process.kill(process.pid, 'SIGKILL')
})
