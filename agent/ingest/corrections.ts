import type { CorrectionEvent } from '../core/index.ts'

/** What stations know of the parts they judged. */
export interface Corrections {
  /**
   * Looks up what a correction speaks of, and puts the image where trainings find it. Resolves with the event as it is to
   * be recorded, or with why it cannot be: there is no such station, part or class.
   */
  admit(event: CorrectionEvent): Promise<CorrectionEvent | string>
}
