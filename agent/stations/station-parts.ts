import type { ImageAnswer } from '../../models/inspection/inspector.ts'
import type { Studio } from '../../models/inspection/studio/studio.ts'
import type {
  Clock,
  DeadLetter,
  ImageSource,
  InspectionEvent,
  Logger,
  Metrics,
  OpinionEvent,
  TagTable,
} from '../core/index.ts'
import type { StationSettings } from '../settings/index.ts'
import type { RejectSignal } from './reject/reject.ts'
import type { Opened } from './values/values.ts'

/** What a station gets to work with. */
export interface StationParts {
  readonly name: string
  readonly settings: StationSettings
  /** Absent: parts are judged by what is measured of them. */
  readonly source?: ImageSource
  /** Whether a part of a station without images was judged before this start. */
  judgedBefore?(part: Opened): boolean
  readonly tags: TagTable
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  /** Folder of the images that are kept, and of those that people said the class of. */
  readonly folder: string
  /** Takes metadata and faces out of images that are stored. */
  readonly strip: Studio['strip']
  /** Stores a verdict, with the model's answer that led to it, or an opinion; resolves when it is on disk. */
  readonly record: (event: InspectionEvent | OpinionEvent, answer?: ImageAnswer) => Promise<void>
  /** The verdict on a part that is not remembered any more; absent where nobody knows it. */
  readonly recall?: (part: string, time?: number) => Promise<InspectionEvent | undefined>
  /** Tells a PLC which parts to reject. */
  readonly signal?: Pick<RejectSignal, 'decided'>
  /** Puts an image aside that cannot be used. */
  reject(letter: DeadLetter): Promise<void>
}

/** What a station has done since it started. */
export interface StationCounts {
  readonly received: number
  readonly judged: number
  /** Images that did not fit the queue. */
  readonly dropped: number
  readonly unusable: number
  /** Part ids that came again while remembered. */
  readonly repeated: number
}
