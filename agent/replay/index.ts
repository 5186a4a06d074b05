export { type Episode, Episodes, compareAlarms } from './alarm-difference.ts'
export { type JournalReplayOptions, replayJournal } from './journal-replay.ts'
export { type ReplaySummary, replay } from './replay.ts'
