import type { Observable } from 'rxjs'

const valuesSuffix = '.values'

/** Name of the model of a station's measured values: in the registry, in records, topics and commands. */
export function valuesModel(station: string): string {
  return `${station}${valuesSuffix}`
}

/** The station of a model of that name; undefined where it is no model of measured values. */
export function stationOfValuesModel(name: string): string | undefined {
  return name.endsWith(valuesSuffix) ? name.slice(0, -valuesSuffix.length) : undefined
}

/** `operator`: a person has to decide. `incomplete`: values that belong to the part never came. `unusable`: no picture. */
export const partVerdicts = ['pass', 'fail', 'operator', 'incomplete', 'unusable'] as const
export type PartVerdict = (typeof partVerdicts)[number]

/** What the model of the measured values of a station made of a part. */
export interface MeasuredConclusion {
  /** The class of a model that tells classes; else `good` or `defect`. */
  readonly label: string
  /** Distance from good parts, or the probability of any defect; null where it has no opinion. */
  readonly score: number | null
  /** Scores above it fail. */
  readonly threshold: number
  /** Share of the score by value, 0 to 1, together 1, largest first. */
  readonly contributions: Readonly<Record<string, number>>
  /** Version of the model. */
  readonly model: string
}

/** What a station concluded about one part. */
export interface InspectionEvent {
  readonly type: 'inspection'
  /** When the image was taken, or the part came; ms since epoch. */
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
  /** Measured values of the part and features of its windows, by name. */
  readonly values: Readonly<Record<string, number>>
  /** Where the station has a model of them; what is above is then that of the image, where there is one. */
  readonly measured?: MeasuredConclusion
  /** Why, in words; empty where the verdict says it. */
  readonly reason: string
  /** Path at which the image is kept, a moment later. */
  readonly image?: string
}

/** What became of a signal to a PLC to reject a part, or to let one pass. */
export interface RejectEvent {
  readonly type: 'reject'
  /** When it was known, ms since epoch. */
  readonly time: number
  readonly station: string
  readonly part: string
  /** `done`: written and read back; `failed`: the part went past without it. */
  readonly outcome: 'done' | 'failed'
  /** How often it was tried. */
  readonly attempts: number
  /** From the verdict until it was known. */
  readonly ms: number
  /** Why it failed, in words; empty where it did not. */
  readonly detail: string
}

/** What a model beside the one at work made of a part, by its image or its values, without effect on the verdict. */
export interface OpinionEvent {
  readonly type: 'opinion'
  /** When the image was taken, or the part came; ms since epoch. */
  readonly time: number
  readonly station: string
  readonly part: string
  /** Versions of the model at work, and of the one beside it. */
  readonly models: readonly [active: string, rival: string]
  /** Which of the two would fail the part, by what it sees alone. */
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
  /** Whether all values of the part are known: trainings of the model of the values learn from them. */
  readonly measured?: boolean
  /** What models made of the part when somebody first said its class: label by version. */
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
  /** Why the far side could not send the image, in words; `image` is empty then. */
  readonly unsent?: string
  /** Why the source itself put the image aside, before anybody looked at it. */
  readonly refused?: { readonly reason: 'time' | 'oversized' | 'quarantined'; readonly detail: string }
  /** Called once: whether its verdict is stored. Where not, it was dropped and counted, or the station has stopped. */
  settled?(judged: boolean): void
}

/** What a station can take now. */
export interface ImageRoom {
  readonly images: number
  readonly bytes: number
}

/** Connects on subscribe, reconnects by itself, disconnects on unsubscribe. */
export interface ImageSource {
  /** `room`: a source that can leave images where they are takes no more than that. Absent: no bound. */
  images(room?: () => ImageRoom): Observable<ImageArrival>
}
