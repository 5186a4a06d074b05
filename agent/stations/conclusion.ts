import type { ImageProblem } from '../../models/inspection/decode.ts'
import type { ImageAnswer } from '../../models/inspection/inspector.ts'
import type { DeadLetter, ImageArrival, InspectionEvent, MeasuredConclusion } from '../core/index.ts'
import type { Ruling } from './rule.ts'
import type { Measured } from './values/values.ts'

/** What led to a verdict. */
export interface Conclusion {
  readonly ruling: Ruling
  readonly values: Measured
  readonly answer?: ImageAnswer
  readonly measured?: MeasuredConclusion
}

/** A verdict as it is recorded; what is told of the image is that of the values where the station has no `camera`. */
export function inspectionEvent(
  of: Pick<InspectionEvent, 'time' | 'station' | 'part' | 'ms' | 'image'>,
  { ruling, values, answer, measured }: Conclusion,
  camera: object | undefined,
): InspectionEvent {
  const by = camera ? answer : measured
  return {
    type: 'inspection',
    ...of,
    verdict: ruling.verdict,
    label: by?.label ?? '',
    score: by?.score ?? null,
    threshold: ruling.threshold,
    model: by?.model ?? '',
    values,
    reason: ruling.reason,
    ...(measured && { measured }),
  }
}

/** Bytes of an image that a dead letter shows. */
const shownBytes = 256

/** An image that cannot be used, put aside at `time`, ms since epoch. */
export function unusableLetter(
  { image, subject }: ImageArrival,
  { reason, detail }: ImageProblem,
  station: string,
  time: number,
): DeadLetter {
  return {
    time,
    origin: station,
    reason,
    detail,
    subject,
    rows: 1,
    payload: image.slice(0, shownBytes),
    size: image.length,
  }
}
