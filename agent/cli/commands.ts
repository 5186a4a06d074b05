import type { Command } from 'commander'

/** A command's line in the help, and what makes it. */
interface Entry {
  readonly says: string
  readonly load: () => Promise<Command>
}

/**
 * Every command by name, in the order of the help: first steps, every day, looking closer, keeping. A command's own file is
 * loaded when it is called: a help text need not load the whole agent.
 */
export const commands: Readonly<Record<string, Entry>> = {
  demo: {
    says: 'Run the agent on a simulated plant: nothing to install, no network.',
    load: async () => (await import('./demo.ts')).demo(),
  },
  init: {
    says: 'Make a configuration from what an OPC UA server, an MQTT broker or CSV files hold: tags, machines, monitors.',
    load: async () => (await import('./init.ts')).init(),
  },
  check: {
    says: 'Check a configuration: lists every problem with its line; connects to nothing but with --connect.',
    load: async () => (await import('./check.ts')).check(),
  },
  test: {
    says: 'Connect everything in a configuration and print live values. Stores nothing, writes to no sink.',
    load: async () => (await import('./test.ts')).test(),
  },
  run: { says: 'Run the agent.', load: async () => (await import('./run.ts')).run() },
  status: {
    says: 'Say how the running agent is: connections, alarms, machines, journal, ledger.',
    load: async () => (await import('./status.ts')).status(),
  },
  top: {
    says: 'Show the running agent live: what needs attention first. Keys: q ends, p pauses.',
    load: async () => (await import('./top.ts')).top(),
  },
  alarms: {
    says: 'Alarms of the running agent: list, acknowledge, shelve.',
    load: async () => (await import('./alarms.ts')).alarms(),
  },
  actions: {
    says: 'Actions of the running agent: list, approve, refuse, stop all.',
    load: async () => (await import('./actions.ts')).actions(),
  },
  doctor: {
    says: 'Look for what is wrong with machine, connections, stations and agent; each finding with its remedy.',
    load: async () => (await import('./doctor.ts')).doctor(),
  },
  'dead-letters': {
    says: 'What the running agent could not use or deliver: list, show, send again, drop.',
    load: async () => (await import('./dead-letters.ts')).deadLetters(),
  },
  trust: {
    says: 'Certificates of OPC UA servers: list, approve, revoke.',
    load: async () => (await import('./trust.ts')).trust(),
  },
  token: {
    says: 'Give out, list and take back tokens of people and programs; who is logged in.',
    load: async () => (await import('./token.ts')).token(),
  },
  tags: {
    says: 'Tags of the running agent: give one another type.',
    load: async () => (await import('./tags.ts')).tags(),
  },
  models: {
    says: 'Models of the monitors and stations: versions, reports, promotion, rollback, export and import.',
    load: async () => (await import('./models.ts')).models(),
  },
  label: {
    says: 'Tell the agent what you know of a machine or part: failures, service, faults, measured values, false alarms, verdicts.',
    load: async () => (await import('./label.ts')).label(),
  },
  train: {
    says: 'Train a model and register it; `millwright models promote` puts it to work.',
    load: async () => (await import('./train.ts')).train(),
  },
  replay: {
    says: 'Run the pipeline over a CSV file or the journal, as fast as the machine goes; compare two ways of it.',
    load: async () => (await import('./replay.ts')).replayCommand(),
  },
  inspect: {
    says: 'Judge a folder of images, or a table of measured values, as a station would, into a CSV file.',
    load: async () => (await import('./inspect.ts')).inspectCommand(),
  },
  journal: {
    says: 'Look into the journal, also while the agent writes it: stats, export, verify.',
    load: async () => (await import('./journal.ts')).journal(),
  },
  backup: {
    says: 'Copy the data folder into one file, also while the agent runs: journal, models, keys, token.',
    load: async () => (await import('./backup.ts')).backup(),
  },
  restore: {
    says: 'Make the data folder from a backup. The agent must be stopped.',
    load: async () => (await import('./backup.ts')).restore(),
  },
  schema: {
    says: 'Print the JSON Schema of the configuration, for editors.',
    load: async () => (await import('./schema.ts')).schemaCommand(),
  },
  completion: {
    says: 'Print a completion script for a shell.',
    load: async () => (await import('./completion.ts')).completion(),
  },
  version: {
    says: 'Print the versions of agent, Node.js, system and libraries.',
    load: async () => (await import('./version.ts')).versionCommand(),
  },
}
