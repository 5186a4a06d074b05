import type { Observable } from 'rxjs'

/** `operator`: a person has to decide. `incomplete`: values that belong to the part never came. `unusable`: no picture. */
export const partVerdicts = ['pass', 'fail', 'operator', 'incomplete', 'unusable'] as const
export type PartVerdict = (typeof partVerdicts)[number]

/** What a station concluded about one part. */
export interface InspectionEvent {
  readonly type: 'inspection'
  /** When the image was taken, ms since epoch. */
  readonly time: number
  readonly station: string
  /** Id of the part. */
  readonly part: string
  readonly verdict: PartVerdict
  /** Class, or `good` and `defect`; empty where the image could not be used. */
  readonly label: string
  /** Probability of the class, or the score of the detector; null where there is none. */
  readonly score: number | null
  readonly threshold: number | null
  /** Version of the model. */
  readonly model: string
  /** From the arrival of the image to the verdict. */
  readonly ms: number
  /** Measured values of the part, by name. */
  readonly values: Readonly<Record<string, number>>
  /** Why, in words; empty where the verdict says it. */
  readonly reason: string
  /** Path of the image that was kept. */
  readonly image?: string
}

/** What a model beside the one at work made of the image of a part, without effect on the verdict. */
export interface OpinionEvent {
  readonly type: 'opinion'
  /** When the image was taken, ms since epoch. */
  readonly time: number
  readonly station: string
  readonly part: string
  /** Versions of the model at work, and of the one beside it. */
  readonly models: readonly [active: string, rival: string]
  /** Which of the two would fail the part, by the image alone. */
  readonly fails: readonly [active: boolean, rival: boolean]
}

/** Somebody says what a part truly is, whatever the station said. */
export interface CorrectionEvent {
  readonly type: 'correction'
  /** When it was said, ms since epoch. */
  readonly time: number
  readonly station: string
  readonly part: string
  /** Time of the verdict that is meant, ms since epoch; absent: the newest on that part. */
  readonly of?: number
  /** What the part truly is. */
  readonly class: string
  readonly by: string
  readonly note?: string
  /** Path of the image that trainings learn from; absent where it is not there any more. */
  readonly image?: string
  /** What models made of that image when the correction came: label by version. */
  readonly answers?: Readonly<Record<string, string>>
}

/** An image of one part, as it came in. */
export interface ImageArrival {
  readonly image: Uint8Array
  /** Id of the part; where there is none, the station takes the time. */
  readonly part?: string
  /** When it was taken, ms since epoch. */
  readonly time: number
  /** Topic or file, for messages. */
  readonly subject: string
  /** Called once the verdict is stored, or the image was dropped and counted. */
  settled?(): void
}

/** Connects on subscribe, reconnects by itself, disconnects on unsubscribe. */
export interface ImageSource {
  images(): Observable<ImageArrival>
}
